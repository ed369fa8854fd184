/** Windows NT 3.1, 3.5 and 3.51. */
import { defineTemplate } from './define-template.ts'
import { INT13_8_GB, NO_ACPI_BEFORE_IT } from './reasons.ts'

export const windowsNt3 = defineTemplate({
  id: 'windows-nt-3',
  name: 'Windows NT 3.x',
  family: 'windows-nt',
  years: { first: 1993, last: 1995 },
  summary: 'The first Windows with a kernel of its own; it looks like Windows 3.1.',
  cpu: { profile: 'pentium', limitMips: null },
  memoryMib: { min: 12, good: 64, max: 512 },
  disk: { goodMib: 1000, maxMib: 7500 },
  videoMemoryMib: 4,
  acpi: false,
  hints: [
    'Start from the first of the three setup floppies; the CD goes into its drive before.',
    'NT 3.1 knows no IDE CD-ROM drive: copy its files to the disk first.',
    'Press F5 at the first screen and choose "Standard PC" where Setup does not go on.',
  ],
  reasons: [
    {
      setting: 'cpu',
      text: 'A Pentium without newer features: Setup asks the processor what it is and stops at answers that it does not know.',
    },
    INT13_8_GB,
    NO_ACPI_BEFORE_IT,
  ],
})
