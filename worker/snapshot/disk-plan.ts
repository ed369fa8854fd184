/** Which images of a machine's folder nobody needs, and which layers of its chains can become one. */
import { join, resolve } from 'node:path'
import { listFolder, removeFile } from '../files/durable-files.ts'
import { backingOf, isOverlayFile } from './overlays.ts'

export interface DiskPlanRequest {
  /** The machine's folder for disks. */
  readonly folder: string
  /** Disks of the present and of every snapshot. */
  readonly roots: readonly string[]
  /** Disks of other machines, which may be linked clones. */
  readonly foreign: readonly string[]
  /** The present's disks while the machine runs: nothing of their chains is touched. */
  readonly inUse: readonly string[]
}

export interface DiskPlan {
  /** Each pair can become one. */
  readonly merges: readonly { readonly below: string; readonly above: string; readonly children: readonly string[] }[]
  readonly removed: readonly string[]
}

/** Chains of `roots`: each image with what it stands on. */
function follow(roots: readonly string[]): Map<string, string | undefined> {
  const known = new Map<string, string | undefined>()
  for (const root of roots)
    for (let file: string | undefined = resolve(root); file !== undefined && !known.has(file); ) {
      const below: string | undefined = backingOf(file)
      known.set(file, below)
      file = below
    }
  return known
}

/** Removes images of ours that nothing refers to, and says what else there is to do. */
export function planDisks({ folder, roots, foreign, inUse }: DiskPlanRequest): DiskPlan {
  const own = follow(roots)
  const others = follow(foreign)
  const running = follow(inUse)
  const removed: string[] = []
  for (const name of listFolder(folder)) {
    const file = join(folder, name)
    if (!isOverlayFile(file) || own.has(file) || others.has(file)) continue
    removeFile(file)
    removed.push(file)
  }
  const wanted = new Set(roots.map((root) => resolve(root)))
  const merges: DiskPlan['merges'][number][] = []
  const standingOn = (below: string) => [...own].flatMap(([file, beneath]) => (beneath === below ? [file] : []))
  for (const below of own.keys()) {
    const [above, ...more] = standingOn(below)
    if (above === undefined || more.length > 0) continue
    const free = !wanted.has(below) && !others.has(below) && !running.has(below) && !others.has(above)
    if (free && isOverlayFile(above) && above.startsWith(join(folder, '/')))
      merges.push({ below, above, children: standingOn(above) })
  }
  return { merges, removed }
}
