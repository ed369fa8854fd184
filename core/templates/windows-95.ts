/** Windows 95, all editions. */
import { defineTemplate } from './define-template.ts'
import { FAT16_2_GB, NO_ACPI_BEFORE_IT } from './reasons.ts'

export const windows95 = defineTemplate({
  id: 'windows-95',
  name: 'Windows 95',
  family: 'windows',
  years: { first: 1995, last: 1997 },
  summary: 'The first Windows with the task bar; runs DOS, 16-bit and 32-bit programs.',
  cpu: { profile: 'pentium', limitMips: 150 },
  memoryMib: { min: 8, good: 64, max: 480 },
  disk: { goodMib: 2000, maxMib: 2047 },
  videoMemoryMib: 4,
  acpi: false,
  hints: [
    'Start from the boot floppy of the edition, partition the disk with FDISK, format it, then run SETUP from the CD.',
    'For more than 16 colours install a VBE driver such as VBEMP 9x.',
  ],
  reasons: [
    {
      setting: 'speed',
      text: 'Limited to the speed of a Pentium so that it starts: its disk and network drivers divide by zero when their timing loops end too soon.',
    },
    { setting: 'cpu', text: 'A Pentium, the newest processor that it knows.' },
    { setting: 'memory', text: 'At most 480 MiB: with more its disk cache leaves no addresses for programs.' },
    FAT16_2_GB,
    NO_ACPI_BEFORE_IT,
  ],
})
