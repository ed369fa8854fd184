/**
 * Snapshots as rows of a timeline, the newest first, with the lines that join each to what it goes on from. Branches stand in lanes
 * beside each other; the present is the first row.
 */
import type { Snapshot, SnapshotTree } from '../../../core/contract/snapshot.ts'

/** A line within one row, from lane to lane: through it, from above to its node, or from its node down. */
export interface Line {
  readonly from: number
  readonly to: number
  readonly part: 'through' | 'above' | 'below'
}

export interface SnapshotRow {
  /** Null is the present. */
  readonly snapshot: Snapshot | null
  readonly lane: number
  readonly lines: readonly Line[]
}

export interface SnapshotRows {
  readonly rows: readonly SnapshotRow[]
  readonly lanes: number
}

/** The nearest ancestor of `id`, or it itself, that is shown. */
function shownAncestor(
  id: string | null,
  byId: ReadonlyMap<string, Snapshot>,
  isShown: (snapshot: Snapshot) => boolean,
): string | null {
  const seen = new Set<string>()
  let current = id === null ? undefined : byId.get(id)
  while (current && !isShown(current) && !seen.has(current.id)) {
    seen.add(current.id)
    current = current.parent === null ? undefined : byId.get(current.parent)
  }
  return current && isShown(current) ? current.id : null
}

/** Parents before children even where the host's clock went back: the time of each, at least that of its parent. */
function orderKeys(snapshots: readonly Snapshot[], byId: ReadonlyMap<string, Snapshot>): Map<string, number> {
  const keys = new Map<string, number>()
  const keyOf = (snapshot: Snapshot): number => {
    const known = keys.get(snapshot.id)
    if (known !== undefined) return known
    const time = Date.parse(snapshot.createdAt) || 0
    // Set before asking the parent: a broken record that names itself must not go round for ever.
    keys.set(snapshot.id, time)
    const parent = snapshot.parent === null ? undefined : byId.get(snapshot.parent)
    const key = parent ? Math.max(time, keyOf(parent) + 1) : time
    keys.set(snapshot.id, key)
    return key
  }
  for (const snapshot of snapshots) keyOf(snapshot)
  return keys
}

/** Rows of `tree` with those snapshots that `isShown` lets through; children of the others hang on what is above them. */
export function snapshotRows(tree: SnapshotTree, isShown: (snapshot: Snapshot) => boolean = () => true): SnapshotRows {
  const byId = new Map(tree.snapshots.map((snapshot) => [snapshot.id, snapshot]))
  const keys = orderKeys(tree.snapshots, byId)
  const shown = tree.snapshots.filter(isShown).toSorted((a, b) => (keys.get(b.id) ?? 0) - (keys.get(a.id) ?? 0))
  /** What each lane leads down to; undefined is free. */
  const lanes: (string | undefined)[] = []
  const rows: SnapshotRow[] = []
  let width = 1
  const add = (snapshot: Snapshot | null, id: string | null, parentId: string | null) => {
    const waiting = lanes.flatMap((target, lane) => (id !== null && target === id ? [lane] : []))
    const free = lanes.indexOf(undefined)
    const lane = waiting[0] ?? (free < 0 ? lanes.length : free)
    const lines: Line[] = []
    for (const [index, target] of lanes.entries()) {
      if (target === undefined) continue
      if (waiting.includes(index)) {
        lines.push({ from: index, to: lane, part: 'above' })
        lanes[index] = undefined
      } else lines.push({ from: index, to: index, part: 'through' })
    }
    const parent = shownAncestor(parentId, byId, isShown)
    lanes[lane] = parent ?? undefined
    if (parent !== null) lines.push({ from: lane, to: lane, part: 'below' })
    width = Math.max(width, lanes.length)
    rows.push({ snapshot, lane, lines })
  }
  add(null, null, tree.parent)
  for (const snapshot of shown) add(snapshot, snapshot.id, snapshot.parent)
  return { rows, lanes: width }
}
