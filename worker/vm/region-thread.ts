/** The machine's side of the thread that compiles. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { FinishedOrder, RegionThread } from '../../core/cpu/jit/compiler.ts'
import type { CompilerMessage } from '../compiler-thread.ts'

/** Connects a machine, whose shared memory `memory` is, to the thread at the other end of `port`. */
export function regionThread(port: MessagePort, memory: SharedArrayBuffer): RegionThread {
  const post = (message: CompilerMessage) => port.postMessage(message)
  post({ memory })
  return {
    order: (order) => post({ order }),
    take: () => receiveMessageOnPort(port)?.message as FinishedOrder | undefined,
  }
}
