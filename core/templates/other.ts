/** Anything else. */
import { defineTemplate } from './define-template.ts'

export const other = defineTemplate({
  id: 'other',
  name: 'Other',
  family: 'other',
  years: { first: 1981, last: null },
  summary: 'A PC with everything that Vitrine has, for systems that are not in the list.',
  cpu: { profile: 'max', limitMips: null },
  memoryMib: { min: 1, good: 128, max: 3072 },
  disk: { goodMib: 8000, maxMib: 2_000_000 },
  hints: ['Start with a lower processor when a system stops early: old ones do not know new processors.'],
})
