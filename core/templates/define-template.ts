/** How a template is written down: what is usual may be left out. */
import type { Template } from '../contract/template.ts'

/** What most templates have in common. */
const USUAL = {
  floppyDrives: 1,
  cdDrives: 1,
  videoMemoryMib: 16,
  rtc: 'local',
  bootOrder: ['floppy', 'cdrom', 'disk'],
  acpi: true,
  hints: [],
  reasons: [],
  isTested: false,
  download: null,
} satisfies Partial<Template>

type Usual = keyof typeof USUAL

export function defineTemplate(template: Omit<Template, Usual> & Partial<Pick<Template, Usual>>): Template {
  return { ...USUAL, ...template }
}
