/**
 * What every device of the catalogue promises, checked without knowing the chip: nothing a guest does to its ports throws, a
 * saved record is plain data, and a restored chip is indistinguishable from the one that was saved.
 */
import { expect } from 'vitest'
import type { Device, DeviceDescriptor } from '../../core/devices/device.ts'
import { createFakeContext, type FakeContext } from './fake-context.ts'
import type { Random } from './random.ts'

type AnyDescriptor = DeviceDescriptor<unknown, Device>

/** A device in a machine of its own. */
export interface Specimen {
  readonly context: FakeContext
  readonly device: Device
}

/** Creates the device with its default options. */
export function createSpecimen(descriptor: AnyDescriptor): Specimen {
  const context = createFakeContext({ vramBytes: 0x10_0000 })
  return { context, device: descriptor.create(context, descriptor.options.parse({})) }
}

/** One random access to a claimed port, or a pause of up to 20 ms of virtual time. Returns what a read gave. */
export function randomStep({ context }: Specimen, random: Random): string {
  const { ports } = context
  const claimed = ports.claimed()
  // Drawn even when there is no port, so that two machines stay in step.
  const kind = random.below(14)
  const port = claimed[random.below(Math.max(claimed.length, 1))] ?? 0xffff
  const value = random.next()
  if (kind < 4) return `${port.toString(16)} reads ${ports.read8(port)}`
  if (kind === 4) return `${port.toString(16)} reads word ${ports.read16(port)}`
  if (kind === 5) return `${port.toString(16)} reads double word ${ports.read32(port)}`
  if (kind < 11) ports.write8(port, value & 0xff)
  else if (kind === 11) ports.write16(port, value & 0xffff)
  else if (kind === 12) ports.write32(port, value)
  else context.advance(value % (random.below(4) === 0 ? 20_000_000 : 20_000))
  return ''
}

/** A fresh machine with the same memory and time, into which `saved` is restored. */
export function restoreTwin(descriptor: AnyDescriptor, original: Specimen): Specimen {
  const twin = createSpecimen(descriptor)
  twin.context.clock.restore(original.context.clock.nowNs())
  twin.context.memory.memory.ram.set(original.context.memory.memory.ram)
  twin.context.memory.memory.vram.set(original.context.memory.memory.vram)
  twin.context.memory.a20 = original.context.memory.a20
  twin.context.pci.address = original.context.pci.address
  twin.device.restore(structuredClone(original.device.save()))
  return twin
}

/** Fails unless `value` is of the plain data that saved records may hold. */
export function expectPlainData(value: unknown, path = 'record'): void {
  if (value === null || ['number', 'string', 'boolean'].includes(typeof value)) return
  if (value instanceof Uint8Array || value instanceof Uint16Array || value instanceof Uint32Array) return
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) expectPlainData(item, `${path}[${index}]`)
    return
  }
  const plain = typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype
  expect(plain, `${path} is plain data`).toBe(true)
  for (const [key, item] of Object.entries(value as object)) expectPlainData(item, `${path}.${key}`)
}

/** The levels of all interrupt wires and what the machine was asked, which a restored chip must drive as the saved one did. */
export function outputs({ context }: Specimen): unknown {
  return { irqs: context.irqWires.map((wire) => wire.level), a20: context.memory.a20 }
}
