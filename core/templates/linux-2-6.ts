/** Linux 2.6: Debian 4 to 6, Ubuntu 5 to 10, CentOS 5 and 6, Damn Small Linux; 32-bit. */
import { defineTemplate } from './define-template.ts'
import { CLOCK_UTC } from './reasons.ts'

export const linux26 = defineTemplate({
  id: 'linux-2-6',
  name: 'Linux 2.6',
  family: 'linux',
  years: { first: 2004, last: 2012 },
  summary: 'Distributions of the two thousands with kernel 2.6, 32-bit editions.',
  cpu: { profile: 'pentium4', limitMips: null },
  memoryMib: { min: 32, good: 256, max: 3072 },
  disk: { goodMib: 8000, maxMib: 2_000_000 },
  rtc: 'utc',
  hints: ['The CD starts the installer or a live desktop.'],
  reasons: [CLOCK_UTC],
})
