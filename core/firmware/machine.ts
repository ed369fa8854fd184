/**
 * The machine as the firmware sees it. The firmware keeps all of its own state in guest memory (BIOS data area, extended
 * BIOS data area), as a real BIOS does, so that saved states need nothing from it; `Firmware.quiescent` tells when.
 */
import type { PciBus } from '../bus/pci-bus.ts'
import type { PortBus } from '../bus/port-bus.ts'
import type { CpuState } from '../cpu/state/cpu-state.ts'
import type { LogSink, MachineAction } from '../devices/device.ts'
import type { BlockDevice } from '../disk/block-device.ts'
import type { Geometry } from '../disk/geometry.ts'
import type { AddressMap } from '../memory/address-map.ts'
import type { VirtualClock } from '../time/virtual-clock.ts'

/** A floppy drive with or without a disk in it. */
export interface FloppyDrive {
  /** Type as in CMOS register 10h: 1 360 KiB, 2 1.2 MiB, 3 720 KiB, 4 1.44 MiB, 5 2.88 MiB. */
  readonly cmosType: 1 | 2 | 3 | 4 | 5
  readonly media: BlockDevice | undefined
  /** Layout of the disk that is in the drive. */
  readonly geometry: Geometry | undefined
  /** Counts insertions and removals since power-on: INT 13h reports a change when it differs from what it saw last. */
  readonly mediaChanges: number
}

/** Where an IDE drive is: for EDD and the drive tables. */
export interface IdePlace {
  readonly ioBase: number
  readonly controlBase: number
  readonly irq: number
  /** 0 master, 1 slave. */
  readonly unit: 0 | 1
  /** PCI device and function of the controller, when it is on PCI. */
  readonly pci?: { readonly device: number; readonly fn: number }
}

/** A hard disk on any controller. INT 13h reaches it through its medium, so every controller can be booted from. */
export interface HardDisk {
  /** Where it is, as shown in the boot menu: "IDE 0 master". */
  readonly label: string
  readonly media: BlockDevice
  /** The drive's own (physical) geometry, as IDENTIFY DEVICE reports it. */
  readonly geometry: Geometry
  readonly ide?: IdePlace
}

/** A CD or DVD drive. */
export interface CdDrive {
  readonly label: string
  readonly media: BlockDevice | undefined
  readonly mediaChanges: number
  readonly ide?: IdePlace
  /** Opens the tray; false when the drive refuses. */
  eject?(): boolean
}

/** Kinds of boot device in a boot order. */
export type BootDeviceKind = 'floppy' | 'disk' | 'cdrom'

/** A kernel that is started in place of a boot device. Images are whole files in memory. */
export interface KernelBoot {
  readonly image: Uint8Array
  readonly commandLine: string
  readonly initrd?: Uint8Array
  /** Multiboot modules. */
  readonly modules?: readonly { readonly data: Uint8Array; readonly commandLine: string }[]
}

/** What the firmware is told about the machine at power-on. */
export interface FirmwareConfig {
  readonly ramBytes: number
  readonly bootOrder: readonly BootDeviceKind[]
  /** Shows the boot menu at every start. */
  readonly bootMenu: boolean
  /** How long POST waits for F12, in milliseconds. With 0, only an F12 that is already in the keyboard's buffer counts. */
  readonly bootMenuWaitMs: number
  /** Whether ACPI tables are built. An installed Windows must not see this change. */
  readonly acpi: boolean
  /** Copies the firmware's own screens to COM1 and takes keys for the boot menu from it. */
  readonly serialConsole: boolean
  /** Shown on the first line at start and in SMBIOS: "0.1.0". */
  readonly version: string
  /** SMBIOS system UUID, 16 bytes; all zero when absent. */
  readonly uuid?: Uint8Array
  readonly kernel?: KernelBoot
}

/**
 * What the machine gives to the firmware. Addresses named linear go through segmentation's result and, where paging is on
 * (virtual-8086 mode), through the page tables.
 */
export interface FirmwareMachine {
  readonly cpu: CpuState
  readonly ports: PortBus
  readonly memory: AddressMap
  readonly pci: PciBus
  readonly clock: VirtualClock
  readonly log: LogSink
  readonly config: FirmwareConfig
  /** A: and B:. */
  readonly floppies: readonly (FloppyDrive | undefined)[]
  /** In BIOS order: the first becomes 80h. */
  readonly hardDisks: readonly HardDisk[]
  readonly cdDrives: readonly CdDrive[]

  /** Reads of present pages; a page that is not present reads as all ones and its writes are lost (services probe first). */
  readLinear8(address: number): number
  readLinear16(address: number): number
  readLinear32(address: number): number
  writeLinear8(address: number, value: number): void
  writeLinear16(address: number, value: number): void
  writeLinear32(address: number, value: number): void
  readLinearBytes(address: number, into: Uint8Array): void
  writeLinearBytes(address: number, from: Uint8Array): void
  /**
   * Address of the first byte of the range that the current privilege level cannot read (write) without a page fault,
   * or -1 when all of it can be. Always -1 without paging. Raises nothing.
   */
  probeLinear(address: number, length: number, write: boolean): number

  /** Changes bytes of a ROM image in place (tables made at POST), `gpa` inside C0000h to FFFFFh. The alias below 4 GiB changes too. */
  patchRom(gpa: number, bytes: Uint8Array): void
  /** Reset, power off and the like at the end of the current instruction. */
  request(action: MachineAction): void
  /**
   * A hint that the guest only waits (polls the keyboard, waits for a time): the machine may stop executing until an interrupt
   * is pending or `ns` nanoseconds have passed. Doing nothing is correct, too.
   */
  idle(ns: number): void
}
