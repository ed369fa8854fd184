/** Windows 1.0 and 2.x. */
import { defineTemplate } from './define-template.ts'
import { NO_ACPI_BEFORE_IT } from './reasons.ts'

export const windows1 = defineTemplate({
  id: 'windows-1',
  name: 'Windows 1 and 2',
  family: 'windows',
  years: { first: 1985, last: 1989 },
  summary: 'Tiled and then overlapping windows on top of DOS.',
  cpu: { profile: '386', limitMips: 10 },
  memoryMib: { min: 1, good: 2, max: 16 },
  disk: { goodMib: 32, maxMib: 500 },
  cdDrives: 0,
  videoMemoryMib: 1,
  bootOrder: ['floppy', 'disk'],
  acpi: false,
  hints: [
    'Install DOS first, best version 3.3 or 5.0, then run SETUP from the Windows floppies.',
    'Choose "VGA" or "EGA" as the display and a PS/2 mouse.',
  ],
  reasons: [
    { setting: 'speed', text: 'Slowed down to a fast 386: its pointer and its games are paced by the processor.' },
    { setting: 'memory', text: 'It uses the first MiB, and a little more as expanded memory.' },
    NO_ACPI_BEFORE_IT,
  ],
})
