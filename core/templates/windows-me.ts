/** Windows Millennium Edition. */
import { defineTemplate } from './define-template.ts'

export const windowsMe = defineTemplate({
  id: 'windows-me',
  name: 'Windows ME',
  family: 'windows',
  years: { first: 2000, last: 2000 },
  summary: 'The last Windows on the foundation of Windows 95, without its DOS.',
  cpu: { profile: 'pentium3', limitMips: null },
  memoryMib: { min: 32, good: 128, max: 512 },
  disk: { goodMib: 8000, maxMib: 131_071 },
  videoMemoryMib: 8,
  acpi: false,
  hints: ['The CD starts by itself.', 'For more than 16 colours install a VBE driver such as VBEMP 9x.'],
  reasons: [
    { setting: 'memory', text: 'At most 512 MiB: with more it needs MaxFileCache in SYSTEM.INI to start.' },
    { setting: 'acpi', text: 'ACPI is off: Setup then installs the plain PC, which is the steadier one of the two.' },
    { setting: 'disk', text: 'At most 128 GB: its disk driver damages what lies beyond.' },
  ],
})
