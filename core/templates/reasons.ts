/**
 * Facts about old systems that several templates share, as they are told to users. Sources: Microsoft Knowledge Base 253912 and
 * 312108, VirtualBox manual (known problems, guest types), 86Box manual (disk images).
 */
import type { Template } from '../contract/template.ts'

type Reason = Template['reasons'][number]

export const TURBO_PASCAL: Reason = {
  setting: 'speed',
  text: 'Limited to the speed of a Pentium: programs made with Turbo Pascal stop with "Runtime error 200" on a faster one.',
}

export const NO_ACPI_BEFORE_IT: Reason = {
  setting: 'acpi',
  text: 'ACPI is off: the system is older than ACPI and does without it.',
}

export const ACPI_STAYS: Reason = {
  setting: 'acpi',
  text: 'ACPI is on and should stay so: Windows chooses its kernel by it when it is installed, and does not start after a change.',
}

export const CLOCK_UTC: Reason = {
  setting: 'clock',
  text: 'The clock shows universal time, as Unix systems expect.',
}

export const INT13_8_GB: Reason = {
  setting: 'disk',
  text: 'The disk stays below 8 GB, the most that the BIOS interface of its time can address.',
}

export const FAT16_2_GB: Reason = {
  setting: 'disk',
  text: 'The disk stays below 2 GB, the most that one partition of the FAT16 file system can hold.',
}
