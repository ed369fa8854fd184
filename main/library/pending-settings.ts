/** Settings that wait for a machine's next power-on. They stand in machine.json beside those of the present. */
import type {
  DriveSpec,
  MachinePatch,
  MachineSettings,
  MachineSpec,
  PendingSettings,
} from '../../core/contract/machine-spec.ts'

/** What waits when `patch` was asked for and `later` of it cannot be had at once: what was asked for before and not again, stays. */
export function addPending(spec: MachineSpec, patch: MachinePatch, later: MachinePatch): PendingSettings | null {
  const kept = Object.entries(spec.pending?.settings ?? {}).filter(
    ([key]) => patch[key as keyof MachinePatch] === undefined,
  )
  const settings = { ...Object.fromEntries(kept), ...later }
  return Object.keys(settings).length > 0 ? { settings } : null
}

/** The machine with what waited. */
export function applyPending(spec: MachineSpec): MachineSpec {
  if (!spec.pending) return spec
  return { ...spec, ...withoutAbsent(spec.pending.settings), pending: null }
}

/** A patch's optional keys may be there as undefined, which means absent. */
export function withoutAbsent(patch: MachinePatch): Partial<MachineSettings> {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined))
}

/**
 * `after` with drives that wait following those of the present: a snapshot puts another file into a drive, and so does a medium
 * that is inserted, and neither may be undone at the next power-on.
 */
export function followDrives(before: MachineSpec, after: MachineSpec): MachineSpec {
  const waiting = after.pending?.settings.drives
  if (!waiting || before.drives === after.drives) return after
  const follow = (drive: DriveSpec): DriveSpec => {
    const old = before.drives.find(
      ({ slot, file }) => (file === null ? slot === drive.slot : true) && file === drive.file,
    )
    const present = old && after.drives.find(({ slot }) => slot === old.slot)
    return present ? { ...drive, file: present.file } : drive
  }
  return { ...after, pending: { settings: { ...after.pending?.settings, drives: waiting.map(follow) } } }
}
