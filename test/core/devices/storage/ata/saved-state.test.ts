import { describe, expect, it } from 'vitest'
import { MemoryBlockDevice } from '../../../../../core/disk/memory-block-device.ts'
import { expectPlainData } from '../../../../support/contracts.ts'
import { blankDisc, createIdeMachine, type IdeMachine } from '../../../../support/ide-machine.ts'
import { Random } from '../../../../support/random.ts'

const SECTORS = 4000
const COMMANDS = [
  ...[0x00, 0x08, 0x10, 0x20, 0x24, 0x25, 0x27, 0x29, 0x30, 0x34, 0x35, 0x39, 0x40, 0x42, 0x70, 0x90, 0x91, 0xa0, 0xa0],
  ...[0xa1, 0xb0, 0xc4, 0xc5, 0xc6, 0xc8, 0xca, 0xe0, 0xe3, 0xe4, 0xe5, 0xe7, 0xe8, 0xea, 0xec, 0xef, 0xf8, 0xff],
]
const PACKETS = [
  0x00, 0x03, 0x12, 0x15, 0x1a, 0x1b, 0x1e, 0x25, 0x28, 0x28, 0x43, 0x46, 0x4a, 0x51, 0x55, 0x5a, 0xa8, 0xbd, 0xbe,
]

async function machine(bytes = new Uint8Array(SECTORS * 512)): Promise<IdeMachine & { bytes: Uint8Array }> {
  const second = new MemoryBlockDevice(new Uint8Array(SECTORS * 512))
  return { ...(await createIdeMachine({ disk: new MemoryBlockDevice(bytes), second, disc: blankDisc() })), bytes }
}

/** One thing that a confused driver might do. Returns what it saw. */
function step({ context }: IdeMachine, random: Random): number {
  const { ports, memory } = context
  const base = random.pick([0x1f0, 0x170])
  const bus = 0xc000 + 8 * random.below(2)
  const kind = random.below(20)
  const value = random.next()
  if (kind === 0) ports.write8(base + 7, random.pick(COMMANDS))
  else if (kind < 4) {
    // A command that makes sense as far as its address goes.
    ports.write8(base + 6, 0xe0 | (value & 0x10))
    const registers = [random.below(2), 1 + random.below(4), value & 0xff, (value >>> 8) & 15, 0]
    for (const [i, register] of registers.entries()) ports.write8(base + 1 + i, register)
    ports.write8(base + 7, random.pick(COMMANDS))
  } else if (kind === 4) ports.write8(base + 1 + random.below(6), value & 0xff)
  else if (kind === 5) ports.write8(base + 0x206, random.below(16) === 0 ? value & 0x86 : 0)
  else if (kind === 6) return ports.read8(base + random.below(8))
  else if (kind < 9) for (let i = 0; i < 256; i++) ports.write16(base, value >>> (i & 15))
  else if (kind < 11) {
    let sum = 0
    for (let i = 0; i < 256; i++) sum = (sum * 31 + ports.read16(base)) | 0
    return sum
  } else if (kind === 11) {
    ports.write8(base + 1, random.below(2))
    ports.write8(base + 7, 0xa0)
    const packet = [random.pick(PACKETS), 0, 0, 0, value & 1, value >>> 24, 0, 0, (value >>> 8) & 7, 0x10, 0, 0]
    for (let i = 0; i < 12; i += 2) ports.write16(base, (packet[i] ?? 0) | ((packet[i + 1] ?? 0) << 8))
  } else if (kind === 12) {
    memory.write(0x1000, 4, (value & 0x1f_ffff) + 0x3000)
    memory.write(0x1004, 4, (value & 0xffff) | (value & 0x8000_0000))
    memory.write(0x1008, 4, 0x3000)
    memory.write(0x100c, 4, 0x8000_0000 | (value >>> 16))
    ports.write32(bus + 4, 0x1000)
    ports.write8(bus, 9)
  } else if (kind === 13) ports.write8(bus + random.below(4), value & 0xff)
  else if (kind === 14) return ports.read32(bus)
  else context.advance(value % 200_000)
  return 0
}

const observe = ({ context }: IdeMachine) => [context.irqWires[14]?.level, context.irqWires[15]?.level]

describe('an IDE controller with drives', () => {
  it.each([1, 2, 3])('survives ten thousand confused accesses (seed %i)', async (seed) => {
    const specimen = await machine()
    const random = new Random(seed)
    for (let i = 0; i < 10_000; i++) step(specimen, random)
    // The confusion reached the disk and the memory, and so was no harmless one.
    expect(specimen.bytes.some((byte) => byte !== 0)).toBe(true)
    expect(specimen.context.memory.memory.ram.subarray(0x3000).some((byte) => byte !== 0)).toBe(true)
    specimen.controller.reset()
    expect([specimen.context.ports.read8(0x1f7), specimen.context.ports.read8(0x177)]).toEqual([0x50, 0])
    expect(observe(specimen)).toEqual([false, false])
    specimen.controller.dispose()
  })

  it.each([4, 5, 6])('goes on after a restore as if nothing had happened (seed %i)', async (seed) => {
    const original = await machine()
    const random = new Random(seed)
    for (let round = 0; round < 15; round++) {
      for (let i = 0; i < 150; i++) step(original, random)
      const twin = await machine(original.bytes.slice())
      twin.context.clock.restore(original.context.clock.nowNs())
      twin.context.memory.memory.ram.set(original.context.memory.memory.ram)
      const record = original.controller.save()
      expectPlainData(record)
      twin.controller.restore(structuredClone(record))
      expect(twin.controller.save()).toEqual(record)
      const continuation = random.next()
      const [left, right] = [new Random(continuation), new Random(continuation)]
      for (let i = 0; i < 100; i++) expect(step(twin, left)).toBe(step(original, right))
      expect(twin.controller.save()).toEqual(original.controller.save())
      expect(observe(twin)).toEqual(observe(original))
      expect(Buffer.compare(twin.bytes, original.bytes)).toBe(0)
      const [mine, theirs] = [twin.context.memory.memory.ram, original.context.memory.memory.ram]
      expect(Buffer.compare(mine.slice(), theirs.slice())).toBe(0)
    }
  })
})
