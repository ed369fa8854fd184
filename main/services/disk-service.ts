/** Disk images behind the contract. */
import { basename, dirname, isAbsolute, resolve } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import type { Service } from '../../core/contract/api.ts'
import type { DiskWork } from '../disks/disk-work.ts'
import { requireNotKept } from '../disks/kept-disks.ts'
import type { MachineDisks } from '../disks/machine-disks.ts'
import type { CallContext, Grants } from '../ipc/call-context.ts'
import type { Machines } from '../vm/machines.ts'
import type { ThreadPools } from '../vm/vm-pool.ts'
import { requirePath } from './path-permission.ts'

/** What the service needs of the host. */
export interface DiskHost {
  readonly machines: Machines
  readonly pools: ThreadPools
  readonly work: DiskWork
  readonly disks: MachineDisks
}

/** `path`, which the caller may name. */
function permitted(grants: Grants, path: string): string {
  if (!isAbsolute(path)) throw new AppError('ipc/invalid-argument', `The path of an image is absolute: ${path}`)
  requirePath(grants, path)
  return resolve(path)
}

export function createDiskService({ machines, pools, work, disks }: DiskHost): Service<'disk', CallContext> {
  /** An image that is read. One that names further files could name any: who may not name those may not use it. */
  const readable = async (grants: Grants, path: string) => {
    const file = permitted(grants, path)
    if (!grants.hostPaths) await pools.inspectMedium(file, basename(file), true)
    return file
  }
  return {
    ofMachine: ({ id }) => disks.list(id),

    async info({ disk }, { grants }) {
      if (disk.kind === 'drive') return disks.info(disk.id, disk.slot)
      return work.info(await readable(grants, disk.path))
    },

    create({ task, ...image }, { grants }) {
      return work.call(task, async (call) => {
        const file = permitted(grants, image.file)
        if (image.backing !== null) await readable(grants, resolve(dirname(file), image.backing))
        return work.run<'create'>({ type: 'create', ...image, file }, call)
      })
    },

    async add({ id, slot, disk }) {
      await disks.add(id, slot, disk)
      await machines.cards.tell()
      return machines.card(id)
    },

    check({ disk, repair, task }, { grants }) {
      return work.call(task, async (call) => {
        if (disk.kind === 'drive') return disks.check(disk.id, disk.slot, repair, call)
        const file = await readable(grants, disk.path)
        if (repair) await requireNotKept(file, 'repaired')
        return work.run<'check'>({ type: 'check', file, repair }, call)
      })
    },

    compact({ disk, task }, { grants }) {
      return work.call(task, async (call) => {
        if (disk.kind === 'drive') return disks.compact(disk.id, disk.slot, call)
        const file = await readable(grants, disk.path)
        await requireNotKept(file, 'compacted')
        return work.run<'compact'>({ type: 'compact', file }, call)
      })
    },

    resize({ disk, sizeBytes, shrink, task }, { grants }) {
      return work.call(task, async (call) => {
        if (disk.kind === 'drive') return disks.resize(disk.id, disk.slot, { sizeBytes, shrink }, call)
        const file = await readable(grants, disk.path)
        await requireNotKept(file, 'made larger or smaller')
        return work.run<'resize'>({ type: 'resize', file, sizeBytes, shrink }, call)
      })
    },

    convert({ disk, target, task, ...image }, { grants }) {
      return work.call(task, async (call) => {
        if (target === null) {
          if (disk.kind === 'file') throw new AppError('ipc/invalid-argument', 'A file is converted into another one')
          const info = await disks.replace(disk.id, disk.slot, image, call)
          await machines.cards.tell()
          return info
        }
        const to = permitted(grants, target)
        if (image.overwrite) await requireNotKept(to, 'overwritten')
        if (disk.kind === 'drive') return disks.copy(disk.id, disk.slot, { target: to, ...image }, call)
        const file = await readable(grants, disk.path)
        return work.run<'convert'>({ type: 'convert', file, target: to, ...image }, call)
      })
    },

    cancel({ task }) {
      work.cancel(task)
      return null
    },
  }
}
