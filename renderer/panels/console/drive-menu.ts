/** The menu of one drive. */
import type { DriveSpec } from '../../../core/contract/machine-spec.ts'
import type { AppModel } from '../../app/app-model.svelte.ts'
import type { MenuItem } from '../../parts/menu.ts'
import { strings } from '../../strings/en.ts'
import type { ConsoleModel } from './console-model.svelte.ts'
import { driveName, mediumName } from './drive-names.ts'

/** Media used before that are offered. */
const MOST_RECENT = 8

type DriveModel = Pick<ConsoleModel, 'insert' | 'eject' | 'setDrive'>

/** `choose` lets the user choose a file. */
export async function driveItems(
  { client, notices }: Pick<AppModel, 'client' | 'notices'>,
  model: DriveModel,
  drive: DriveSpec,
  choose: () => void,
): Promise<MenuItem[]> {
  const texts = strings.console
  const { slot, kind, file, writeProtected, discardWrites } = drive
  const title: MenuItem = { kind: 'title', label: `${driveName(drive)}: ${mediumName(drive)}` }
  const discard: MenuItem = {
    kind: 'entry',
    label: texts.discardWrites,
    checked: discardWrites,
    run: () => model.setDrive(slot, { discardWrites: !discardWrites }),
  }
  if (kind === 'disk') return [title, discard]
  const media: MenuItem[] = [
    { kind: 'entry', label: texts.insertShort, icon: kind === 'floppy' ? 'floppy' : 'disc', run: choose },
    { kind: 'entry', label: texts.ejectShort, icon: 'eject', disabled: file === null, run: () => model.eject(slot) },
  ]
  const recent = (await notices.guard(() => client.api.media.recent({ kind }))) ?? []
  const again = recent
    .filter(({ exists, fileName }) => exists && fileName !== mediumName(drive))
    .slice(0, MOST_RECENT)
    .map(
      ({ path, fileName }): MenuItem => ({
        kind: 'entry',
        label: fileName,
        icon: 'history',
        run: () => notices.guard(() => model.insert(slot, { kind: 'path', path }), strings.failed.insert(fileName)),
      }),
    )
  const history: MenuItem[] = again.length > 0 ? [{ kind: 'title', label: texts.recent }, ...again] : []
  if (kind === 'cdrom') return [title, ...media, ...history]
  return [
    title,
    ...media,
    ...history,
    { kind: 'line' },
    {
      kind: 'entry',
      label: texts.writeProtected,
      checked: writeProtected,
      disabled: file === null,
      run: () => model.setDrive(slot, { writeProtected: !writeProtected }),
    },
    discard,
  ]
}
