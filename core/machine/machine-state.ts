/**
 * A machine's saved state without its memory: one record for each part, in a state file. Memory (ROM area, video memory, RAM)
 * is saved beside it, and must be in place before `restoreMachine` is called.
 */
import { AppError } from '../base/errors.ts'
import { parseWith, z } from '../base/schema.ts'
import type { PciBus } from '../bus/pci-bus.ts'
import type { Cpu } from '../cpu/exec/cpu.ts'
import { CPU_FORMAT, restoreCpu, saveCpu } from '../cpu/state/cpu-record.ts'
import type { Device } from '../devices/device.ts'
import { type StateFormat, StateReader, StateWriter } from '../state/state-reader.ts'
import type { StateRecord } from '../state/state-value.ts'
import type { Drives } from './drives.ts'
import type { InstalledFirmware } from './firmware-installation.ts'
import type { GuestClock } from './guest-clock.ts'
import type { MachineConfig } from './machine.ts'
import type { RunLoop } from './run-loop.ts'

/** A chip of the machine. `last`: it is restored after all others, because they drive its inputs. */
export interface InstalledDevice {
  readonly name: string
  readonly format: StateFormat
  readonly device: Device
  readonly last: boolean
}

export interface MachineParts {
  readonly config: MachineConfig
  readonly cpu: Cpu
  readonly clock: GuestClock
  readonly pci: PciBus
  readonly loop: RunLoop
  readonly drives: Drives
  readonly firmware: InstalledFirmware
  readonly devices: readonly InstalledDevice[]
  /** The coprocessor's error signal (FERR#), which no chip holds. */
  readonly numericError: { level: boolean }
}

const SECTION = {
  machine: 'machine',
  cpu: 'cpu',
  clock: 'clock',
  loop: 'run-loop',
  drives: 'drives',
  firmware: 'firmware',
}
const DEVICE_PREFIX = 'device/'
const FIRST: StateFormat = { version: 1 }

const machineSchema = z.strictObject({
  memoryMib: z.int(),
  videoMemoryMib: z.int(),
  cpuProfile: z.string(),
  /** Other people's ROM images instead of ours. */
  externalFirmware: z.boolean(),
  pciAddress: z.int(),
  numericError: z.boolean(),
})

const drivesSchema = z.strictObject({
  drives: z.array(
    z.strictObject({
      slot: z.string(),
      kind: z.string(),
      /** Of its medium; null without one. */
      sectors: z.number().nullable(),
      changes: z.int().nonnegative(),
    }),
  ),
})

/** Whether a state can be taken between the present slices. */
export function canSave({ firmware }: MachineParts): boolean {
  return firmware.quiescent
}

/** The state file. Throws `vm/invalid-state` in the middle of a firmware service. */
export function saveMachine(parts: MachineParts): Uint8Array<ArrayBuffer> {
  if (!canSave(parts)) throw new AppError('vm/invalid-state', 'The machine is in the middle of a firmware service')
  const { config } = parts
  const writer = new StateWriter()
  writer.add(SECTION.machine, FIRST, {
    memoryMib: config.memoryMib,
    videoMemoryMib: config.videoMemoryMib,
    cpuProfile: config.cpuProfile,
    externalFirmware: config.firmware !== undefined,
    pciAddress: parts.pci.address,
    numericError: parts.numericError.level,
  })
  writer.add(SECTION.cpu, CPU_FORMAT, saveCpu(parts.cpu))
  writer.add(SECTION.clock, FIRST, parts.clock.save())
  writer.add(SECTION.loop, FIRST, parts.loop.save())
  writer.add(SECTION.firmware, FIRST, parts.firmware.save())
  writer.add(SECTION.drives, FIRST, saveDrives(parts.drives))
  for (const { name, format, device } of parts.devices) writer.add(DEVICE_PREFIX + name, format, device.save())
  return writer.finish()
}

/**
 * Brings the machine into the state of `file`. Throws `state/corrupt`, `state/newer-version`, or `vm/invalid-state` for the
 * state of another kind of machine; the machine is of no use then.
 */
export function restoreMachine(parts: MachineParts, file: Uint8Array): void {
  const reader = new StateReader(file)
  const taken = new Map<string, StateRecord>()
  for (const [name, format] of formatsOf(parts)) {
    // A chip that machines did not have when the state was saved stays as at power-on.
    if (name.startsWith(DEVICE_PREFIX) && !reader.has(name)) continue
    taken.set(name, reader.take(name, format))
  }
  const extra = reader.names.find((name) => name.startsWith(DEVICE_PREFIX))
  if (extra)
    throw new AppError(
      'vm/invalid-state',
      `The saved state has a device ${extra.slice(DEVICE_PREFIX.length)} that this machine has not`,
      { context: { device: extra.slice(DEVICE_PREFIX.length) } },
    )
  reader.finish()
  try {
    apply(parts, (name) => taken.get(name))
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError('state/corrupt', 'The saved state is damaged: a record does not hold what it should', { cause })
  }
}

function formatsOf({ devices }: MachineParts): [string, StateFormat][] {
  return [
    [SECTION.machine, FIRST],
    [SECTION.cpu, CPU_FORMAT],
    [SECTION.clock, FIRST],
    [SECTION.loop, FIRST],
    [SECTION.firmware, FIRST],
    [SECTION.drives, FIRST],
    ...devices.map(({ name, format }): [string, StateFormat] => [DEVICE_PREFIX + name, format]),
  ]
}

function apply(parts: MachineParts, record: (name: string) => StateRecord | undefined): void {
  const required = (name: string) => record(name) as StateRecord
  const { pciAddress, numericError } = checkMachine(parts.config, required(SECTION.machine))
  const reinserted = restoreDrives(parts.drives, required(SECTION.drives))
  // Instructions are counted before the clock that follows them.
  restoreCpu(parts.cpu, required(SECTION.cpu))
  parts.clock.restore(required(SECTION.clock))
  for (const { name, device } of parts.devices.toSorted((a, b) => Number(a.last) - Number(b.last))) {
    const saved = record(DEVICE_PREFIX + name)
    if (saved) device.restore(saved)
  }
  parts.pci.address = pciAddress
  parts.numericError.level = numericError
  parts.firmware.restore(required(SECTION.firmware))
  parts.loop.restore(required(SECTION.loop))
  for (const drive of reinserted) parts.drives.tellChange(drive)
  // The chips have laid their windows anew.
  parts.cpu.resume(parts.cpu.counters)
}

function checkMachine(config: MachineConfig, record: StateRecord): z.infer<typeof machineSchema> {
  const saved = parseWith(machineSchema, record, 'State of the machine', 'state/corrupt')
  const differs = (what: string, then: number | string, now: number | string) => {
    if (then !== now)
      throw new AppError('vm/invalid-state', `The saved state is of a machine with ${what} ${then}, not ${now}`, {
        context: { then, now },
      })
  }
  differs('memory (MiB)', saved.memoryMib, config.memoryMib)
  differs('video memory (MiB)', saved.videoMemoryMib, config.videoMemoryMib)
  differs('processor', saved.cpuProfile, config.cpuProfile)
  const firmware = (external: boolean) => (external ? 'external' : 'vitrine')
  differs('firmware', firmware(saved.externalFirmware), firmware(config.firmware !== undefined))
  return saved
}

function saveDrives({ all }: Drives): StateRecord {
  return {
    drives: all.map(({ slot, kind, medium, changes }) => ({ slot, kind, sectors: medium?.sectors ?? null, changes })),
  }
}

/** Returns the drives whose medium is another than it was, of which the guest must be told. */
function restoreDrives(drives: Drives, record: StateRecord): Drives['all'][number][] {
  const saved = parseWith(drivesSchema, record, 'State of the drives', 'state/corrupt').drives
  const mismatch = (slot: string, why: string) =>
    new AppError('vm/invalid-state', `The saved state does not fit the drive ${slot}: ${why}`, { context: { slot } })
  if (saved.length !== drives.all.length)
    throw new AppError('vm/invalid-state', `The saved state is of a machine with ${saved.length} drives`)
  const changed: Drives['all'][number][] = []
  for (const { slot, kind, sectors, changes } of saved) {
    const drive = drives.all.find((candidate) => candidate.slot === slot)
    if (!drive) throw mismatch(slot, 'there is none')
    if (drive.kind !== kind) throw mismatch(slot, `it was a ${kind}`)
    drive.changes = changes
    if (sectors === (drive.medium?.sectors ?? null)) continue
    if (kind === 'disk') throw mismatch(slot, `its disk had ${sectors} sectors and has ${drive.medium?.sectors}`)
    changed.push(drive)
  }
  return changed
}
