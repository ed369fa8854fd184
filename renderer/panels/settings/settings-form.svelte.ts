/** The settings of one machine while they are edited: a draft, what differs from what is saved, and saving it. */
import {
  BOOT_DEVICES,
  type BootDevice,
  DRIVE_SLOTS,
  type DriveKind,
  type DriveSlot,
  type DriveSpec,
  type MachinePatch,
  type MachineSpec,
} from '../../../core/contract/machine-spec.ts'
import { errorText } from '../../strings/error-text.ts'

/** Keys that the form edits; the others stay as they are. */
const KEYS = [
  'name',
  'notes',
  'tags',
  'memoryMib',
  'cpu',
  'clock',
  'boot',
  'drives',
  'display',
  'serialPorts',
] as const satisfies readonly (keyof MachineSpec & keyof MachinePatch)[]

type Tree = Record<string, unknown>

/** A copy without any proxy: specs are plain JSON. */
function copyOf(spec: MachineSpec): MachineSpec {
  return JSON.parse(JSON.stringify(spec)) as MachineSpec
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

export class SettingsForm {
  draft: MachineSpec
  saved: MachineSpec
  error = $state('')
  saving = $state(false)

  constructor(spec: MachineSpec) {
    this.draft = $state(copyOf(spec))
    this.saved = $state.raw(spec)
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
  follow(spec: MachineSpec): void {
    if (spec === this.saved) return
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
      this.saved = spec
      this.draft = copyOf(spec)
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
    return path.split('.').reduce<unknown>((tree, key) => (tree as Tree)[key], this.draft)
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
    const tags = text.split(',').map((tag) => tag.trim())
    this.draft.tags = [...new Set(tags.filter((tag) => tag !== ''))]
  }

  /** Whether COM1 is there for the terminal. */
  get hasTerminal(): boolean {
    return this.draft.serialPorts.some(({ port }) => port === 1)
  }

  setTerminal(wanted: boolean): void {
    const others = this.draft.serialPorts.filter(({ port }) => port !== 1)
    this.draft.serialPorts = wanted
      ? [{ port: 1, kind: 'terminal', file: null, address: null, listens: true }, ...others]
      : others
  }
}
