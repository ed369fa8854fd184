/** The settings of one machine while they are edited: a draft, what differs from what is saved, and saving it. */
import { splitPatch } from '../../../core/contract/live-settings.ts'
import {
  BOOT_DEVICES,
  type BootDevice,
  DRIVE_SLOTS,
  type DriveKind,
  type DriveSlot,
  type DriveSpec,
  type MachinePatch,
  type MachineSpec,
  type SerialPortSpec,
} from '../../../core/contract/machine-spec.ts'
import { errorText } from '../../strings/error-text.ts'
import { splitTags } from '../library/split-tags.ts'

/** Keys that the form edits; the others stay as they are. */
const KEYS = [
  'name',
  'notes',
  'group',
  'tags',
  'memoryMib',
  'cpu',
  'clock',
  'boot',
  'firmware',
  'acpi',
  'drives',
  'display',
  'serialPorts',
  'keyboardLayout',
  'snapshots',
] as const satisfies readonly (keyof MachineSpec & keyof MachinePatch)[]

/** What a running machine takes without a click on Save, as soon as it is moved. */
const AT_ONCE: readonly (keyof MachinePatch)[] = ['cpu', 'clock', 'keyboardLayout']

type Tree = Record<string, unknown>

/** The settings that the next power-on will find: those of the present, with what waits for it. */
function withPending(spec: MachineSpec): MachineSpec {
  return spec.pending ? ({ ...spec, ...spec.pending.settings } as MachineSpec) : spec
}

/** A copy without any proxy: specs are plain JSON. */
function copyOf(spec: MachineSpec): MachineSpec {
  return JSON.parse(JSON.stringify(spec)) as MachineSpec
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function valueAt(spec: MachineSpec, path: string): unknown {
  return path.split('.').reduce<unknown>((tree, key) => (tree as Tree)[key], spec)
}

export class SettingsForm {
  draft: MachineSpec
  saved: MachineSpec
  error = $state('')
  saving = $state(false)

  /** As the machine is now. */
  #spec: MachineSpec

  constructor(spec: MachineSpec) {
    this.#spec = $state.raw(spec)
    this.saved = $state.raw(withPending(spec))
    this.draft = $state(copyOf(this.saved))
  }

  /** What has been changed and can be had at once while the machine runs. */
  get patchAtOnce(): MachinePatch {
    const { now } = splitPatch(this.#spec, this.patch)
    return Object.fromEntries(
      AT_ONCE.flatMap((key) => (now[key] === undefined || isSame(now[key], this.#spec[key]) ? [] : [[key, now[key]]])),
    )
  }

  /** Whether the setting at `path` waits for the next power-on. */
  waits(path: string): boolean {
    const { pending } = this.#spec
    if (!pending) return false
    const [key = ''] = path.split('.')
    if (!Object.hasOwn(pending.settings, key)) return false
    return !isSame(valueAt(this.saved, path), valueAt(this.#spec, path))
  }

  /** What has been changed, by top-level key. */
  get patch(): MachinePatch {
    const changed = KEYS.filter((key) => !isSame(this.draft[key], this.saved[key]))
    const plain = copyOf(this.draft)
    return Object.fromEntries(changed.map((key) => [key, plain[key]]))
  }

  get isDirty(): boolean {
    return Object.keys(this.patch).length > 0
  }

  /** Takes what somebody else has saved, unless that is being edited here. */
  follow(present: MachineSpec): void {
    if (present === this.#spec) return
    this.#spec = present
    const spec = withPending(present)
    for (const key of KEYS) {
      if (isSame(spec[key], this.saved[key]) || !isSame(this.draft[key], this.saved[key])) continue
      ;(this.draft as unknown as Tree)[key] = copyOf(spec)[key]
    }
    this.saved = spec
  }

  revert(): void {
    this.draft = copyOf(this.saved)
    this.error = ''
  }

  /** Saves with `update`; true when it was done. What the host objects to stands in `error`. */
  async save(update: (patch: MachinePatch) => Promise<{ spec: MachineSpec }>): Promise<boolean> {
    this.saving = true
    this.error = ''
    try {
      const { spec } = await update(this.patch)
      this.#spec = spec
      this.saved = withPending(spec)
      this.draft = copyOf(this.saved)
      return true
    } catch (error) {
      this.error = errorText(error).whole
      return false
    } finally {
      this.saving = false
    }
  }

  /** The value at `path` ("cpu.profile"). */
  value(path: string): unknown {
    return valueAt(this.draft, path)
  }

  setValue(path: string, value: unknown): void {
    const keys = path.split('.')
    const last = keys.pop() ?? ''
    const tree = keys.reduce<Tree>((parent, key) => parent[key] as Tree, this.draft as unknown as Tree)
    tree[last] = value
  }

  moveBootDevice(index: number, by: -1 | 1): void {
    const { order } = this.draft.boot
    const other = index + by
    const [a, b] = [order[index], order[other]]
    if (a === undefined || b === undefined) return
    order[index] = b
    order[other] = a
  }

  /** Puts a boot device into the order or takes it out; the last one stays. */
  toggleBootDevice(device: BootDevice): void {
    const { order } = this.draft.boot
    const index = order.indexOf(device)
    if (index < 0) order.push(device)
    else if (order.length > 1) order.splice(index, 1)
  }

  get unusedBootDevices(): readonly BootDevice[] {
    return BOOT_DEVICES.filter((device) => !this.draft.boot.order.includes(device))
  }

  /** Slots that are free for a drive of `kind`. */
  freeSlots(kind: DriveKind): readonly DriveSlot[] {
    const used = this.draft.drives.map(({ slot }) => slot)
    return DRIVE_SLOTS.filter((slot) => slot.startsWith('f') === (kind === 'floppy') && !used.includes(slot))
  }

  addDrive(kind: DriveKind): void {
    const slot = this.freeSlots(kind)[0]
    if (!slot) return
    const drive: DriveSpec = {
      slot,
      kind,
      file: kind === 'disk' ? '' : null,
      writeProtected: false,
      discardWrites: false,
    }
    const drives = [...this.draft.drives, drive]
    this.draft.drives = drives.toSorted((a, b) => DRIVE_SLOTS.indexOf(a.slot) - DRIVE_SLOTS.indexOf(b.slot))
  }

  removeDrive(slot: DriveSlot): void {
    this.draft.drives = this.draft.drives.filter((drive) => drive.slot !== slot)
  }

  /** An empty path is an empty drive. */
  setDriveFile(slot: DriveSlot, path: string): void {
    const drive = this.draft.drives.find((candidate) => candidate.slot === slot)
    if (drive) drive.file = path === '' && drive.kind !== 'disk' ? null : path
  }

  /** Tags from a list with commas; each once. */
  setTags(text: string): void {
    this.draft.tags = splitTags(text)
  }

  get freeSerialPorts(): readonly number[] {
    const used = this.draft.serialPorts.map(({ port }) => port)
    return [1, 2, 3, 4].filter((port) => !used.includes(port))
  }

  addSerialPort(): void {
    const port = this.freeSerialPorts[0]
    if (port === undefined) return
    const added: SerialPortSpec = { port, kind: 'terminal', file: null, address: null, listens: true }
    this.draft.serialPorts = [...this.draft.serialPorts, added].toSorted((a, b) => a.port - b.port)
  }

  removeSerialPort(port: number): void {
    this.draft.serialPorts = this.draft.serialPorts.filter((other) => other.port !== port)
  }

  /** Another kind forgets what only the one before had. */
  setSerialKind(port: SerialPortSpec, kind: SerialPortSpec['kind']): void {
    port.kind = kind
    port.file = kind === 'file' || kind === 'pipe' ? (port.file ?? '') : null
    port.address = kind === 'tcp' ? (port.address ?? '127.0.0.1:2323') : null
  }

  /** A kernel that starts without a disk, or none. */
  setKernel(file: string): void {
    const { boot } = this.draft
    boot.kernel = file === '' ? null : { initrd: null, append: '', ...boot.kernel, file }
  }

  /** Other people's firmware, or none. */
  setFirmware(bios: string): void {
    const { firmware } = this.draft
    const vgaBios = firmware.kind === 'external' ? firmware.vgaBios : null
    this.draft.firmware = bios === '' ? { kind: 'vitrine' } : { kind: 'external', bios, vgaBios }
  }

  setVgaBios(file: string): void {
    const { firmware } = this.draft
    if (firmware.kind === 'external') firmware.vgaBios = file === '' ? null : file
  }
}
