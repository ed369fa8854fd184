/** The library in sections: what needs attention, the groups, and what stands in none. */
import type { BrokenCard, Card, MachineCard } from '../../../core/contract/machine-card.ts'

export interface LibrarySection {
  /** Names from the outermost, with "/" between; "" is outside of all groups. */
  readonly group: string
  readonly cards: readonly MachineCard[]
}

export interface LibrarySections {
  readonly broken: readonly BrokenCard[]
  readonly sections: readonly LibrarySection[]
}

const { compare } = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

export function compareNames(a: string, b: string): number {
  return compare(a, b)
}

/** `cards` in order of their names, by group; groups by name, and what stands in none at the end. */
export function librarySections(cards: readonly Card[]): LibrarySections {
  const broken: BrokenCard[] = []
  const groups = new Map<string, MachineCard[]>()
  for (const card of cards) {
    if (card.kind === 'broken') broken.push(card)
    else {
      const group = groups.get(card.spec.group)
      if (group) group.push(card)
      else groups.set(card.spec.group, [card])
    }
  }
  const names = [...groups.keys()].filter((name) => name !== '').toSorted(compareNames)
  if (groups.has('')) names.push('')
  return { broken, sections: names.map((group) => ({ group, cards: groups.get(group) ?? [] })) }
}

/** Groups and those around them, by name. */
export function groupNames(cards: readonly MachineCard[]): readonly string[] {
  const names = new Set<string>()
  for (const { spec } of cards) {
    const parts = spec.group.split('/')
    for (let length = 1; length <= parts.length; length++) names.add(parts.slice(0, length).join('/'))
  }
  names.delete('')
  return [...names].toSorted(compareNames)
}

/** A name for a group that is not taken. */
export function freeGroupName(wanted: string, taken: readonly string[]): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted} ${number}`
    if (!taken.includes(name)) return name
  }
}

/** The group of a machine when `from` is called `to`: groups inside it go along. */
export function renamedGroup(group: string, from: string, to: string): string {
  if (group === from) return to
  return group.startsWith(`${from}/`) ? `${to}${group.slice(from.length)}`.replace(/^\//, '') : group
}

/** Whether `name` may be a group: names with "/" between, or nothing. */
export function isGroupName(name: string): boolean {
  return name.length <= 200 && /^(?:[^/\p{Cc}]+(?:\/[^/\p{Cc}]+)*)?$/u.test(name)
}

/** Tags with the number of machines that have them, the most frequent first. */
export function tagCounts(cards: readonly MachineCard[]): readonly (readonly [tag: string, count: number])[] {
  const counts = new Map<string, number>()
  for (const { spec } of cards) for (const tag of spec.tags) counts.set(tag, (counts.get(tag) ?? 0) + 1)
  return [...counts].toSorted((a, b) => b[1] - a[1] || compareNames(a[0], b[0]))
}
