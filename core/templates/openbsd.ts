/** OpenBSD/i386. */
import { defineTemplate } from './define-template.ts'
import { CLOCK_UTC } from './reasons.ts'

export const openbsd = defineTemplate({
  id: 'openbsd',
  name: 'OpenBSD',
  family: 'bsd',
  years: { first: 1996, last: null },
  summary: 'The BSD that puts security first; i386 edition.',
  cpu: { profile: 'max', limitMips: null },
  memoryMib: { min: 32, good: 256, max: 3072 },
  disk: { goodMib: 8000, maxMib: 131_071 },
  rtc: 'utc',
  hints: ['The CD or the floppy image starts the installer: answer (I)nstall and take what stands in brackets.'],
  reasons: [CLOCK_UTC],
})
