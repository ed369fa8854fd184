/** The picture of what was dropped. */
import type { ImportProposal } from '../../../core/contract/import-api.ts'
import type { IconName } from '../../parts/icons.ts'

const ICONS: Readonly<Record<ImportProposal['medium']['kind'], IconName>> = {
  floppy: 'floppy',
  disk: 'disk',
  cdrom: 'disc',
  kernel: 'terminal',
  machine: 'library',
}

export function mediumIcon(kind: ImportProposal['medium']['kind']): IconName {
  return ICONS[kind]
}
