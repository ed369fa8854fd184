/** Windows XP, and Server 2003 beside it; the 32-bit editions. */
import { defineTemplate } from './define-template.ts'
import { ACPI_STAYS } from './reasons.ts'

export const windowsXp = defineTemplate({
  id: 'windows-xp',
  name: 'Windows XP',
  family: 'windows-nt',
  years: { first: 2001, last: 2008 },
  summary: 'The Windows of the two thousands, 32-bit edition.',
  cpu: { profile: 'pentium4', limitMips: null },
  memoryMib: { min: 64, good: 512, max: 3072 },
  disk: { goodMib: 16_000, maxMib: 131_071 },
  hints: [
    'The CD starts by itself.',
    'It has to be activated; what it counts as the hardware stays the same through snapshots and moves.',
  ],
  reasons: [
    ACPI_STAYS,
    { setting: 'disk', text: 'At most 128 GB: before Service Pack 1 its disk driver damages what lies beyond.' },
  ],
})
