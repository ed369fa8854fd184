/** Running machines behind the contract. */
import type { Service } from '../../core/contract/api.ts'
import type { CallContext } from '../ipc/call-context.ts'
import { freeFilePath } from '../library/media-files.ts'
import { toMachineStats } from '../vm/machine-stats.ts'
import type { Machines } from '../vm/machines.ts'
import { encodePng } from '../vm/png-picture.ts'
import type { ThreadPools } from '../vm/vm-pool.ts'
import { openSource } from './media-source.ts'

export function createMachineService(machines: Machines, pools: ThreadPools): Service<'machine', CallContext> {
  return {
    async start({ id, discardWrites }) {
      await machines.start(id, { discardWrites })
      return machines.card(id)
    },
    async pause({ id }) {
      await machines.running(id).pause()
      return machines.card(id)
    },
    async resume({ id }) {
      await machines.running(id).resume()
      return machines.card(id)
    },
    async reset({ id }) {
      await machines.running(id).call({ type: 'reset' })
      return machines.card(id)
    },
    async powerOff({ id }) {
      await machines.powerOff(id)
      return machines.card(id)
    },
    async pressPowerButton({ id }) {
      await machines.running(id).call({ type: 'power-button' })
      return machines.card(id)
    },
    stats: async ({ id }) => toMachineStats(id, await machines.running(id).call({ type: 'stats' })),
    profile: ({ id, seconds }) => machines.running(id).profile(seconds),

    keys({ id, events }) {
      machines.running(id).send({ type: 'keys', events })
      return null
    },
    typeText({ id, text, layout = machines.library.machine(id).spec.keyboardLayout, skipMissing }) {
      return machines.running(id).call({ type: 'type-text', text, layout, skipMissing })
    },
    mouse({ id, events }) {
      machines.running(id).send({ type: 'mouse', events })
      return null
    },

    async insertMedia({ id, slot, source, writeProtected }, context) {
      const { path: folder } = machines.library.machine(id)
      const opened = await openSource(source, context, (path) => machines.media.has(path))
      try {
        let file = opened.path
        if (!opened.stays) {
          await pools.inspectMedium(opened.path, opened.fileName, true)
          file = await freeFilePath(`${folder}/media`, opened.fileName)
          await opened.putInto(file, () => {})
        }
        await machines.insert(id, slot, file, writeProtected)
      } finally {
        await opened.discard()
      }
      return machines.card(id)
    },
    async setDrive({ id, slot, writeProtected, discardWrites }) {
      await machines.setDrive(id, slot, {
        ...(writeProtected !== undefined && { writeProtected }),
        ...(discardWrites !== undefined && { discardWrites }),
      })
      return machines.card(id)
    },
    async ejectMedia({ id, slot }) {
      await machines.eject(id, slot)
      return machines.card(id)
    },

    screenText: ({ id }) => machines.running(id).call({ type: 'screen-text' }),
    async screenshot({ id }) {
      const vm = machines.running(id)
      await vm.call({ type: 'draw' })
      const { widthPx, heightPx, png } = encodePng(vm.picture)
      return { widthPx, heightPx, pngBase64: png.toString('base64') }
    },
  }
}
