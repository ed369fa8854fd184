/** OS/2 2.0 to Warp 4. */
import { defineTemplate } from './define-template.ts'
import { INT13_8_GB, NO_ACPI_BEFORE_IT } from './reasons.ts'

export const os2 = defineTemplate({
  id: 'os2',
  name: 'OS/2 2 and Warp',
  family: 'os2',
  years: { first: 1992, last: 1996 },
  summary: "IBM's 32-bit system with its Workplace Shell; runs DOS and Windows 3.1 programs beside its own.",
  cpu: { profile: 'pentium', limitMips: 200 },
  memoryMib: { min: 8, good: 64, max: 512 },
  disk: { goodMib: 1000, maxMib: 7500 },
  videoMemoryMib: 4,
  acpi: false,
  hints: [
    'Start from the installation floppy, then disk 1; the CD goes into its drive before.',
    'Do not move the mouse while the first screens come up.',
  ],
  reasons: [
    {
      setting: 'speed',
      text: 'Limited to the speed of a Pentium: its loader and keyboard driver divide by what a timing loop counts.',
    },
    { setting: 'memory', text: 'At most 512 MiB: its installation stops with more.' },
    INT13_8_GB,
    NO_ACPI_BEFORE_IT,
  ],
})
