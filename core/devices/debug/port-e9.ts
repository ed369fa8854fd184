/**
 * The debug console at port 0xE9 that Bochs introduced: a byte written goes to the host, and reading gives 0xE9, by which
 * software finds out that it is there.
 */
import { z } from '../../base/schema.ts'
import { type Device, type DeviceContext, defineDevice, type StateRecord } from '../device.ts'

const PORT = 0xe9

const options = z.strictObject({})

/** Hands bytes written to port 0xE9 to the host. */
export class PortE9 implements Device {
  /** Called with each byte. */
  onByte: (byte: number) => void = () => {}
  readonly #release: () => void

  constructor(context: DeviceContext) {
    this.#release = context.ports.register(PORT, 1, {
      read8: () => PORT,
      write8: (_port, value) => this.onByte(value),
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

export const portE9 = defineDevice({
  id: 'port-e9',
  label: 'Debug console (port E9h)',
  role: 'debug',
  version: 1,
  options,
  create: (context) => new PortE9(context),
})
