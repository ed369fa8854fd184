/** MS-DOS 3.3 to 6.22, and PC DOS and DR-DOS beside it. */
import { defineTemplate } from './define-template.ts'
import { NO_ACPI_BEFORE_IT, TURBO_PASCAL } from './reasons.ts'

export const msDos = defineTemplate({
  id: 'ms-dos',
  name: 'MS-DOS',
  family: 'dos',
  years: { first: 1981, last: 1994 },
  summary: 'The system of the first ten years of the PC, for which most games of that time were made.',
  cpu: { profile: '486', limitMips: 100 },
  memoryMib: { min: 1, good: 16, max: 64 },
  disk: { goodMib: 500, maxMib: 2047 },
  videoMemoryMib: 4,
  bootOrder: ['floppy', 'disk', 'cdrom'],
  acpi: false,
  hints: [
    'Put the first floppy into drive A and start; Setup asks for the others, which go into the same drive.',
    'CD-ROM drives need a driver in CONFIG.SYS and MSCDEX in AUTOEXEC.BAT.',
  ],
  reasons: [
    TURBO_PASCAL,
    { setting: 'cpu', text: 'A 486: programs of the time know no newer processor, and none is needed.' },
    { setting: 'memory', text: 'At most 64 MiB: HIMEM.SYS of MS-DOS 6 manages no more.' },
    { setting: 'disk', text: 'The disk is below 504 MB, so that every version sees all of it.' },
    NO_ACPI_BEFORE_IT,
  ],
})
