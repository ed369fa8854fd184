/** Viewers behind the contract. */
import { AppError } from '../../core/base/errors.ts'
import type { Service } from '../../core/contract/api.ts'
import type { CallContext } from '../ipc/call-context.ts'
import { ConsoleSubscription } from '../vm/console-subscription.ts'
import type { Machines } from '../vm/machines.ts'

/** Consoles that one connection may watch at once. */
const MAX_PER_CONNECTION = 256

interface OpenConsole {
  readonly machineId: string
  readonly subscription: ConsoleSubscription
}

export function createConsoleService(machines: Machines): Service<'console', CallContext> {
  const byConnection = new WeakMap<CallContext, Map<number, OpenConsole>>()
  let lastId = 0
  const consolesOf = (context: CallContext) => {
    const known = byConnection.get(context)
    if (known) return known
    const consoles = new Map<number, OpenConsole>()
    byConnection.set(context, consoles)
    context.onEnd(() => {
      for (const { machineId, subscription } of consoles.values()) machines.removeViewer(machineId, subscription)
      consoles.clear()
    })
    return consoles
  }
  return {
    open({ id, maxFramesPerSecond, serialPorts }, context) {
      const consoles = consolesOf(context)
      if (consoles.size >= MAX_PER_CONNECTION)
        throw new AppError('ipc/forbidden', `At most ${MAX_PER_CONNECTION} consoles at once`)
      machines.library.machine(id)
      const subscriptionId = ++lastId
      const subscription = new ConsoleSubscription(subscriptionId, context, maxFramesPerSecond, serialPorts)
      consoles.set(subscriptionId, { machineId: id, subscription })
      // After the answer, which tells the client the number that the messages carry.
      setImmediate(() => {
        if (consoles.has(subscriptionId)) machines.addViewer(id, subscription)
      })
      return { subscriptionId }
    },
    close({ subscriptionId }, context) {
      const consoles = consolesOf(context)
      const open = consoles.get(subscriptionId)
      if (open) machines.removeViewer(open.machineId, open.subscription)
      consoles.delete(subscriptionId)
      return null
    },
    frameDrawn({ subscriptionId, sequence }, context) {
      consolesOf(context).get(subscriptionId)?.subscription.drawn(sequence)
      return null
    },
    sendSerial({ id, port, data, binary }) {
      machines.running(id).send({ type: 'serial', port, bytes: Buffer.from(data, binary ? 'latin1' : 'utf8') })
      return null
    },
  }
}
