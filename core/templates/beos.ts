/** BeOS R4 to R5, Personal and Professional. */
import { defineTemplate } from './define-template.ts'

export const beos = defineTemplate({
  id: 'beos',
  name: 'BeOS',
  family: 'other',
  years: { first: 1998, last: 2001 },
  summary: 'The media system of the late nineties, quick even on a slow computer.',
  cpu: { profile: 'pentium2', limitMips: null },
  memoryMib: { min: 32, good: 128, max: 512 },
  disk: { goodMib: 2000, maxMib: 32_255 },
  acpi: false,
  hints: [
    'Start from the boot floppy with the CD in its drive; choose safe video in its boot menu (Space while the logo comes up).',
  ],
  reasons: [
    { setting: 'memory', text: 'At most 512 MiB: with 1 GiB and more its kernel does not start.' },
    { setting: 'acpi', text: 'ACPI is off: BeOS has none and uses the older power management.' },
  ],
})
