/** Windows 98 and 98 Second Edition. */
import { defineTemplate } from './define-template.ts'

export const windows98 = defineTemplate({
  id: 'windows-98',
  name: 'Windows 98',
  family: 'windows',
  years: { first: 1998, last: 1999 },
  summary: 'The last Windows that many DOS games and all their drivers get along with.',
  cpu: { profile: 'pentium2', limitMips: null },
  memoryMib: { min: 16, good: 128, max: 512 },
  disk: { goodMib: 8000, maxMib: 131_071 },
  videoMemoryMib: 8,
  acpi: false,
  hints: [
    'The CD starts by itself: choose "Start Windows 98 Setup from CD-ROM".',
    'For more than 16 colours install a VBE driver such as VBEMP 9x.',
  ],
  reasons: [
    { setting: 'memory', text: 'At most 512 MiB: with more it needs MaxFileCache in SYSTEM.INI to start.' },
    { setting: 'acpi', text: 'ACPI is off: Setup then installs the plain PC, which is the steadier one of the two.' },
    { setting: 'disk', text: 'At most 128 GB: its disk driver damages what lies beyond.' },
  ],
})
