/** The recent past of machines and of the host behind the contract. */
import type { Service } from '../../core/contract/api.ts'
import type { CallContext } from '../ipc/call-context.ts'
import type { HostMeter } from '../vm/host-meter.ts'
import type { Machines } from '../vm/machines.ts'

export function createStatsService(machines: Machines, meter: HostMeter): Service<'stats', CallContext> {
  return {
    machine: ({ id, seconds }) => machines.samples(id, seconds),
    host: ({ seconds }) => meter.history.since(seconds, Date.now()),
  }
}
