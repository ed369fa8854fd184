/**
 * The spec of a machine: what stands in `machine.json`. Unknown keys are refused, so that a typing error is never silently
 * ignored. Derived values (sizes, states, thumbnails) are not saved here. File-level versioning is in `machine-file.ts`.
 */
import { z } from '../base/schema.ts'
import { keyboardLayoutSchema } from './keyboard-layouts.ts'
import { nameSchema } from './name-schema.ts'

/** Version of the layout below. Raise it with every change that old apps cannot read, and add a migration. */
export const MACHINE_SCHEMA_VERSION = 3

export const MEMORY_MIB = { min: 1, max: 3072, default: 64 } as const

/** Processor profiles: what CPUID says, which features exist and, with the speed governor, the pace. */
export const CPU_PROFILES = ['386', '486', 'pentium', 'pentium2', 'pentium3', 'pentium4', 'max'] as const
export const cpuProfileSchema = z.enum(CPU_PROFILES)
export type CpuProfile = z.infer<typeof cpuProfileSchema>

export const BOOT_DEVICES = ['floppy', 'disk', 'cdrom'] as const
export const bootDeviceSchema = z.enum(BOOT_DEVICES)
export type BootDevice = z.infer<typeof bootDeviceSchema>

/** Two floppy drives, and master and slave of two IDE channels. */
export const DRIVE_SLOTS = ['fda', 'fdb', 'hda', 'hdb', 'hdc', 'hdd'] as const
export const driveSlotSchema = z.enum(DRIVE_SLOTS)
export type DriveSlot = z.infer<typeof driveSlotSchema>

/** Whether the medium of a drive in this slot can be changed while the machine runs depends on its kind alone. */
export const driveKindSchema = z.enum(['floppy', 'disk', 'cdrom'])
export type DriveKind = z.infer<typeof driveKindSchema>

/** A path on the host (absolute), or inside the machine's folder (relative, never leaving it). */
const filePathSchema = z
  .string()
  .min(1)
  .max(4096)
  .refine((path) => !path.includes('\0') && (isAbsolutePath(path) || !path.split(/[\\/]/).includes('..')), {
    message: 'A relative path stays inside the folder of the machine',
  })

/** Whether `path` is absolute on any of the hosts (POSIX, a Windows drive, a network share). */
export function isAbsolutePath(path: string): boolean {
  return /^(?:[\\/]|[A-Za-z]:[\\/])/.test(path)
}

export const driveSchema = z
  .strictObject({
    slot: driveSlotSchema,
    kind: driveKindSchema,
    /** The image; null is an empty drive. */
    file: filePathSchema.nullable().default(null),
    writeProtected: z.boolean().default(false),
    /** Writes go to memory and are forgotten at power-off; the image stays as it is. */
    discardWrites: z.boolean().default(false),
  })
  .refine((drive) => (drive.kind === 'floppy') === drive.slot.startsWith('f'), {
    message: 'Floppy drives are fda and fdb; disks and CD drives are hda to hdd',
  })
  .refine((drive) => drive.kind !== 'disk' || drive.file !== null, { message: 'A hard disk needs an image file' })
export type DriveSpec = z.infer<typeof driveSchema>

export const SERIAL_KINDS = ['terminal', 'file', 'tcp', 'pipe'] as const

/** Host and TCP port, such as "127.0.0.1:2323" or "[::1]:2323". */
const addressSchema = z
  .string()
  .max(300)
  .refine((address) => parseAddress(address) !== undefined, { message: 'An address is HOST:PORT' })

/** The two parts of an address; undefined for what is none. Port 0 is any free one, for whoever listens. */
export function parseAddress(address: string): { readonly host: string; readonly port: number } | undefined {
  const parts = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/.exec(address)
  const host = parts?.[1] ?? parts?.[2]
  const port = Number(parts?.[3])
  return host !== undefined && port <= 65_535 ? { host, port } : undefined
}

/** Whether an address is one that only this computer reaches. */
export function isLoopback(address: string): boolean {
  const host = parseAddress(address)?.host ?? ''
  return host === 'localhost' || host === '::1' || /^127(?:\.[0-9]{1,3}){3}$/.test(host)
}

const serialPortSchema = z
  .strictObject({
    /** COM port, 1 to 4. */
    port: z.int().min(1).max(4),
    /**
     * Where its line goes beside the app's own terminal: nowhere else, to the end of a file, to a TCP address, or to a socket of
     * the file system (a named pipe on Windows).
     */
    kind: z.enum(SERIAL_KINDS).default('terminal'),
    /** The file of kind `file`; the socket of kind `pipe`. */
    file: filePathSchema.nullable().default(null),
    /** Of kind `tcp`. */
    address: addressSchema.nullable().default(null),
    /** Whether kinds `tcp` and `pipe` wait for somebody to connect, or connect themselves. */
    listens: z.boolean().default(true),
  })
  .refine((port) => (port.kind !== 'file' && port.kind !== 'pipe') || port.file !== null, {
    message: 'A serial port of kind file or pipe needs a file',
  })
  .refine((port) => port.kind !== 'tcp' || port.address !== null, {
    message: 'A serial port of kind tcp needs an address',
  })
  .refine((port) => port.kind !== 'tcp' || !port.listens || isLoopback(port.address ?? ''), {
    message: 'A serial port waits on this computer alone: 127.0.0.1, localhost or [::1]',
  })
export type SerialPortSpec = z.infer<typeof serialPortSchema>

const firmwareSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('vitrine') }),
  /** Other people's ROM images, for example SeaBIOS with its VGA BIOS. */
  z.strictObject({
    kind: z.literal('external'),
    bios: filePathSchema,
    vgaBios: filePathSchema.nullable().default(null),
  }),
])

/** A kernel started without any disk: a Linux bzImage or a Multiboot image. */
const kernelSchema = z.strictObject({
  file: filePathSchema,
  initrd: filePathSchema.nullable().default(null),
  append: z.string().max(4096).default(''),
})

/** It is shown everywhere and names the folder. */
export const machineNameSchema = nameSchema(100)

/** Where a machine stands in the library: names of groups from the outermost, with "/" between; "" is outside of all groups. */
export const machineGroupSchema = z
  .string()
  .max(200)
  .regex(/^(?:[^/\p{Cc}]+(?:\/[^/\p{Cc}]+)*)?$/u, 'A group is a name, or names with / between')

const unique = (values: readonly unknown[]) => new Set(values).size === values.length

/** Everything of a machine that its user chooses. */
const settings = {
  name: machineNameSchema,
  /** Which template it was made from; `other` for none. */
  template: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/)
    .default('other'),
  cpu: z
    .strictObject({
      /** What systems can rely on: by default all of it, since programs built for SSE2 run nowhere else. */
      profile: cpuProfileSchema.default('max'),
      /** Most instructions per second, in millions; null is as fast as the host can. */
      limitMips: z.number().positive().max(100_000).nullable().default(null),
      /** Most of one host core it may use. */
      capPercent: z.int().min(5).max(100).default(100),
    })
    .prefault({}),
  memoryMib: z.int().min(MEMORY_MIB.min).max(MEMORY_MIB.max).default(MEMORY_MIB.default),
  clock: z
    .strictObject({
      /** `virtual`: time is the count of executed instructions, exact and repeatable. */
      source: z.enum(['host', 'virtual']).default('host'),
      /** What the guest takes its real-time clock for. DOS and Windows expect local time. */
      rtc: z.enum(['local', 'utc']).default('local'),
      /** What the real-time clock shows when a saved state is taken up: the time of now, or the time at which it was saved. */
      resume: z.enum(['present', 'continue']).default('present'),
    })
    .prefault({}),
  boot: z
    .strictObject({
      order: z
        .array(bootDeviceSchema)
        .min(1)
        .refine(unique, { message: 'A boot device stands in the order once' })
        .default(['floppy', 'cdrom', 'disk']),
      /** Show the boot menu at every start, without F12. */
      menu: z.boolean().default(false),
      /** How long the firmware waits for F12 before it starts something. */
      menuWaitMs: z.int().min(0).max(30_000).default(400),
      kernel: kernelSchema.nullable().default(null),
    })
    .prefault({}),
  firmware: firmwareSchema.default({ kind: 'vitrine' }),
  /** Whether the firmware has ACPI tables. Windows chooses its kernel by them when it is installed and must not see this change. */
  acpi: z.boolean().default(true),
  drives: z
    .array(driveSchema)
    .max(DRIVE_SLOTS.length)
    .refine((drives) => unique(drives.map((drive) => drive.slot)), { message: 'Each slot has one drive' })
    .default([]),
  display: z.strictObject({ videoMemoryMib: z.literal([1, 2, 4, 8, 16, 32, 64]).default(16) }).prefault({}),
  serialPorts: z
    .array(serialPortSchema)
    .max(4)
    .refine((ports) => unique(ports.map((port) => port.port)), { message: 'Each COM port stands in the list once' })
    .default([{ port: 1, kind: 'terminal', file: null, address: null, listens: true }]),
  /** The keyboard layout that the guest is set to: text is typed on it. */
  keyboardLayout: keyboardLayoutSchema.default('us'),
  networkAdapters: z.array(z.never()).default([]),
  /** Snapshots that are taken without being asked for. */
  snapshots: z
    .strictObject({
      beforeStart: z.boolean().default(false),
      /** While it runs; null is never. */
      everyMinutes: z.int().min(1).max(10_080).nullable().default(null),
      /** How many of them are kept: the oldest that is neither pinned nor the last one goes. */
      keep: z.int().min(1).max(100).default(10),
    })
    .prefault({}),
  notes: z.string().max(20_000).default(''),
  group: machineGroupSchema.default(''),
  tags: z
    .array(z.string().trim().min(1).max(40))
    .max(50)
    .refine(unique, { message: 'A tag stands in the list once' })
    .default([]),
}

/** What the user chooses when a machine is made; everything but the name has a default. */
export const machineSettingsSchema = z.strictObject(settings)
export type MachineSettings = z.infer<typeof machineSettingsSchema>
export type MachineSettingsInput = z.input<typeof machineSettingsSchema>

/** Settings to change: a key that is given replaces the whole value of that key. Absent keys stay as they are. */
export const machinePatchSchema = z.strictObject({
  name: settings.name.optional(),
  template: settings.template.unwrap().optional(),
  cpu: settings.cpu.unwrap().optional(),
  memoryMib: settings.memoryMib.unwrap().optional(),
  clock: settings.clock.unwrap().optional(),
  boot: settings.boot.unwrap().optional(),
  firmware: firmwareSchema.optional(),
  acpi: settings.acpi.unwrap().optional(),
  drives: settings.drives.unwrap().optional(),
  display: settings.display.unwrap().optional(),
  serialPorts: settings.serialPorts.unwrap().optional(),
  keyboardLayout: settings.keyboardLayout.unwrap().optional(),
  networkAdapters: settings.networkAdapters.unwrap().optional(),
  snapshots: settings.snapshots.unwrap().optional(),
  notes: settings.notes.unwrap().optional(),
  group: settings.group.unwrap().optional(),
  tags: settings.tags.unwrap().optional(),
})
export type MachinePatch = z.infer<typeof machinePatchSchema>

/** Identity of a machine: made once, kept through renames and moves, renewed for copies. */
export const machineIdSchema = z.uuid()

/** Identity of a snapshot, and the name of its folder. */
export const snapshotIdSchema = z.uuid()

/** Where the machine stands among its snapshots. Only the app writes it. */
const presentSchema = z.strictObject({
  /** The snapshot that the present goes on from. */
  parent: snapshotIdSchema.nullable().default(null),
  /** A snapshot that is being taken: its disks are in use already. If its folder is there, it is the parent. */
  pending: snapshotIdSchema.nullable().default(null),
  /** The snapshot, or saved state, whose memory the next start takes up. */
  resume: snapshotIdSchema.nullable().default(null),
})
export type Present = z.infer<typeof presentSchema>
export const NO_SNAPSHOTS: Present = { parent: null, pending: null, resume: null }

/** Settings that were changed while a machine ran, or had a saved state, and count from its next power-on. Only the app writes it. */
const pendingSchema = z.strictObject({ settings: machinePatchSchema })
export type PendingSettings = z.infer<typeof pendingSchema>

/** The whole of machine.json. */
export const machineSpecSchema = z.strictObject({
  schemaVersion: z.literal(MACHINE_SCHEMA_VERSION),
  id: machineIdSchema,
  ...settings,
  present: presentSchema.prefault({}),
  pending: pendingSchema.nullable().default(null),
})
export type MachineSpec = z.infer<typeof machineSpecSchema>
