/** Where each setting stands on the form. What no section names, because it is new, stands in the last one. */
import { settingPaths } from './schema-field.ts'

export const SECTION_IDS = [
  'general',
  'processor',
  'start',
  'drives',
  'devices',
  'clock',
  'snapshots',
  'other',
] as const
export type SectionId = (typeof SECTION_IDS)[number]

/** Settings that the form edits with more than one field of their own kind. */
export const SPECIAL = [
  'name',
  'notes',
  'group',
  'tags',
  'memoryMib',
  'cpu.limitMips',
  'cpu.capPercent',
  'display.videoMemoryMib',
  'boot.order',
  'boot.kernel',
  'firmware',
  'drives',
  'serialPorts',
] as const

/** No choice of the user's: what it was made from, and what the machine does not have. */
const HIDDEN: readonly string[] = ['template', 'networkAdapters']

const PLACED: Readonly<Partial<Record<SectionId, readonly string[]>>> = {
  processor: ['cpu.profile'],
  start: ['boot.menu', 'boot.menuWaitMs'],
  devices: ['keyboardLayout', 'acpi'],
  clock: ['clock.rtc', 'clock.resume', 'clock.source'],
  snapshots: ['snapshots.beforeStart', 'snapshots.everyMinutes', 'snapshots.keep'],
}

/** The plain fields of a section, in order. */
export function fieldsOf(section: SectionId): readonly string[] {
  if (section !== 'other') return PLACED[section] ?? []
  const known: readonly string[] = [...Object.values(PLACED).flat(), ...SPECIAL, ...HIDDEN]
  return settingPaths().filter((path) => !known.includes(path))
}

/** Sections that have something to show. */
export function shownSections(): readonly SectionId[] {
  return SECTION_IDS.filter((id) => id !== 'other' || fieldsOf('other').length > 0)
}
