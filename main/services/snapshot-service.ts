/** Snapshots behind the contract. */
import { resolve } from 'node:path'
import type { Service } from '../../core/contract/api.ts'
import type { CallContext } from '../ipc/call-context.ts'
import type { Snapshots } from '../snapshots/snapshots.ts'
import type { Machines } from '../vm/machines.ts'
import { requirePath } from './path-permission.ts'

export function createSnapshotService(machines: Machines, snapshots: Snapshots): Service<'snapshot', CallContext> {
  /** The card after work that changed what it shows. */
  const told = async (id: string) => {
    await machines.cards.tell()
    return machines.card(id)
  }
  return {
    tree: ({ id }) => snapshots.tree(id),
    async take({ id, name, description }) {
      const taken = await snapshots.take(id, { name, description })
      machines.happened(id, 'snapshot-taken', taken.name)
      return taken
    },
    async restore({ id, snapshot, keepPresent }) {
      await snapshots.restore(id, snapshot, keepPresent)
      machines.happened(id, 'snapshot-restored')
      return told(id)
    },
    async delete({ id, snapshot }) {
      const tree = await snapshots.delete(id, snapshot)
      machines.happened(id, 'snapshot-deleted')
      return tree
    },
    update: ({ id, snapshot, name, description, pinned }) =>
      snapshots.update(id, snapshot, {
        ...(name === undefined ? {} : { name }),
        ...(description === undefined ? {} : { description }),
        ...(pinned === undefined ? {} : { pinned }),
      }),
    async clone({ id, snapshot, name, linked }) {
      const { spec } = await snapshots.clone(id, { snapshot, name, linked })
      return told(spec.id)
    },
    async save({ id }) {
      await snapshots.save(id)
      machines.happened(id, 'saved')
      return told(id)
    },
    async discardState({ id }) {
      await snapshots.discardState(id)
      return told(id)
    },
    exportMachine({ id, file }, { grants }) {
      requirePath(grants, file)
      return snapshots.exportMachine(id, resolve(file))
    },
    async importMachine({ file, name }, { grants }) {
      requirePath(grants, file)
      const { spec } = await snapshots.importMachine(resolve(file), name)
      return told(spec.id)
    },
  }
}
