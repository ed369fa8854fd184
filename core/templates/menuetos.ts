/** MenuetOS 0.x, 32-bit. */
import { defineTemplate } from './define-template.ts'

export const menuetos = defineTemplate({
  id: 'menuetos',
  name: 'MenuetOS',
  family: 'other',
  years: { first: 2000, last: 2005 },
  summary: 'The system that fits on a floppy and began it all; the 32-bit versions.',
  cpu: { profile: 'max', limitMips: null },
  memoryMib: { min: 16, good: 64, max: 1024 },
  disk: null,
  acpi: false,
  hints: ['Use a 32-bit image (0.x): the versions from 1.0 on are 64-bit and do not start.'],
  reasons: [
    { setting: 'disk', text: 'No disk: it starts from its floppy and needs none.' },
    { setting: 'acpi', text: 'ACPI is off: the 32-bit versions do without.' },
  ],
})
