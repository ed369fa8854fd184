/** A machine with a real DMA controller and the floppy controller, and nothing else. */
import { i8237 } from '../../core/devices/chipset/i8237.ts'
import { type I82077aa, i82077aa } from '../../core/devices/storage/i82077aa/i82077aa.ts'
import { chipAccess } from './chip-access.ts'
import { createFakeContext, type FakeContext } from './fake-context.ts'
import { FloppyHost } from './floppy-host.ts'

export interface FloppyMachine {
  readonly context: FakeContext
  readonly controller: I82077aa
  readonly host: FloppyHost
}

/** `options` as in the catalogue. */
export function createFloppyMachine(options: Record<string, unknown> = {}): FloppyMachine {
  // The controller asks for its channel when it is made, by which time there is a DMA controller to give it.
  const context = createFakeContext({ dma: { channel: (number) => dma.channel(number) } })
  const dma = i8237.create(context, i8237.options.parse({}))
  const controller = i82077aa.create(context, i82077aa.options.parse(options))
  return { context, controller, host: new FloppyHost(chipAccess(context)) }
}
