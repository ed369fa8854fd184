/** FreeDOS 1.0 and later. */
import { defineTemplate } from './define-template.ts'
import { NO_ACPI_BEFORE_IT, TURBO_PASCAL } from './reasons.ts'

export const freedos = defineTemplate({
  id: 'freedos',
  name: 'FreeDOS',
  family: 'dos',
  years: { first: 1998, last: null },
  summary: 'A free DOS that is still being developed and runs the same programs.',
  cpu: { profile: 'pentium', limitMips: 100 },
  memoryMib: { min: 1, good: 32, max: 1024 },
  disk: { goodMib: 500, maxMib: 32_255 },
  videoMemoryMib: 8,
  acpi: false,
  hints: ['The live CD starts by itself and can install itself on the disk.'],
  reasons: [TURBO_PASCAL, NO_ACPI_BEFORE_IT],
  isTested: true,
})
