/**
 * A port by which a guest ends its machine, at 0xF4 as test kernels expect: writing v ends the run, and the process that ran
 * the machine exits with status 2v + 1 (so that 0 can only mean that nobody asked).
 */
import { z } from '../../base/schema.ts'
import { type Device, type DeviceContext, defineDevice, type StateRecord } from '../device.ts'

const options = z.strictObject({
  port: z
    .int()
    .min(0)
    .max(0xffff)
    .default(0xf4)
    .meta({ title: 'Port', description: 'I/O port that ends the machine when it is written.' }),
})
/** Where the exit port sits. */
export type DebugExitOptions = z.infer<typeof options>

/** Turns a write into the machine action `exit`. */
export class DebugExit implements Device {
  readonly #release: () => void

  constructor(context: DeviceContext, settings: DebugExitOptions) {
    const exit = (_port: number, value: number) => context.request({ kind: 'exit', value })
    this.#release = context.ports.register(settings.port, 1, {
      read8: () => 0,
      write8: exit,
      write16: exit,
      write32: exit,
    })
  }

  reset(): void {}

  save(): StateRecord {
    return {}
  }

  restore(_record: StateRecord): void {}

  dispose(): void {
    this.#release()
  }
}

export const debugExit = defineDevice({
  id: 'debug-exit',
  label: 'Debug exit port',
  role: 'debug',
  version: 1,
  options,
  create: (context, settings) => new DebugExit(context, settings),
})
