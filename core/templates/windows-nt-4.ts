/** Windows NT 4.0, Workstation and Server. */
import { defineTemplate } from './define-template.ts'
import { INT13_8_GB, NO_ACPI_BEFORE_IT } from './reasons.ts'

export const windowsNt4 = defineTemplate({
  id: 'windows-nt-4',
  name: 'Windows NT 4.0',
  family: 'windows-nt',
  years: { first: 1996, last: 2000 },
  summary: 'The NT kernel with the desktop of Windows 95.',
  cpu: { profile: 'pentium2', limitMips: null },
  memoryMib: { min: 16, good: 128, max: 1024 },
  disk: { goodMib: 4000, maxMib: 7500 },
  videoMemoryMib: 8,
  acpi: false,
  hints: [
    'The CD starts by itself.',
    'Press F5 at "Setup is inspecting your computer" and choose "Standard PC" where it does not go on.',
    'Service Pack 6a should come first after the installation.',
  ],
  reasons: [
    { setting: 'cpu', text: 'A Pentium II: Setup stops with error 0x3E on processors that have more CPUID leaves.' },
    INT13_8_GB,
    NO_ACPI_BEFORE_IT,
  ],
})
