/** Minix 2 and 3. */
import { defineTemplate } from './define-template.ts'
import { CLOCK_UTC, INT13_8_GB } from './reasons.ts'

export const minix = defineTemplate({
  id: 'minix',
  name: 'Minix',
  family: 'unix',
  years: { first: 1987, last: 2014 },
  summary: "Andrew Tanenbaum's teaching system; Minix 3 is a whole small Unix.",
  cpu: { profile: 'pentium3', limitMips: null },
  memoryMib: { min: 16, good: 256, max: 1024 },
  disk: { goodMib: 2000, maxMib: 7500 },
  videoMemoryMib: 8,
  rtc: 'utc',
  acpi: false,
  hints: ['Minix 3 starts from its CD: log in as root and type setup.'],
  reasons: [{ setting: 'acpi', text: 'ACPI is off: Minix finds its interrupts by itself.' }, INT13_8_GB, CLOCK_UTC],
})
