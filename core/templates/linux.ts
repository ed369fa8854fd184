/** Linux 3 to 6 for i686: Debian up to 12, Alpine x86, Arch Linux 32, antiX, Tiny Core. */
import { defineTemplate } from './define-template.ts'
import { CLOCK_UTC } from './reasons.ts'

export const linux = defineTemplate({
  id: 'linux',
  name: 'Linux (32-bit)',
  family: 'linux',
  years: { first: 2011, last: null },
  summary: 'Distributions of today that still come for 32-bit processors.',
  cpu: { profile: 'max', limitMips: null },
  memoryMib: { min: 64, good: 512, max: 3072 },
  disk: { goodMib: 16_000, maxMib: 2_000_000 },
  rtc: 'utc',
  hints: ['Use the i386 or x86 image: 64-bit images do not start.', 'Debian has 32-bit images up to version 12.'],
  reasons: [CLOCK_UTC],
  isTested: true,
})
