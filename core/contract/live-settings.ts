/**
 * Which settings of a running machine change at once, and which wait for its next power-on. Pure, so that the window can say it
 * before anything is saved.
 */
import type { DriveSpec, MachinePatch, MachineSpec } from './machine-spec.ts'

/** Settings that change at once whatever the machine does, by their place in machine.json. */
export const LIVE_SETTINGS = [
  'name',
  'template',
  'notes',
  'tags',
  'group',
  'snapshots',
  'keyboardLayout',
  'cpu.limitMips',
  'cpu.capPercent',
  'clock.resume',
  'drives.file',
  'drives.writeProtected',
  'serialPorts.kind',
  'serialPorts.file',
  'serialPorts.address',
  'serialPorts.listens',
] as const

const LIVE_KEYS: ReadonlySet<string> = new Set(LIVE_SETTINGS.filter((path) => !path.includes('.')))

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

/** Keys of objects in one order, so that equal settings have equal text. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}

/** A patch in two parts: what a running machine takes at once, and what it takes at its next power-on. */
export interface SplitPatch {
  readonly now: MachinePatch
  readonly later: MachinePatch
}

/** Splits `patch` for a machine that runs, or has a saved state, with `spec`. A key may be in both parts. */
export function splitPatch(spec: MachineSpec, patch: MachinePatch): SplitPatch {
  const now: Record<string, unknown> = {}
  const later: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined) continue
    if (LIVE_KEYS.has(key) || same(value, spec[key as keyof MachineSpec])) now[key] = value
    else {
      const live = livePart(spec, key, value)
      if (live !== undefined) now[key] = live
      if (!same(live, value)) later[key] = value
    }
  }
  return { now, later }
}

/** The value of a setting of which only parts may change, with those parts changed. */
function livePart(spec: MachineSpec, key: string, value: unknown): unknown {
  if (key === 'cpu') return { ...(value as MachineSpec['cpu']), profile: spec.cpu.profile }
  if (key === 'clock') return { ...spec.clock, resume: (value as MachineSpec['clock']).resume }
  if (key === 'serialPorts') return samePorts(spec, value as MachineSpec['serialPorts']) ? value : undefined
  if (key === 'drives') return onlyMedia(spec.drives, value as readonly DriveSpec[]) ? value : undefined
  return undefined
}

function samePorts(spec: MachineSpec, ports: MachineSpec['serialPorts']): boolean {
  const numbers = (list: MachineSpec['serialPorts']) => list.map(({ port }) => port).toSorted()
  return same(numbers(spec.serialPorts), numbers(ports))
}

/** Whether the drives differ in nothing but the media of floppy and CD drives. */
function onlyMedia(before: readonly DriveSpec[], after: readonly DriveSpec[]): boolean {
  const fixed = (drives: readonly DriveSpec[]) =>
    drives
      .map((drive) => (drive.kind === 'disk' ? drive : { ...drive, file: null, writeProtected: false }))
      .toSorted((a, b) => (a.slot < b.slot ? -1 : 1))
  return same(fixed(before), fixed(after))
}
