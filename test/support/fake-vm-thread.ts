/** The thread of a VM, as worker/vm-thread.ts, with the fake machine in it. */
import type { MessagePort } from 'node:worker_threads'
import type { VmThreadTask } from '../../core/contract/vm-thread.ts'
import { runMachineThread } from '../../worker/vm/vm-loop.ts'
import { createFakeMachine } from './fake-machine.ts'

export function runVm(task: VmThreadTask<MessagePort>): Promise<null> {
  return runMachineThread(task, createFakeMachine)
}
