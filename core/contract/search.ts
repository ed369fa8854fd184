/** Search over the library: every word has to be found somewhere on the card. The window and the command line share it. */
import type { Card } from './machine-card.ts'

/** Name of a template by its id; undefined for one that is not known. */
export type TemplateNames = (template: string) => string | undefined

/** Words by which people look for what a drive or port is. */
const DEVICE_WORDS: Readonly<Record<string, string>> = {
  floppy: 'floppy drive',
  disk: 'hard disk',
  cdrom: 'cd drive cd-rom',
  terminal: 'serial port',
  file: 'serial port file',
  tcp: 'serial port tcp',
  pipe: 'serial port pipe socket',
}

/**
 * Whether a card has all words of `query`, case and accents aside: in its name, group, tags, notes, template, state, processor, drives
 * and their media, serial ports. `tag:` and `group:` before a word look there alone. An empty query is found everywhere.
 */
export function matchesSearch(card: Card, query: string, templateNames: TemplateNames): boolean {
  const words = plain(query).split(/\s+/).filter(Boolean)
  if (words.length === 0) return true
  const everything = plain(textOf(card, templateNames))
  const tags = card.kind === 'machine' ? card.spec.tags.map(plain) : []
  const group = card.kind === 'machine' ? plain(card.spec.group) : ''
  return words.every((word) => {
    if (word.startsWith('tag:')) return tags.some((tag) => tag.startsWith(word.slice(4)))
    if (word.startsWith('group:')) return group.includes(word.slice(6))
    return everything.includes(word)
  })
}

/** Without case and accents. */
function plain(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase().replaceAll('ß', 'ss')
}

function textOf(card: Card, templateNames: TemplateNames): string {
  if (card.kind === 'broken') return [card.folder, 'broken', card.error.message].join('\n')
  const { spec, state, folder } = card
  return [
    spec.name,
    folder,
    spec.group,
    ...spec.tags,
    spec.notes,
    spec.template,
    templateNames(spec.template) ?? '',
    state,
    spec.cpu.profile,
    `${spec.memoryMib} MiB`,
    ...spec.drives.flatMap(({ slot, kind, file }) => [slot, DEVICE_WORDS[kind] ?? kind, file ?? 'empty']),
    ...spec.serialPorts.flatMap(({ port, kind, file, address }) => [
      `com${port}`,
      DEVICE_WORDS[kind] ?? kind,
      file ?? '',
      address ?? '',
    ]),
    spec.boot.kernel?.file ?? '',
  ].join('\n')
}
