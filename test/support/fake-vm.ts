/** Running machines with the fake machine inside: real threads, real messages, no guest. */
import { onTestFinished } from 'vitest'
import {
  MACHINE_SCHEMA_VERSION,
  type MachineSettingsInput,
  type MachineSpec,
  machineSpecSchema,
} from '../../core/contract/machine-spec.ts'
import type { RunOptions } from '../../core/contract/vm-thread.ts'
import { VmHost } from '../../main/vm/vm-host.ts'
import { ThreadPools } from '../../main/vm/vm-pool.ts'

/** The thread of the fake machine. */
export const fakeVmThread = new URL('./fake-vm-thread.ts', import.meta.url)

const plainRun: RunOptions = {
  engine: 'auto',
  debugExit: false,
  discardWrites: false,
  requireBootable: false,
  stepped: false,
}

function fakeSpec(settings: Partial<MachineSettingsInput> = {}): MachineSpec {
  return machineSpecSchema.parse({
    schemaVersion: MACHINE_SCHEMA_VERSION,
    id: '11111111-2222-4333-8444-555555555555',
    name: 'Fake',
    ...settings,
  })
}

/** Starts a fake machine that is switched off with the test. */
export function startFakeVm(settings: Partial<MachineSettingsInput> = {}, options: Partial<RunOptions> = {}): VmHost {
  const pools = new ThreadPools(fakeVmThread)
  onTestFinished(() => pools.dispose())
  return new VmHost(pools, fakeSpec(settings), { ...plainRun, ...options })
}

/** Presses and releases a key. */
export function press(vm: VmHost, code: 'F8' | 'F9' | 'F10' | 'F11' | 'F12' | 'KeyA' | 'CapsLock'): void {
  vm.send({
    type: 'keys',
    events: [
      { code, down: true },
      { code, down: false },
    ],
  })
}

/** What the machine has sent on its serial lines. */
export function collectSerial(vm: VmHost): { text: string } {
  const collected = { text: '' }
  vm.onSerial.subscribe(({ bytes }) => {
    collected.text += Buffer.from(bytes).toString('latin1')
  })
  return collected
}
