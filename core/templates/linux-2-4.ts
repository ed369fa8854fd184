/** Linux 2.2 and 2.4: Debian 2.2 to 3.0, Red Hat 6 to 9, SuSE 6 to 8. */
import { defineTemplate } from './define-template.ts'
import { CLOCK_UTC } from './reasons.ts'

export const linux24 = defineTemplate({
  id: 'linux-2-4',
  name: 'Linux 2.2 and 2.4',
  family: 'linux',
  years: { first: 1999, last: 2006 },
  summary: 'Distributions around the year 2000, with kernels 2.2 and 2.4.',
  cpu: { profile: 'pentium3', limitMips: null },
  memoryMib: { min: 16, good: 128, max: 896 },
  disk: { goodMib: 8000, maxMib: 131_071 },
  videoMemoryMib: 8,
  rtc: 'utc',
  acpi: false,
  hints: ['The CD starts the installer.'],
  reasons: [
    { setting: 'memory', text: 'At most 896 MiB: kernels without high-memory support use no more.' },
    {
      setting: 'acpi',
      text: 'ACPI is off: in kernels of this time it was an experiment, and the older power management works.',
    },
    { setting: 'disk', text: 'At most 128 GB: 48-bit addresses came late in 2.4.' },
    CLOCK_UTC,
  ],
})
