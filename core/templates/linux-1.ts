/** Linux 1.x and 2.0: Slackware 3, Red Hat 5, Debian 1 and 2.0. */
import { defineTemplate } from './define-template.ts'
import { CLOCK_UTC, INT13_8_GB, NO_ACPI_BEFORE_IT } from './reasons.ts'

export const linux1 = defineTemplate({
  id: 'linux-1',
  name: 'Linux 1 and 2.0',
  family: 'linux',
  years: { first: 1994, last: 1999 },
  summary: 'Slackware, Red Hat and Debian of the nineties, with kernels 1.x and 2.0.',
  cpu: { profile: 'pentium', limitMips: null },
  memoryMib: { min: 8, good: 32, max: 64 },
  disk: { goodMib: 1000, maxMib: 7500 },
  videoMemoryMib: 4,
  rtc: 'utc',
  bootOrder: ['floppy', 'disk', 'cdrom'],
  acpi: false,
  hints: [
    'Start from the boot floppy, then the root floppy; packages come from the CD.',
    'LILO has to be put where the BIOS reaches it: below cylinder 1024.',
  ],
  reasons: [
    { setting: 'memory', text: 'At most 64 MiB: these kernels see no more without being told so.' },
    { setting: 'cpu', text: 'A Pentium, the newest processor of its time.' },
    INT13_8_GB,
    NO_ACPI_BEFORE_IT,
    CLOCK_UTC,
  ],
})
