/** Which templates the gallery shows, and what stands on their tiles. */
import { TEMPLATE_FAMILIES, type Template, type TemplateFamily } from '../../../core/contract/template.ts'

export type FamilyFilter = TemplateFamily | 'all'

/** Templates of a family whose name, summary or years have every word of `search`. */
export function filterTemplates(
  templates: readonly Template[],
  family: FamilyFilter,
  search: string,
): readonly Template[] {
  const words = search.toLocaleLowerCase().split(/\s+/)
  return templates.filter((template) => {
    if (family !== 'all' && template.family !== family) return false
    const { name, id, summary, years } = template
    const text = `${name} ${id} ${summary} ${years.first} ${years.last ?? ''}`.toLocaleLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** Families that have a template, with "all" before them. */
export function familiesOf(templates: readonly Template[]): readonly FamilyFilter[] {
  return ['all', ...TEMPLATE_FAMILIES.filter((family) => templates.some((template) => template.family === family))]
}

/** What a system is called in four letters: "98", "NT 4", "XP", "Fr". */
export function monogram(name: string): string {
  const words = name.split(/[\s,/-]+/).filter((word) => word !== '')
  const last = words.at(-1) ?? ''
  const before = words.at(-2) ?? ''
  if (/^[A-Z]{2}$/.test(before) && /^\d/.test(last)) return `${before} ${last.charAt(0)}`
  if (words.length > 1 && last.length <= 4 && /[\dA-Z]/.test(last)) return last
  const capitals = name.replaceAll(/[^A-Z]/g, '')
  return capitals.length >= 2 && capitals.length <= 4 ? capitals : name.slice(0, 2)
}
