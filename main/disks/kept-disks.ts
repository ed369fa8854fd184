/** Disks of machines with snapshots are not changed from outside. */
import { dirname } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import { SnapshotFolder } from '../snapshots/snapshot-folder.ts'

/** Throws `vm/invalid-state` for an image in the `disks` folder of a machine that has snapshots. `what` is what was asked for. */
export async function requireNotKept(file: string, what: string): Promise<void> {
  const [entry] = await new SnapshotFolder(dirname(dirname(file))).list()
  if (!entry) return
  const name = 'record' in entry ? entry.record.spec.name : entry.id
  throw new AppError(
    'vm/invalid-state',
    `The machine ${JSON.stringify(name)} has snapshots, so its files are not ${what} from outside; name the drive of the machine instead, such as ${JSON.stringify(`${name}:hda`)}`,
    { context: { path: file } },
  )
}
