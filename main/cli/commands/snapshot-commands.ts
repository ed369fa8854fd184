/** Commands on snapshots: take, restore, delete, list, tree, rename, pin; clone, save; export. */
import { resolve } from 'node:path'
import { AppError } from '../../../core/base/errors.ts'
import type { Client } from '../../../core/contract/client.ts'
import type { MachineCard } from '../../../core/contract/machine-card.ts'
import type { Snapshot, SnapshotTree } from '../../../core/contract/snapshot.ts'
import { type JsonFlag, print, table } from '../output.ts'
import { findMachine, withClient } from '../session.ts'

const MIB = 2 ** 20

/** The snapshot called `name`: its identity, its name, or the only one whose name or identity begins so. */
function findSnapshot({ snapshots }: SnapshotTree, name: string): Snapshot {
  const wanted = name.toLowerCase()
  const matching = (test: (text: string) => boolean) =>
    snapshots.filter((snapshot) => test(snapshot.id) || test(snapshot.name.toLowerCase()))
  const exact = matching((text) => text === wanted)
  const found = exact.length > 0 ? exact : matching((text) => text.startsWith(wanted))
  const [snapshot, ...others] = found
  if (!snapshot) throw new AppError('vm/not-found', `The machine has no snapshot ${JSON.stringify(name)}`)
  if (others.length > 0)
    throw new AppError(
      'vm/not-found',
      `Several snapshots are called ${JSON.stringify(name)}: ${found.map(({ id }) => id).join(', ')}`,
    )
  return snapshot
}

/** Runs `work` with the machine called `name` and its snapshots. */
function onMachine<T>(
  name: string,
  work: (client: Client, card: MachineCard, tree: SnapshotTree) => Promise<T>,
): Promise<T> {
  return withClient(async (client) => {
    const card = await findMachine(client, name)
    return work(client, card, await client.api.snapshot.tree({ id: card.id }))
  })
}

export interface TakeFlags extends JsonFlag {
  readonly name?: string
  readonly description?: string
}

export async function take(name: string, flags: TakeFlags): Promise<void> {
  await onMachine(name, async ({ api }, { id }) => {
    const snapshot = await api.snapshot.take({
      id,
      ...(flags.name === undefined ? {} : { name: flags.name }),
      ...(flags.description === undefined ? {} : { description: flags.description }),
    })
    print(flags, snapshot, `Took ${snapshot.name}`)
  })
}

export async function restore(
  name: string,
  wanted: string,
  flags: JsonFlag & { readonly keep?: boolean },
): Promise<void> {
  await onMachine(name, async ({ api }, { id }, tree) => {
    const snapshot = findSnapshot(tree, wanted)
    const card = await api.snapshot.restore({ id, snapshot: snapshot.id, keepPresent: flags.keep ?? true })
    print(flags, card, `Restored ${snapshot.name}`)
  })
}

export async function remove(name: string, wanted: string, flags: JsonFlag): Promise<void> {
  await onMachine(name, async ({ api }, { id }, tree) => {
    const snapshot = findSnapshot(tree, wanted)
    const after = await api.snapshot.delete({ id, snapshot: snapshot.id })
    print(flags, after, `Deleted ${snapshot.name}`)
  })
}

export async function list(name: string, flags: JsonFlag): Promise<void> {
  await onMachine(name, async (_, __, tree) => print(flags, tree, table(tree.snapshots.map(row))))
}

function row(snapshot: Snapshot): string[] {
  const { name, createdAt, machineState, kind, pinned, sizeBytes, problem } = snapshot
  const remarks = [machineState, ...(kind === 'automatic' ? ['automatic'] : []), ...(pinned ? ['pinned'] : [])]
  if (problem !== null) return [snapshot.id, 'broken', problem]
  return [name, createdAt.slice(0, 16).replace('T', ' '), `${(sizeBytes / MIB).toFixed(1)} MiB`, remarks.join(', ')]
}

export async function tree(name: string, flags: JsonFlag): Promise<void> {
  await onMachine(name, async (_, __, found) => print(flags, found, drawTree(found).join('\n')))
}

/** One line a snapshot, children under their parent; the present where it goes on. */
export function drawTree({ snapshots, parent, savedAt }: SnapshotTree): string[] {
  const present = savedAt === null ? '(present)' : '(present, with a saved state)'
  const branch = (of: string | null, indent: string): string[] => {
    const children = snapshots.filter((snapshot) => snapshot.parent === of)
    const here = of === parent ? [present] : []
    const items = [...children, ...here]
    return items.flatMap((item, i) => {
      const isLast = i === items.length - 1
      const [line, below] = isLast ? ['└─ ', '   '] : ['├─ ', '│  ']
      if (typeof item === 'string') return [indent + line + item]
      return [indent + line + row(item).join('  '), ...branch(item.id, indent + below)]
    })
  }
  return branch(null, '')
}

export async function rename(
  name: string,
  wanted: string,
  title: string,
  flags: JsonFlag & { readonly description?: string },
): Promise<void> {
  await change(name, wanted, flags, {
    name: title,
    ...(flags.description === undefined ? {} : { description: flags.description }),
  })
}

export async function pin(name: string, wanted: string, flags: JsonFlag & { readonly off?: boolean }): Promise<void> {
  await change(name, wanted, flags, { pinned: !flags.off })
}

async function change(
  name: string,
  wanted: string,
  flags: JsonFlag,
  changes: { name?: string; description?: string; pinned?: boolean },
): Promise<void> {
  await onMachine(name, async ({ api }, { id }, found) => {
    const snapshot = findSnapshot(found, wanted)
    print(flags, await api.snapshot.update({ id, snapshot: snapshot.id, ...changes }), '')
  })
}

export interface CloneFlags extends JsonFlag {
  readonly name?: string
  readonly snapshot?: string
  readonly linked?: boolean
}

export async function clone(name: string, flags: CloneFlags): Promise<void> {
  await onMachine(name, async ({ api }, { id }, found) => {
    const snapshot = flags.snapshot === undefined ? null : findSnapshot(found, flags.snapshot).id
    const card = await api.snapshot.clone({
      id,
      snapshot,
      linked: flags.linked ?? false,
      ...(flags.name === undefined ? {} : { name: flags.name }),
    })
    print(flags, card, `Created ${card.spec.name}`)
  })
}

export async function save(name: string, flags: JsonFlag & { readonly discard?: boolean }): Promise<void> {
  await withClient(async (client) => {
    const { id, spec } = await findMachine(client, name)
    const card = await (flags.discard ? client.api.snapshot.discardState({ id }) : client.api.snapshot.save({ id }))
    print(flags, card, flags.discard ? `Forgot the saved state of ${spec.name}` : `Saved ${spec.name}`)
  })
}

export async function exportMachine(name: string, file: string, flags: JsonFlag): Promise<void> {
  await withClient(async (client) => {
    const { id, spec } = await findMachine(client, name)
    const path = resolve(file)
    const result = await withProgress(client, flags, () => client.api.snapshot.exportMachine({ id, file: path }))
    print(flags, { file: path, ...result }, `Exported ${spec.name}: ${(result.bytes / MIB).toFixed(1)} MiB`)
  })
}

/** Shows how far long work is, where a person watches. */
export async function withProgress<T>(client: Client, flags: JsonFlag, work: () => Promise<T>): Promise<T> {
  if (flags.json || !process.stderr.isTTY) return work()
  const unsubscribe = client.on('snapshot-progress', ({ doneBytes, totalBytes }) => {
    process.stderr.write(`\r${Math.floor((doneBytes * 100) / Math.max(totalBytes, 1))} %`)
  })
  try {
    return await work()
  } finally {
    unsubscribe()
    process.stderr.write('\r      \r')
  }
}
