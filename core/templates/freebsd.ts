/** FreeBSD/i386. */
import { defineTemplate } from './define-template.ts'
import { CLOCK_UTC } from './reasons.ts'

export const freebsd = defineTemplate({
  id: 'freebsd',
  name: 'FreeBSD',
  family: 'bsd',
  years: { first: 1993, last: null },
  summary: 'The BSD for servers and desktops; i386 edition.',
  cpu: { profile: 'max', limitMips: null },
  memoryMib: { min: 64, good: 512, max: 3072 },
  disk: { goodMib: 8000, maxMib: 131_071 },
  rtc: 'utc',
  hints: ['The CD starts the installer. Releases up to 4 start from two floppies as well.'],
  reasons: [CLOCK_UTC],
})
