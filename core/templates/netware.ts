/** Novell NetWare 3 to 6. */
import { defineTemplate } from './define-template.ts'
import { NO_ACPI_BEFORE_IT } from './reasons.ts'

export const netware = defineTemplate({
  id: 'netware',
  name: 'NetWare',
  family: 'other',
  years: { first: 1989, last: 2003 },
  summary: "Novell's file and print server, started from DOS.",
  cpu: { profile: 'pentium2', limitMips: null },
  memoryMib: { min: 8, good: 128, max: 1024 },
  disk: { goodMib: 2000, maxMib: 7500 },
  videoMemoryMib: 4,
  acpi: false,
  hints: [
    'Install DOS on a small first partition of 50 MB or more, then start INSTALL (SERVER in NetWare 3) from the CD.',
    'The server never rests: a cap on the processor keeps the host free.',
  ],
  reasons: [
    { setting: 'disk', text: 'The disk stays below 8 GB, which the disk driver on its boot partition can address.' },
    NO_ACPI_BEFORE_IT,
  ],
})
