/** NetBSD/i386. */
import { defineTemplate } from './define-template.ts'
import { CLOCK_UTC } from './reasons.ts'

export const netbsd = defineTemplate({
  id: 'netbsd',
  name: 'NetBSD',
  family: 'bsd',
  years: { first: 1993, last: null },
  summary: 'The BSD that runs on everything; i386 edition.',
  cpu: { profile: 'max', limitMips: null },
  memoryMib: { min: 32, good: 256, max: 3072 },
  disk: { goodMib: 8000, maxMib: 131_071 },
  rtc: 'utc',
  hints: ['The CD starts the installer, sysinst.'],
  reasons: [CLOCK_UTC],
})
