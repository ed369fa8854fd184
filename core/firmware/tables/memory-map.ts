/**
 * Who owns which physical memory: the base of INT 15h (E820h, E801h, 88h), of CMOS and of the kernel loaders.
 *
 *   0009_FC00  extended BIOS data area (1 KiB)
 *   000F_0000  system ROM
 *   RAM end    the last 64 KiB: ACPI tables (60 KiB) and the FACS (4 KiB), where the machine has ACPI
 */
import type { FirmwareConfig } from '../machine.ts'

/** Types of INT 15h AX=E820h (ACPI 6.0, table 15-312). */
export const MEMORY_TYPE = { usable: 1, reserved: 2, acpi: 3, nvs: 4 } as const

export interface MemoryRegion {
  readonly base: number
  readonly bytes: number
  readonly type: (typeof MEMORY_TYPE)[keyof typeof MEMORY_TYPE]
}

const EBDA_BASE = 0x9_fc00
const MIB = 0x10_0000
const FACS_BYTES = 0x1000
const ACPI_BYTES = 0x1_0000 - FACS_BYTES
/** Guests that need ACPI need more memory than this; smaller machines keep all of theirs. */
const ACPI_LEAST_BYTES = 8 * MIB

/** Whether the machine gets ACPI tables. */
export function hasAcpi(config: FirmwareConfig): boolean {
  return config.acpi && config.ramBytes >= ACPI_LEAST_BYTES
}

/** End of the memory that guests may use, above 1 MiB. */
export function usableEnd(config: FirmwareConfig): number {
  return hasAcpi(config) ? acpiBase(config) : config.ramBytes
}

/** Physical address of the ACPI tables, and of the FACS after them. */
export function acpiBase(config: FirmwareConfig): number {
  return config.ramBytes - ACPI_BYTES - FACS_BYTES
}

export function facsBase(config: FirmwareConfig): number {
  return config.ramBytes - FACS_BYTES
}

/** The map in ascending order. */
export function memoryRegions(config: FirmwareConfig): MemoryRegion[] {
  const regions: MemoryRegion[] = [
    { base: 0, bytes: EBDA_BASE, type: MEMORY_TYPE.usable },
    { base: EBDA_BASE, bytes: 0xa_0000 - EBDA_BASE, type: MEMORY_TYPE.reserved },
    { base: 0xf_0000, bytes: 0x1_0000, type: MEMORY_TYPE.reserved },
  ]
  const end = usableEnd(config)
  if (end > MIB) regions.push({ base: MIB, bytes: end - MIB, type: MEMORY_TYPE.usable })
  if (hasAcpi(config)) {
    regions.push({ base: acpiBase(config), bytes: ACPI_BYTES, type: MEMORY_TYPE.acpi })
    regions.push({ base: facsBase(config), bytes: FACS_BYTES, type: MEMORY_TYPE.nvs })
  }
  regions.push({ base: 0xfffc_0000, bytes: 0x4_0000, type: MEMORY_TYPE.reserved })
  return regions
}

/** KiB above 1 MiB, as INT 15h AH=88h says: 16 bits wide. */
export function extendedKib(config: FirmwareConfig): number {
  return Math.min(0xffff, Math.max(0, usableEnd(config) - MIB) >>> 10)
}

/** KiB from 1 to 16 MiB, and 64 KiB blocks above, as INT 15h AX=E801h and CMOS say. */
export function splitExtended(config: FirmwareConfig): { kibBelow16: number; blocksAbove16: number } {
  const above = Math.max(0, usableEnd(config) - 16 * MIB)
  return { kibBelow16: Math.min(15 * 1024, extendedKib(config)), blocksAbove16: Math.floor(above / 0x1_0000) }
}
