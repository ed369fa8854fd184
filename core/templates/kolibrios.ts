/** KolibriOS. */
import { defineTemplate } from './define-template.ts'

export const kolibrios = defineTemplate({
  id: 'kolibrios',
  name: 'KolibriOS',
  family: 'other',
  years: { first: 2004, last: null },
  summary: 'A whole graphical system in assembly language on one floppy.',
  cpu: { profile: 'max', limitMips: null },
  memoryMib: { min: 16, good: 128, max: 2048 },
  disk: null,
  hints: ['Put its floppy or CD image into the drive and start; the first screen chooses the resolution.'],
  reasons: [{ setting: 'disk', text: 'No disk: it starts from its floppy or CD and needs none.' }],
})
