/** Windows 3.0, 3.1, 3.11 and Windows for Workgroups. */
import { defineTemplate } from './define-template.ts'
import { FAT16_2_GB, NO_ACPI_BEFORE_IT } from './reasons.ts'

export const windows3 = defineTemplate({
  id: 'windows-3',
  name: 'Windows 3.x',
  family: 'windows',
  years: { first: 1990, last: 1993 },
  summary: 'Program Manager, File Manager, and the programs of the early nineties, on top of DOS.',
  cpu: { profile: '486', limitMips: 100 },
  memoryMib: { min: 4, good: 16, max: 64 },
  disk: { goodMib: 500, maxMib: 2047 },
  videoMemoryMib: 4,
  bootOrder: ['floppy', 'disk', 'cdrom'],
  acpi: false,
  hints: [
    'Install MS-DOS 5 or 6 first, then run SETUP from the first floppy.',
    'In its first minutes choose "VGA"; more colours need a driver.',
  ],
  reasons: [
    {
      setting: 'speed',
      text: 'Limited to the speed of a Pentium: the network driver of Windows for Workgroups divides by zero on a fast processor.',
    },
    { setting: 'memory', text: 'At most 64 MiB: more confuses its memory manager unless HIMEM.SYS is newer.' },
    FAT16_2_GB,
    NO_ACPI_BEFORE_IT,
  ],
})
