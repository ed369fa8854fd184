/** Plan 9 in the editions that go on: 9front and 9legacy, 32-bit. */
import { defineTemplate } from './define-template.ts'
import { CLOCK_UTC } from './reasons.ts'

export const plan9 = defineTemplate({
  id: 'plan9',
  name: 'Plan 9 (9front)',
  family: 'unix',
  years: { first: 1992, last: null },
  summary: 'What the makers of Unix did next: everything is a file, also on other computers.',
  cpu: { profile: 'max', limitMips: null },
  memoryMib: { min: 64, good: 512, max: 2048 },
  disk: { goodMib: 8000, maxMib: 131_071 },
  rtc: 'utc',
  hints: [
    'Use the 386 image. At its prompts the answers in brackets are right; for the screen choose 1024x768x16 and vesa.',
    'Type inst/start to install it on the disk.',
  ],
  reasons: [{ setting: 'acpi', text: 'ACPI is on: 9front takes its interrupts from it.' }, CLOCK_UTC],
})
