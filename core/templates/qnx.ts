/** QNX 4 and Neutrino 6. */
import { defineTemplate } from './define-template.ts'
import { CLOCK_UTC, INT13_8_GB } from './reasons.ts'

export const qnx = defineTemplate({
  id: 'qnx',
  name: 'QNX',
  family: 'unix',
  years: { first: 1991, last: 2010 },
  summary: 'A real-time Unix with a tiny kernel; its demo floppy held a desktop and a browser.',
  cpu: { profile: 'pentium3', limitMips: null },
  memoryMib: { min: 8, good: 128, max: 1024 },
  disk: { goodMib: 2000, maxMib: 7500 },
  videoMemoryMib: 8,
  rtc: 'utc',
  acpi: false,
  hints: ['The demo floppy starts without any disk. Neutrino 6 starts from its CD and installs itself.'],
  reasons: [INT13_8_GB, CLOCK_UTC, { setting: 'acpi', text: 'ACPI is off: QNX reads its interrupts from the BIOS.' }],
})
