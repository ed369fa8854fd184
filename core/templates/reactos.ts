/** ReactOS. */
import { defineTemplate } from './define-template.ts'
import { ACPI_STAYS } from './reasons.ts'

export const reactos = defineTemplate({
  id: 'reactos',
  name: 'ReactOS',
  family: 'windows-nt',
  years: { first: 1998, last: null },
  summary: 'A free system that wants to run the programs and drivers of Windows; unfinished.',
  cpu: { profile: 'pentium4', limitMips: null },
  memoryMib: { min: 96, good: 512, max: 3072 },
  disk: { goodMib: 8000, maxMib: 131_071 },
  hints: ['The boot CD installs it; the live CD starts without a disk.'],
  reasons: [ACPI_STAYS],
})
