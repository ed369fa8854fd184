/**
 * What firmware expects to find in CMOS RAM about the machine: the IBM PC/AT places (memory, drives, equipment) and those that
 * the BIOSes of Bochs and QEMU read besides (boot order, memory above 16 MiB and above 4 GiB, disk translation).
 * Source: IBM PC/AT Technical Reference, "CMOS RAM"; Ralf Brown's CMOS memory list; the settings documented for SeaBIOS.
 */

/** A device class to boot from, in the numbers of registers 38h and 3Dh. */
export type CmosBootDevice = 'floppy' | 'disk' | 'cdrom' | 'network'

/** How a BIOS makes cylinder, head and sector of a large disk. */
export type CmosTranslation = 'none' | 'lba' | 'large' | 'rechs'

/** A disk on the first IDE channel by its physical geometry. */
export interface CmosDisk {
  readonly cylinders: number
  readonly heads: number
  readonly sectors: number
  readonly translation: CmosTranslation
}

/** What is in the machine. */
export interface CmosFacts {
  /** RAM below 4 GiB. */
  readonly memoryBytes: number
  /** RAM that begins at 4 GiB. */
  readonly memoryAbove4GibBytes?: number
  /** Types of drives A and B: 0 none, 1 360 KiB, 2 1.2 MiB, 3 720 KiB, 4 1.44 MiB, 5 2.88 MiB. */
  readonly floppies: readonly [number, number]
  /** Disks of the first IDE channel, master and slave. */
  readonly disks: readonly [CmosDisk | undefined, CmosDisk | undefined]
  readonly fpu: boolean
  readonly mouse: boolean
  /** First choice first; at most three count. */
  readonly bootOrder: readonly CmosBootDevice[]
}

const KIB = 1024
const MIB = 1024 * KIB
const BOOT_DEVICE = { floppy: 1, disk: 2, cdrom: 3, network: 4 } as const
const TRANSLATION = { none: 0, lba: 1, large: 2, rechs: 3 } as const
/** Disks are of "type 47", described by their own bytes; 15 in the nibble of register 12h says that the type is elsewhere. */
const USER_TYPE = 47
const TYPE_ELSEWHERE = 15

/** The bytes to store, as pairs of address and value, with the checksum that the AT's firmware verifies. */
export function cmosLayout(facts: CmosFacts): readonly (readonly [number, number])[] {
  const ram = new Uint8Array(128)
  layOutMemory(ram, facts)
  layOutDrives(ram, facts)
  layOutBoot(ram, facts)
  let sum = 0
  for (let address = 0x10; address <= 0x2d; address++) sum += ram[address]
  ram[0x2e] = sum >> 8
  ram[0x2f] = sum & 0xff
  const written = [...Array.from({ length: 0x2f - 0x0f + 1 }, (_, i) => 0x0f + i), 0x30, 0x31]
  return [...written, 0x34, 0x35, 0x38, 0x39, 0x3d, 0x5b, 0x5c, 0x5d].map((address) => [address, ram[address]] as const)
}

function word(ram: Uint8Array, address: number, value: number): void {
  ram[address] = value & 0xff
  ram[address + 1] = value >> 8
}

function layOutMemory(ram: Uint8Array, facts: CmosFacts): void {
  word(ram, 0x15, Math.min(640, Math.floor(facts.memoryBytes / KIB)))
  // KiB above 1 MiB; what a word cannot hold is told by 34h.
  const extendedKib = Math.min(0xffff, Math.max(0, Math.floor((facts.memoryBytes - MIB) / KIB)))
  word(ram, 0x17, extendedKib)
  word(ram, 0x30, extendedKib)
  word(ram, 0x34, Math.min(0xffff, Math.max(0, Math.floor((facts.memoryBytes - 16 * MIB) / (64 * KIB)))))
  const above = Math.floor((facts.memoryAbove4GibBytes ?? 0) / (64 * KIB))
  word(ram, 0x5b, above & 0xffff)
  ram[0x5d] = (above >>> 16) & 0xff
}

function layOutDrives(ram: Uint8Array, facts: CmosFacts): void {
  const [a, b] = facts.floppies
  ram[0x10] = (a << 4) | b
  const floppyCount = (a ? 1 : 0) + (b ? 1 : 0)
  ram[0x14] =
    (floppyCount > 0 ? 0x01 | ((floppyCount - 1) << 6) : 0) | (facts.fpu ? 0x02 : 0) | (facts.mouse ? 0x04 : 0)
  for (const [index, disk] of facts.disks.entries()) {
    if (!disk) continue
    ram[0x12] |= index === 0 ? TYPE_ELSEWHERE << 4 : TYPE_ELSEWHERE
    ram[0x19 + index] = USER_TYPE
    layOutDisk(ram, index === 0 ? 0x1b : 0x24, disk)
    ram[0x39] |= TRANSLATION[disk.translation] << (2 * index)
  }
}

/** Nine bytes: cylinders, heads, write precompensation (none), control byte, landing zone, sectors. */
function layOutDisk(ram: Uint8Array, address: number, disk: CmosDisk): void {
  word(ram, address, disk.cylinders)
  ram[address + 2] = disk.heads
  word(ram, address + 3, 0xffff)
  ram[address + 5] = 0xc0 | (disk.heads > 8 ? 0x08 : 0)
  word(ram, address + 6, disk.cylinders)
  ram[address + 8] = disk.sectors
}

function layOutBoot(ram: Uint8Array, facts: CmosFacts): void {
  const [first, second, third] = facts.bootOrder.map((device) => BOOT_DEVICE[device])
  ram[0x3d] = (first ?? 0) | ((second ?? 0) << 4)
  // Bit 0: boot floppies without a signature, too, as DOS 1 and many games have none.
  ram[0x38] = ((third ?? 0) << 4) | 0x01
}
