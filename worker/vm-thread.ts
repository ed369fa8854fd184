/** The thread of one running machine: what a piscina worker loads (one task per machine). */
import type { MessagePort } from 'node:worker_threads'
import type { VmThreadTask } from '../core/contract/vm-thread.ts'
import { createMachine } from '../core/machine/builder.ts'
import { runMachineThread } from './vm/vm-loop.ts'

/** Runs the machine to its end. */
export function runVm(task: VmThreadTask<MessagePort>): Promise<null> {
  return runMachineThread(task, createMachine)
}
