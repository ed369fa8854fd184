/** Who needs the images of a machine besides its present: its snapshots, and other machines that stand on them. */
import { resolve } from 'node:path'
import type { StoredMachine } from '../library/library.ts'
import { withAbsolutePaths } from '../library/machine-folder.ts'
import { SnapshotFolder } from '../snapshots/snapshot-folder.ts'
import { disksOf, type SnapshotWork } from '../snapshots/snapshot-work.ts'
import { snapshotDisks } from '../snapshots/tidy.ts'

export interface DiskUsers {
  /** What stands on the image and would be changed with it, in words. */
  keeperOf(file: string): string | undefined
  /** Whether anything but the drive in `slot` of this machine needs the image. */
  isUsedBesides(file: string, slot: string): boolean
}

interface Use {
  readonly file: string
  readonly by: string
  /** Of this machine's present; that drive alone may change the image. */
  readonly slot?: string
  /** The image is a drive's own, not what it stands on. */
  readonly isTop: boolean
  readonly isSnapshot: boolean
}

type Root = Omit<Use, 'isTop'>

/** Asks every machine of the library. A snapshot that cannot be read may need every image, so that none goes. */
export async function diskUsers(work: SnapshotWork, machine: StoredMachine): Promise<DiskUsers> {
  const roots: Root[] = []
  let isAllKnown = true
  for (const entry of work.library.entries()) {
    if (entry.kind !== 'machine') continue
    const isOwn = entry.spec.id === machine.spec.id
    const name = JSON.stringify(entry.spec.name)
    for (const { slot, file } of disksOf(withAbsolutePaths(entry.spec, entry.path)))
      if (isOwn) roots.push({ file, by: `the drive ${slot}`, isSnapshot: false, slot })
      else roots.push({ file, by: `the machine ${name}`, isSnapshot: false })
    for (const snapshot of await new SnapshotFolder(entry.path).list()) {
      if (!('record' in snapshot)) isAllKnown = false
      else if (snapshot.record.kind !== 'saved') {
        const by = `the snapshot ${JSON.stringify(snapshot.record.name)}${isOwn ? '' : ` of the machine ${name}`}`
        for (const file of snapshotDisks(snapshot.record, entry.path)) roots.push({ file, by, isSnapshot: true })
      }
    }
  }
  const uses = await follow(work, roots)
  return {
    keeperOf: (file) => uses.find((use) => use.file === resolve(file) && (use.isSnapshot || !use.isTop))?.by,
    isUsedBesides: (file, slot) => !isAllKnown || uses.some((use) => use.file === resolve(file) && use.slot !== slot),
  }
}

/** The uses of `roots` with those of what they stand on. */
async function follow({ pools }: SnapshotWork, roots: readonly Root[]): Promise<Use[]> {
  const chainsOf = (files: string[]) => pools.snapshotTask('chains', { files })
  // All at once, which a missing file among them spoils.
  const chains = await chainsOf(roots.map(({ file }) => file)).catch(() =>
    Promise.all(roots.map(async ({ file }) => (await chainsOf([file]).catch(() => []))[0] ?? [file])),
  )
  return roots.flatMap((root, at) =>
    (chains[at] ?? []).map((file, i) => ({ ...root, file: resolve(file), isTop: i === 0 })),
  )
}
