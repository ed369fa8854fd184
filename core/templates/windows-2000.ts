/** Windows 2000, Professional and Server. */
import { defineTemplate } from './define-template.ts'
import { ACPI_STAYS } from './reasons.ts'

export const windows2000 = defineTemplate({
  id: 'windows-2000',
  name: 'Windows 2000',
  family: 'windows-nt',
  years: { first: 2000, last: 2005 },
  summary: 'The NT kernel with plug and play; light, and at home on old and newer programs.',
  cpu: { profile: 'pentium3', limitMips: null },
  memoryMib: { min: 32, good: 256, max: 2048 },
  disk: { goodMib: 8000, maxMib: 131_071 },
  hints: ['The CD starts by itself.'],
  reasons: [
    ACPI_STAYS,
    { setting: 'disk', text: 'At most 128 GB: before Service Pack 3 its disk driver damages what lies beyond.' },
  ],
})
