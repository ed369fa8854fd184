import { describe, expect, it } from 'vitest'
import { FLOPPY_FORMATS, type FloppyFormat, floppySectors } from '../../../../../core/disk/floppy-formats.ts'
import { MemoryBlockDevice } from '../../../../../core/disk/memory-block-device.ts'
import { RawDisk } from '../../../../../core/disk/raw.ts'
import { createFloppyMachine } from '../../../../support/floppy-machine.ts'
import { MemoryByteStore } from '../../../../support/memory-byte-store.ts'
import { Random } from '../../../../support/random.ts'

const FORMAT_1440 = FLOPPY_FORMATS[0] as FloppyFormat
/** Data rate codes for CCR. */
const RATE_CODES: Readonly<Record<number, number>> = { 500: 0, 300: 1, 250: 2, 1000: 3 }

/** A disk whose sectors each begin with their number. */
function numbered(format: FloppyFormat = FORMAT_1440, readOnly = false): MemoryBlockDevice {
  const bytes = new Uint8Array(floppySectors(format) * 512)
  const view = new DataView(bytes.buffer)
  for (let lba = 0; lba < floppySectors(format); lba++) view.setUint32(lba * 512, lba, true)
  return new MemoryBlockDevice(bytes, { readOnly })
}

async function machine(disk = numbered(), options: Record<string, unknown> = {}) {
  const made = createFloppyMachine(options)
  made.controller.insert(0, disk)
  await made.host.reset()
  return { ...made, disk, wire: made.context.irqWires[6] }
}

const number = (data: Uint8Array, sector = 0) =>
  new DataView(data.buffer, data.byteOffset).getUint32(sector * 512, true)

describe('the floppy controller after a reset', () => {
  it('is silent until it is released, and interrupts when it is ready', async () => {
    const { context } = createFloppyMachine()
    const { ports, irqWires } = context
    expect([ports.read8(0x3f4), ports.read8(0x3f2)]).toEqual([0, 0])
    ports.write8(0x3f2, 0x0c)
    expect([ports.read8(0x3f4), irqWires[6]?.level]).toEqual([0, false])
    context.advance(1_000_000)
    expect([ports.read8(0x3f4), irqWires[6]?.level]).toEqual([0x80, true])
  })

  it('keeps its interrupt behind the gate', () => {
    const { context } = createFloppyMachine()
    context.ports.write8(0x3f2, 0x04)
    context.advance(1_000_000)
    expect(context.irqWires[6]?.level).toBe(false)
    context.ports.write8(0x3f2, 0x0c)
    expect(context.irqWires[6]?.level).toBe(true)
  })

  it('can be reset through the data rate register too, and forgets a half command', async () => {
    const { context, host } = await machine()
    context.ports.write8(0x3f5, 0x03)
    context.ports.write8(0x3f4, 0x80)
    await host.ready()
    expect([context.ports.read8(0x3f4), await host.command(0x08)]).toEqual([0x80, [0xc0, 0]])
  })

  it('forgets the configuration unless it was locked', async () => {
    const { host } = await machine()
    const configuration = async () => (await host.command(0x0e)).slice(7)
    await host.command(0x13, 0, 0x47, 5)
    expect(await configuration()).toEqual([0, 0x47, 5])
    await host.reset()
    expect(await configuration()).toEqual([0, 0x20, 0])
    await host.command(0x13, 0, 0x47, 5)
    expect(await host.command(0x94)).toEqual([0x10])
    await host.reset()
    expect(await configuration()).toEqual([0x80, 0x07, 5])
    await host.command(0x12, 0x8c)
    expect((await configuration())[0]).toBe(0x8c)
  })

  it('has nothing to sense once another command was given', async () => {
    const { context, host } = createFloppyMachine()
    context.ports.write8(0x3f2, 0x0c)
    await host.ready()
    await host.command(0x03, 0x8f, 0x02)
    expect(await host.command(0x08)).toEqual([0x80])
  })
})

describe('seeks', () => {
  it('run at once in several drives, show them busy, and end with an interrupt each', async () => {
    const { context, host, wire } = await machine(numbered(), { driveB: '1440k' })
    await host.command(0x0f, 0, 20)
    await host.command(0x0f, 5, 5)
    expect(context.ports.read8(0x3f4)).toBe(0x83)
    expect(wire?.level).toBe(false)
    context.advance(10_000_000)
    expect(wire?.level).toBe(true)
    expect([await host.command(0x08), wire?.level]).toEqual([[0x20, 20], true])
    expect([await host.command(0x08), wire?.level]).toEqual([[0x25, 5], false])
    expect(context.ports.read8(0x3f4)).toBe(0x80)
  })

  it('report a drive that is not there when it is recalibrated', async () => {
    const { host } = await machine()
    expect(await host.seek(0x07, 1)).toEqual([0x71, 0])
    expect(await host.command(0x04, 1)).toEqual([0x29])
  })

  it('take more than one recalibration from the innermost tracks', async () => {
    const { host } = await machine()
    await host.seek(0x0f, 0, 82)
    expect(await host.seek(0x07, 0)).toEqual([0x70, 3])
    expect(await host.seek(0x07, 0)).toEqual([0x20, 0])
    expect(await host.command(0x04, 0)).toEqual([0x38])
  })

  it('clear the disk change line with a step, when there is a disk', async () => {
    const { context, controller, host } = await machine()
    const line = () => context.ports.read8(0x3f7) & 0x80
    expect(line()).toBe(0x80)
    await host.seek(0x07, 0)
    expect(line()).toBe(0x80)
    await host.seek(0x0f, 0, 1)
    expect(line()).toBe(0)
    controller.insert(0, undefined)
    await host.seek(0x0f, 0, 2)
    expect(line()).toBe(0x80)
    controller.insert(0, numbered())
    expect(line()).toBe(0x80)
    await host.seek(0x0f, 0, 1)
    expect(line()).toBe(0)
    await host.motor(0x0d)
    expect(line()).toBe(0)
  })

  it('happen by themselves when implied seeks are configured', async () => {
    const { host } = await machine()
    const read = () => host.read(512, 0x46, 0, 30, 0, 1, 2, 18, 0x1b, 0xff)
    expect((await read()).result).toEqual([0x40, 0x04, 0x10, 30, 0, 1, 2])
    await host.command(0x13, 0, 0x50, 0)
    expect(number((await read()).data)).toBe(30 * 36)
  })
})

describe('formats', () => {
  it.each(FLOPPY_FORMATS.map((format) => [format.cylinders, format.heads, format.sectorsPerTrack, format] as const))(
    'of %i tracks, %i sides and %i sectors are read in the first and the last sector',
    async (cylinders, heads, sectors, format) => {
      const first = FLOPPY_FORMATS.find((other) => floppySectors(other) === floppySectors(format))
      // Of two formats with one size an image can only be taken for the first.
      if (first !== format) return
      const { controller, host } = await machine(numbered(format))
      expect(controller.driveType(0)).toBe(format.drive)
      await host.rate(RATE_CODES[format.rateKbps] ?? 0)
      const at = async (cylinder: number, head: number, sector: number) => {
        await host.seek(0x0f, head << 2, format.drive === '1200k' && cylinders <= 42 ? cylinder * 2 : cylinder)
        const { data, result } = await host.read(512, 0x46, head << 2, cylinder, head, sector, 2, sectors, 0x1b, 0xff)
        expect(result[0]).toBe(head << 2)
        return number(data)
      }
      expect(await at(0, 0, 1)).toBe(0)
      expect(await at(cylinders - 1, heads - 1, sectors)).toBe(floppySectors(format) - 1)
    },
  )

  it('are told apart by their data rate', async () => {
    const { host } = await machine(numbered(FLOPPY_FORMATS[1] as FloppyFormat))
    const heard: number[] = []
    for (const code of [0, 1, 2, 3]) {
      await host.rate(code)
      if ((await host.command(0x4a, 0))[0] === 0) heard.push(code)
    }
    expect(heard).toEqual([2])
    expect((await host.command(0x0a, 0)).slice(0, 3)).toEqual([0x40, 0x01, 0])
  })

  it('with 40 tracks are under a head that steps twice, or that is told to be on the track', async () => {
    const { host } = await machine(numbered(FLOPPY_FORMATS[4] as FloppyFormat))
    await host.rate(1)
    await host.seek(0x0f, 0, 20)
    expect(await host.command(0x4a, 0)).toEqual([0, 0, 0, 10, 0, 1, 2])
    expect(number((await host.read(512, 0x46, 0, 10, 0, 1, 2, 9, 0x2a, 0xff)).data)).toBe(180)
    expect(number((await host.read(512, 0x46, 0, 20, 0, 1, 2, 9, 0x2a, 0xff)).data)).toBe(360)
    expect((await host.read(512, 0x46, 0, 15, 0, 1, 2, 9, 0x2a, 0xff)).result.slice(0, 3)).toEqual([0x40, 0x04, 0x10])
  })

  it('with one side have nothing on the other', async () => {
    const { host } = await machine(numbered(FLOPPY_FORMATS[6] as FloppyFormat))
    await host.rate(1)
    expect((await host.command(0x4a, 4)).slice(0, 3)).toEqual([0x44, 0x01, 0])
  })
})

describe('reading', () => {
  it('ends normally at terminal count, and abnormally at the end of the cylinder without it', async () => {
    const { host } = await machine()
    expect((await host.read(1024, 0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff)).result).toEqual([0, 0, 0, 0, 0, 3, 2])
    expect((await host.read(1024, 0x46, 0, 0, 0, 18, 2, 18, 0x1b, 0xff)).result).toEqual([0x40, 0x80, 0, 1, 0, 1, 2])
    expect((await host.read(1024, 0xc6, 0, 0, 0, 18, 2, 18, 0x1b, 0xff)).result).toEqual([4, 0, 0, 0, 1, 2, 2])
    expect((await host.read(1024, 0xc6, 4, 0, 1, 18, 2, 18, 0x1b, 0xff)).result).toEqual([0x44, 0x80, 0, 1, 0, 1, 2])
  })

  it('misses sectors, cylinders, sizes and sides that are not there', async () => {
    const { host } = await machine()
    const fail = async (...id: number[]) => (await host.read(512, 0x46, 0, ...id, 21, 0x1b, 0xff)).result.slice(0, 3)
    expect(await fail(0, 0, 19, 2)).toEqual([0x40, 0x04, 0])
    expect(await fail(0, 0, 0, 2)).toEqual([0x40, 0x04, 0])
    expect(await fail(0, 0, 1, 3)).toEqual([0x40, 0x04, 0])
    expect(await fail(0, 1, 1, 2)).toEqual([0x40, 0x04, 0])
    expect(await fail(5, 0, 1, 2)).toEqual([0x40, 0x04, 0x10])
    expect(await fail(0xff, 0, 1, 2)).toEqual([0x40, 0x04, 0x02])
  })

  it('finds an ID on every formatted track, and a missing mark beyond', async () => {
    const { host } = await machine()
    await host.seek(0x0f, 0, 79)
    expect(await host.command(0x4a, 4)).toEqual([4, 0, 0, 79, 1, 1, 2])
    await host.seek(0x0f, 0, 80)
    expect((await host.command(0x4a, 0)).slice(0, 3)).toEqual([0x40, 0x01, 0])
  })

  it('by READ TRACK takes the sectors in their order, and says when an ID differs', async () => {
    const { host } = await machine()
    const whole = await host.read(18 * 512, 0x42, 0, 0, 0, 1, 2, 18, 0x1b, 0xff)
    expect([whole.result[0], whole.result[1], number(whole.data), number(whole.data, 17)]).toEqual([0, 0, 0, 17])
    const shifted = await host.read(2 * 512, 0x42, 0, 0, 0, 5, 2, 18, 0x1b, 0xff)
    expect([shifted.result[1], number(shifted.data), number(shifted.data, 1)]).toEqual([0x04, 0, 1])
  })

  it('of deleted data finds a sector with an ordinary mark, or skips all', async () => {
    const { host } = await machine()
    const { data, result } = await host.read(1024, 0x4c, 0, 0, 0, 3, 2, 18, 0x1b, 0xff)
    expect([number(data), result.slice(0, 3)]).toEqual([2, [0, 0, 0x40]])
    const skipped = await host.read(1024, 0x6c, 0, 0, 0, 3, 2, 18, 0x1b, 0xff)
    expect(skipped.result.slice(0, 3)).toEqual([0x40, 0x80, 0])
  })

  it('by VERIFY moves nothing, and counts sectors when it is told to', async () => {
    const { host } = await machine()
    expect(await host.command(0x56, 0, 0, 0, 1, 2, 18, 0x1b, 0xff)).toEqual([0, 0, 0, 1, 0, 1, 2])
    expect(await host.command(0x56, 0x80, 0, 0, 5, 2, 18, 0x1b, 3)).toEqual([0, 0, 0, 0, 0, 8, 2])
    expect((await host.command(0x56, 0, 0, 0, 19, 2, 21, 0x1b, 0xff)).slice(0, 2)).toEqual([0x40, 0x04])
  })

  it('waits for a DMA channel that is still masked, and gives up after half a second', async () => {
    const { context, host } = await machine()
    await host.chips.out8(0x0a, 6)
    for (const byte of [0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff]) context.ports.write8(0x3f5, byte)
    context.advance(100_000_000)
    expect(context.ports.read8(0x3f4)).toBe(0x10)
    await host.dma(512, true)
    expect((await host.result())[0]).toBe(0)
    await host.chips.out8(0x0a, 6)
    for (const byte of [0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff]) context.ports.write8(0x3f5, byte)
    context.advance(600_000_000)
    expect((await host.result()).slice(0, 3)).toEqual([0x40, 0x10, 0])
  })
})

describe('programmed transfers', () => {
  async function withoutDma(disk = numbered()) {
    const made = await machine(disk)
    await made.host.command(0x03, 0x8f, 0x03)
    return made
  }

  it('read byte by byte, with an interrupt for each', async () => {
    const { context, host, wire } = await withoutDma()
    for (const byte of [0x46, 0, 0, 0, 17, 2, 18, 0x1b, 0xff]) context.ports.write8(0x3f5, byte)
    const data = new Uint8Array(1024)
    const before = wire?.rises ?? 0
    for (let i = 0; i < 1024; i++) {
      expect(await host.ready()).toBe(0xf0)
      data[i] = context.ports.read8(0x3f5)
    }
    expect([number(data), number(data, 1)]).toEqual([16, 17])
    expect(await host.result()).toEqual([0x40, 0x80, 0, 1, 0, 1, 2])
    expect((wire?.rises ?? 0) - before).toBe(1025)
  })

  it('write byte by byte', async () => {
    const { context, disk, host } = await withoutDma()
    for (const byte of [0x45, 0, 0, 0, 18, 2, 18, 0x1b, 0xff]) context.ports.write8(0x3f5, byte)
    for (let i = 0; i < 512; i++) {
      expect(await host.ready()).toBe(0xb0)
      context.ports.write8(0x3f5, i & 0xff)
    }
    expect((await host.result()).slice(0, 2)).toEqual([0x40, 0x80])
    expect([...disk.bytes.subarray(17 * 512, 17 * 512 + 4)]).toEqual([0, 1, 2, 3])
  })

  it('give the same data as DMA', async () => {
    const random = new Random(0xd)
    const { host } = await machine()
    const programmed = await withoutDma()
    for (let i = 0; i < 5; i++) {
      const sector = 1 + random.below(18)
      const { data } = await host.read(512, 0x46, 0, 0, 0, sector, 2, sector, 0x1b, 0xff)
      for (const byte of [0x46, 0, 0, 0, sector, 2, sector, 0x1b, 0xff]) programmed.context.ports.write8(0x3f5, byte)
      await programmed.host.ready()
      const bytes = Uint8Array.from({ length: 512 }, () => programmed.context.ports.read8(0x3f5))
      expect(bytes).toEqual(data)
      await programmed.host.result()
    }
  })
})

describe('writing', () => {
  it('fills a sector that terminal count cut off with zeros', async () => {
    const { disk, host } = await machine()
    disk.bytes.fill(0xff, 0, 1024)
    expect((await host.write(new Uint8Array(700).fill(7), 0x45, 0, 0, 0, 1, 2, 18, 0x1b, 0xff))[0]).toBe(0)
    expect([disk.bytes[699], disk.bytes[700], disk.bytes[1023]]).toEqual([7, 0, 0])
  })

  it('is refused by a protected disk, which its drive shows', async () => {
    const { host } = await machine(numbered(FORMAT_1440, true))
    expect((await host.write(new Uint8Array(512), 0x45, 0, 0, 0, 1, 2, 18, 0x1b, 0xff)).slice(0, 2)).toEqual([
      0x40, 0x02,
    ])
    expect((await host.write(new Uint8Array(72), 0x4d, 0, 2, 18, 0x6c, 0xf6)).slice(0, 2)).toEqual([0x40, 0x02])
    expect(await host.command(0x04, 0)).toEqual([0x78])
  })

  it('formats a track with the filler byte', async () => {
    const { disk, host } = await machine()
    await host.seek(0x0f, 4, 40)
    const ids = Uint8Array.from(Array.from({ length: 18 }, (_, i) => [40, 1, i + 1, 2]).flat())
    expect((await host.write(ids, 0x4d, 4, 2, 18, 0x6c, 0xf6)).slice(0, 3)).toEqual([4, 0, 0])
    const start = (40 * 2 + 1) * 18 * 512
    expect(disk.bytes.subarray(start, start + 18 * 512).every((byte) => byte === 0xf6)).toBe(true)
    expect([disk.bytes[start - 512], disk.bytes[start + 18 * 512]]).toEqual([1457 & 0xff, 1476 & 0xff])
  })

  it('cannot format a track in another format', async () => {
    const { host } = await machine()
    const ids = Uint8Array.from(Array.from({ length: 9 }, (_, i) => [0, 0, i + 1, 2]).flat())
    expect((await host.write(ids, 0x4d, 0, 2, 9, 0x50, 0xf6)).slice(0, 2)).toEqual([0x40, 0x04])
  })

  it.each([
    [0x51, 'equal', [0x00, 0x08], [0x00, 0x04], [0x00, 0x04]],
    [0x59, 'low or equal', [0x00, 0x08], [0x00, 0x00], [0x00, 0x04]],
    [0x5d, 'high or equal', [0x00, 0x08], [0x00, 0x04], [0x00, 0x00]],
  ])('by SCAN (%i) compares for %s', async (command, _name, equal, diskLower, diskHigher) => {
    const { disk, host } = await machine()
    const scan = async (value: number) => {
      disk.bytes.fill(0x40, 0, 512)
      const [st0, , st2] = await host.write(new Uint8Array(512).fill(value), command, 0, 0, 0, 1, 2, 1, 0x1b, 1)
      return [st0, st2]
    }
    expect(await scan(0x40)).toEqual(equal)
    expect(await scan(0xff)).toEqual(equal)
    expect(await scan(0x41)).toEqual(diskLower)
    expect(await scan(0x3f)).toEqual(diskHigher)
  })
})

describe('what can go wrong', () => {
  it('on the host is a data error for the guest and a word for the machine', async () => {
    const store = new MemoryByteStore(1_474_560)
    const { controller, host } = await machine(new RawDisk(store) as unknown as MemoryBlockDevice)
    const errors: string[] = []
    controller.onHostError = (unit, error) => errors.push(`${unit} ${error.code}`)
    store.failing = true
    expect((await host.read(512, 0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff)).result.slice(0, 3)).toEqual([0x40, 0x20, 0x20])
    expect((await host.write(new Uint8Array(512), 0x45, 0, 0, 0, 1, 2, 18, 0x1b, 0xff)).slice(0, 3)).toEqual([
      0x40, 0x20, 0x20,
    ])
    expect(errors).toEqual(['0 disk/io', '0 disk/io'])
  })

  it('without a disk is a missing mark in a fast drive', async () => {
    const { controller, host } = await machine()
    controller.insert(0, undefined)
    expect((await host.read(512, 0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff)).result.slice(0, 2)).toEqual([0x40, 0x01])
    expect(controller.insert(1, numbered())).toBe(false)
  })

  it('without a disk or a motor is waiting for ever in an accurate drive', async () => {
    const { context, controller, host } = await machine(numbered(), { fast: false })
    controller.insert(0, undefined)
    for (const byte of [0x4a, 0]) context.ports.write8(0x3f5, byte)
    context.advance(60e9)
    expect(context.ports.read8(0x3f4)).toBe(0x10)
    controller.insert(0, numbered())
    await host.reset()
    await host.motor(0x0c)
    for (const byte of [0x4a, 0]) context.ports.write8(0x3f5, byte)
    context.advance(60e9)
    expect(context.ports.read8(0x3f4)).toBe(0x10)
  })
})

describe('an accurate drive', () => {
  it('turns five times a second and steps as SPECIFY says', async () => {
    const { context, host } = await machine(numbered(), { fast: false })
    context.advance(1e9)
    const time = async (action: () => Promise<unknown>) => {
      const beforeNs = context.clock.nowNs()
      await action()
      return (context.clock.nowNs() - beforeNs) / 1e6
    }
    const read = () => host.read(18 * 512, 0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff)
    await read()
    const turnMs = await time(read)
    expect(turnMs).toBeGreaterThan(199)
    expect(turnMs).toBeLessThan(401)
    const seekMs = await time(() => host.seek(0x0f, 0, 10))
    expect(seekMs).toBeGreaterThan(80)
    expect(seekMs).toBeLessThan(110)
  })
})

describe('saved state', () => {
  const COMMANDS = [
    0x46, 0xc6, 0x45, 0xc5, 0x4a, 0x4d, 0x42, 0x56, 0x51, 0x07, 0x0f, 0x08, 0x08, 0x0e, 0x10, 0x13, 0x03, 0x04, 0x94,
    0x1e,
  ]

  function step({ context }: Awaited<ReturnType<typeof machine>>, random: Random): number {
    const { ports } = context
    const kind = random.below(16)
    const value = random.next()
    if (kind === 0) ports.write8(0x3f5, random.pick(COMMANDS))
    else if (kind < 4) {
      // Now and then a whole command, when the controller takes one.
      if (ports.read8(0x3f4) !== 0x80) return 0
      const id = [0, value & 4, 0, (value & 4) >>> 2, 1 + (value >>> 28), 2, 18, 0x1b, 0xff]
      for (const byte of [random.pick(COMMANDS), ...id.slice(1)]) ports.write8(0x3f5, byte)
    } else if (kind < 6) ports.write8(0x3f5, random.pick([0, 1, 2, 4, 18]))
    else if (kind < 9) return ports.read8(0x3f5)
    else if (kind === 9) return ports.read8(0x3f4) | (ports.read8(0x3f7) << 8)
    else if (kind === 10) ports.write8(0x3f2, random.below(4) ? 0x1c | (value & 1) : value & 0xff)
    else if (kind === 11) ports.write8(0x3f7, random.below(4) ? 0 : value & 3)
    else if (kind === 12) {
      const setup: [number, number][] = [
        [0x0a, 6],
        [0x0c, 0],
        [0x0b, value & 1 ? 0x46 : 0x4a],
        [0x05, value >>> 24],
        [0x05, 3],
        [0x0a, 2],
      ]
      for (const [port, byte] of setup) ports.write8(port, byte)
    } else context.advance(value % 500_000)
    return 0
  }

  it.each([1, 2, 3])('survives ten thousand confused accesses (seed %i)', async (seed) => {
    const specimen = await machine(numbered(), { driveB: '1440k' })
    const before = specimen.disk.bytes.slice()
    const random = new Random(seed)
    for (let i = 0; i < 10_000; i++) step(specimen, random)
    expect(Buffer.compare(specimen.disk.bytes, before)).not.toBe(0)
    specimen.controller.reset()
    expect([specimen.wire?.level, specimen.context.ports.read8(0x3f4)]).toEqual([false, 0])
    specimen.controller.dispose()
  })

  it.each([4, 5])('goes on after a restore as if nothing had happened (seed %i)', async (seed) => {
    const original = await machine()
    const random = new Random(seed)
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 200; i++) step(original, random)
      const twin = await machine(new MemoryBlockDevice(original.disk.bytes.slice()))
      twin.context.clock.restore(original.context.clock.nowNs())
      // The DMA controllers differ from here on, so the channel is masked in both.
      for (const { context } of [original, twin]) context.ports.write8(0x0a, 6)
      twin.controller.restore(structuredClone(original.controller.save()))
      expect(twin.controller.save()).toEqual(original.controller.save())
      const continuation = random.next()
      const [left, right] = [new Random(continuation), new Random(continuation)]
      for (let i = 0; i < 100; i++) {
        expect(step(twin, left)).toBe(step(original, right))
        for (const { context } of [original, twin]) context.ports.write8(0x0a, 6)
      }
      expect(twin.controller.save()).toEqual(original.controller.save())
      expect(twin.wire?.level).toBe(original.wire?.level)
    }
  })
})
