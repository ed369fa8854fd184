/** Files that become machines, behind the contract. */
import type { Service } from '../../core/contract/api.ts'
import type { Imports } from '../imports/imports.ts'
import type { CallContext } from '../ipc/call-context.ts'
import type { Machines } from '../vm/machines.ts'

export function createImportService(machines: Machines, imports: Imports): Service<'import', CallContext> {
  return {
    inspect: ({ importId, sources }, context) => imports.inspect(importId, sources, context),
    choose: ({ itemId, member }, context) => imports.choose(itemId, member, context),
    retarget: ({ itemId, template }, context) => imports.retarget(itemId, template, context),
    async create({ itemId, ...edits }, context) {
      const { spec } = await imports.create(itemId, edits, context)
      await machines.cards.tell()
      machines.happened(spec.id, 'created', '')
      return machines.card(spec.id)
    },
    async cancel({ id }, context) {
      await imports.cancel(id, context)
      return null
    },
  }
}
