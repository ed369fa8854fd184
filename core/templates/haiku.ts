/** Haiku, the 32-bit edition. */
import { defineTemplate } from './define-template.ts'

export const haiku = defineTemplate({
  id: 'haiku',
  name: 'Haiku',
  family: 'other',
  years: { first: 2009, last: null },
  summary: 'The free successor of BeOS, still being developed; 32-bit edition.',
  cpu: { profile: 'max', limitMips: null },
  memoryMib: { min: 256, good: 512, max: 3072 },
  disk: { goodMib: 8000, maxMib: 131_071 },
  floppyDrives: 0,
  videoMemoryMib: 32,
  bootOrder: ['cdrom', 'disk'],
  hints: ['Use the x86_gcc2h image; the CD starts into the desktop or the installer.'],
  reasons: [{ setting: 'drives', text: 'No floppy drive: Haiku waits for one that has no disk in it.' }],
  download: {
    url: 'https://mirrors.rit.edu/haiku/r1beta5/haiku-r1beta5-x86_gcc2h-anyboot.iso',
    fileName: 'haiku-r1beta5-x86_gcc2h-anyboot.iso',
    bytes: 1_477_246_976,
    sha256: 'bd6d5015ce1d94ab2c3fa2f4f685491249938bde9acc55345f76098eb2ea424f',
    title: 'Haiku R1 beta 5, 32-bit, as a CD that starts into the desktop or the installer',
  },
})
