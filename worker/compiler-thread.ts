/** The thread that compiles hot code for all machines: a piscina worker with one endless task for each of them. */
import type { MessagePort } from 'node:worker_threads'
import { expandRows } from '../core/cpu/decode/forms.ts'
import { ROWS } from '../core/cpu/isa/index.ts'
import type { FinishedOrder } from '../core/cpu/jit/compiler.ts'
import type { RegionOrder } from '../core/cpu/jit/region-maker.ts'
import { RegionMaker } from '../core/cpu/jit/region-maker.ts'

/** What a machine's thread sends: first its shared memory, then orders. */
export type CompilerMessage = { readonly memory: SharedArrayBuffer } | { readonly order: RegionOrder }

const { forms } = expandRows(ROWS)

/** Serves the machine at the other end of `port` until it has ended. */
export function serveCompiler({ port }: { port: MessagePort }): Promise<null> {
  let maker: RegionMaker | undefined
  port.on('message', (message: CompilerMessage) => {
    if ('memory' in message) maker = new RegionMaker(message.memory, forms)
    else if (maker) {
      const done = carryOut(maker, message.order)
      // The module is made at the other end: one made here would live until this isolate's next collection of garbage.
      port.postMessage(done, done.made ? [done.made.code.buffer] : [])
    }
  })
  return new Promise((resolve) => port.once('close', () => resolve(null)))
}

function carryOut(maker: RegionMaker, order: RegionOrder): FinishedOrder {
  const { serial } = order
  const beganMs = performance.now()
  try {
    return { serial, made: maker.make(order), ns: (performance.now() - beganMs) * 1e6 }
  } catch {
    // The guest has changed the code while it was read.
    return { serial, made: undefined, ns: (performance.now() - beganMs) * 1e6 }
  }
}
