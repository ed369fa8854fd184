/** XENIX 386 and SCO UNIX System V/386. */
import { defineTemplate } from './define-template.ts'
import { NO_ACPI_BEFORE_IT } from './reasons.ts'

export const xenix = defineTemplate({
  id: 'xenix',
  name: 'XENIX and SCO UNIX',
  family: 'unix',
  years: { first: 1987, last: 1995 },
  summary: "Microsoft's and SCO's Unix for the 386.",
  cpu: { profile: '486', limitMips: 50 },
  memoryMib: { min: 4, good: 16, max: 64 },
  disk: { goodMib: 300, maxMib: 500 },
  cdDrives: 0,
  videoMemoryMib: 1,
  bootOrder: ['floppy', 'disk'],
  acpi: false,
  hints: ['Start from the N1 floppy; the disk is described as an AT (IDE) disk.'],
  reasons: [
    { setting: 'speed', text: 'Slowed down to a 486: its drivers wait by counting.' },
    { setting: 'disk', text: 'The disk is below 504 MB, which the AT disk tables of its time can describe.' },
    { setting: 'memory', text: 'At most 64 MiB, which its BIOS calls can report.' },
    NO_ACPI_BEFORE_IT,
    { setting: 'drives', text: 'No CD drive: some of its drivers hang at one.' },
  ],
})
