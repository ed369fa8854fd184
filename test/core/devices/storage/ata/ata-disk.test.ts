import { describe, expect, it } from 'vitest'
import type { BlockDevice } from '../../../../../core/disk/block-device.ts'
import { MemoryBlockDevice } from '../../../../../core/disk/memory-block-device.ts'
import { OverlayDisk } from '../../../../../core/disk/overlay.ts'
import { RawDisk } from '../../../../../core/disk/raw.ts'
import { AtaHost, lba28, lba48 } from '../../../../support/ata-host.ts'
import { chipAccess } from '../../../../support/chip-access.ts'
import { createIdeMachine, IDE_DISK_SECTORS } from '../../../../support/ide-machine.ts'
import { MemoryByteStore } from '../../../../support/memory-byte-store.ts'
import { Random } from '../../../../support/random.ts'

const DELAY_NS = 25_000
const SUCCESS = 0x50
const FAILURE = 0x51

function randomDisk(seed: number, sectors = IDE_DISK_SECTORS): MemoryBlockDevice {
  const random = new Random(seed)
  const disk = new MemoryBlockDevice(
    new Uint8Array(Uint32Array.from({ length: sectors * 128 }, () => random.next()).buffer),
  )
  disk.bytes.fill(0, 510, 512)
  return disk
}

/** A disk of any size that has content nowhere. */
function endlessDisk(sectors: number): BlockDevice {
  const zeros: BlockDevice = {
    sectorBytes: 512,
    sectors,
    readOnly: false,
    readSectors: (_lba, count, into, offset = 0) => into.fill(0, offset, offset + count * 512),
    writeSectors: () => {},
    flush: () => {},
    close: () => {},
  }
  return new OverlayDisk(zeros)
}

describe('the interrupt of a disk', () => {
  it('comes after the delay, never with the command, and goes when the status is read', async () => {
    const { context, disk } = await createIdeMachine()
    const wire = context.irqWires[14]
    await disk.issue({ command: 0x10 })
    expect([wire?.level, context.ports.read8(0x1f7) & 0x80]).toEqual([false, 0x80])
    context.advance(DELAY_NS - 1)
    expect(wire?.level).toBe(false)
    context.advance(1)
    expect([wire?.level, context.ports.read8(0x3f6)]).toEqual([true, SUCCESS])
    expect(wire?.level).toBe(true)
    expect(context.ports.read8(0x1f7)).toBe(SUCCESS)
    expect(wire?.level).toBe(false)
  })

  it('stays off the line while nIEN is set, and appears when it is cleared', async () => {
    const { context, disk } = await createIdeMachine()
    context.ports.write8(0x3f6, 2)
    await disk.issue({ command: 0x10 })
    context.advance(DELAY_NS)
    expect(context.irqWires[14]?.level).toBe(false)
    context.ports.write8(0x3f6, 0)
    expect(context.irqWires[14]?.level).toBe(true)
  })

  it('comes once for each block that is read, and not after the last', async () => {
    const { context, disk } = await createIdeMachine()
    await disk.issue({ command: 0x20, ...lba28(0, 3) })
    for (let block = 0; block < 3; block++) {
      context.advance(DELAY_NS)
      expect([context.irqWires[14]?.rises, context.ports.read8(0x1f7)]).toEqual([block + 1, 0x58])
      await disk.chips.inWords(0x1f0, 256)
    }
    expect(context.ports.read8(0x3f6)).toBe(SUCCESS)
    context.advance(1_000_000)
    expect(context.irqWires[14]?.rises).toBe(3)
  })

  it('comes after each block that is written, and not before the first', async () => {
    const { context, disk } = await createIdeMachine()
    await disk.issue({ command: 0x30, ...lba28(0, 2) })
    expect([context.ports.read8(0x3f6), context.irqWires[14]?.level]).toEqual([0x58, false])
    await disk.chips.outWords(0x1f0, new Uint8Array(512))
    expect(context.ports.read8(0x3f6)).toBe(0x80)
    context.advance(DELAY_NS)
    expect([context.ports.read8(0x3f6), context.irqWires[14]?.level]).toEqual([0x58, true])
    expect(context.ports.read8(0x1f7)).toBe(0x58)
    await disk.chips.outWords(0x1f0, new Uint8Array(512))
    context.advance(DELAY_NS)
    expect([context.ports.read8(0x1f7), context.irqWires[14]?.rises]).toEqual([SUCCESS, 2])
  })

  it('is remembered by the bus master also for commands without DMA', async () => {
    const { context, disk } = await createIdeMachine()
    await disk.command({ command: 0x10 })
    expect(context.ports.read8(0xc002) & 4).toBe(4)
    context.ports.write8(0xc002, 4)
    expect(context.ports.read8(0xc002) & 4).toBe(0)
  })
})

describe('the registers of a channel', () => {
  it('show the previous bytes while HOB is set, until something is written', async () => {
    const { ports } = (await createIdeMachine()).context
    const registers = [2, 3, 4, 5]
    for (const value of [0x10, 0x20]) for (const register of registers) ports.write8(0x1f0 + register, value + register)
    const read = () => registers.map((register) => ports.read8(0x1f0 + register))
    expect(read()).toEqual([0x22, 0x23, 0x24, 0x25])
    ports.write8(0x3f6, 0x80)
    expect(read()).toEqual([0x12, 0x13, 0x14, 0x15])
    ports.write8(0x1f2, 0x77)
    expect(read()).toEqual([0x77, 0x23, 0x24, 0x25])
    ports.write8(0x3f6, 0x80)
    expect(read()).toEqual([0x22, 0x13, 0x14, 0x15])
  })

  it('are written in both drives, and read in the selected one', async () => {
    const { context } = await createIdeMachine({ second: new MemoryBlockDevice(new Uint8Array(512 * 1000)) })
    const { ports } = context
    ports.write8(0x1f6, 0xa0)
    ports.write8(0x1f3, 0x77)
    ports.write8(0x1f6, 0xb5)
    expect([ports.read8(0x1f3), ports.read8(0x1f6)]).toEqual([0x77, 0xb5])
  })

  it('answer for a slave that is not there with a status of zero, and an empty channel with zeros', async () => {
    const { context } = await createIdeMachine()
    context.ports.write8(0x1f6, 0xb0)
    context.ports.write8(0x1f7, 0xec)
    context.advance(1_000_000)
    expect([context.ports.read8(0x1f7), context.ports.read8(0x3f6)]).toEqual([0, 0])
    context.ports.write8(0x176, 0xb0)
    expect(
      [0, 1, 2, 3, 4, 5, 7].map((register) => context.ports.read8(0x170 + register) * (register === 7 ? 1 : 0)),
    ).toEqual(new Array(7).fill(0))
  })

  it('take no command while busy or while data is wanted', async () => {
    const { context, disk } = await createIdeMachine({ disk: randomDisk(1) })
    await disk.issue({ command: 0x20, ...lba28(0, 1) })
    context.ports.write8(0x1f7, 0x10)
    await disk.idle()
    expect(context.ports.read8(0x3f6)).toBe(0x58)
    context.ports.write8(0x1f7, 0x10)
    expect(context.ports.read8(0x3f6)).toBe(0x58)
  })

  it('tell that both drives have passed their diagnostics, with the signature of the first', async () => {
    const { context, disk } = await createIdeMachine({ second: new MemoryBlockDevice(new Uint8Array(512 * 1000)) })
    context.ports.write8(0x1f6, 0xb0)
    context.ports.write8(0x1f7, 0x90)
    expect(await disk.result()).toEqual({ status: SUCCESS, error: 1, count: 1, low: 1, mid: 0, high: 0 })
    expect([context.irqWires[14]?.rises, context.ports.read8(0x1f6)]).toEqual([1, 0xa0])
  })

  it('are busy through a software reset, which ends whatever runs', async () => {
    const { context, disk } = await createIdeMachine()
    await disk.issue({ command: 0x30, ...lba28(5, 4) })
    context.ports.write8(0x3f6, 4)
    context.advance(10_000_000)
    expect(context.ports.read8(0x3f6)).toBe(0x80)
    context.ports.write8(0x3f6, 0)
    expect(context.ports.read8(0x3f6)).toBe(0x80)
    expect(await disk.result()).toEqual({ status: SUCCESS, error: 1, count: 1, low: 1, mid: 0, high: 0 })
    expect(context.irqWires[14]?.rises).toBe(0)
  })

  it('move two words in one access of 32 bits, and one in a byte access', async () => {
    const data = randomDisk(2)
    const { context, disk } = await createIdeMachine({ disk: data })
    await disk.issue({ command: 0x20, ...lba28(3, 1) })
    await disk.idle()
    const view = new DataView(data.bytes.buffer, 3 * 512)
    expect(context.ports.read32(0x1f0)).toBe(view.getUint32(0, true))
    expect(context.ports.read8(0x1f0)).toBe(view.getUint8(4))
    expect(context.ports.read16(0x1f0)).toBe(view.getUint16(6, true))
  })
})

describe('sectors of a disk', () => {
  it('are the same by every command that reads', async () => {
    const data = randomDisk(3)
    const { disk } = await createIdeMachine({ disk: data })
    const random = new Random(33)
    for (let i = 0; i < 20; i++) {
      const count = 1 + random.below(60)
      const lba = random.below(IDE_DISK_SECTORS - count)
      const bytes = count * 512
      const reads = [
        (await disk.readPio({ command: 0x20, ...lba28(lba, count) }, bytes)).data,
        (await disk.readPio({ command: 0x24, ...lba48(lba, count) }, bytes)).data,
        (await disk.readPio({ command: 0xc4, ...lba28(lba, count) }, bytes, 16 * 512)).data,
        (await disk.readDma({ command: 0xc8, ...lba28(lba, count) }, bytes)).data,
        (await disk.readDma({ command: 0x25, ...lba48(lba, count) }, bytes)).data,
      ]
      for (const read of reads) expect(Buffer.compare(read, data.bytes.subarray(lba * 512, lba * 512 + bytes))).toBe(0)
    }
  })

  it('become the same by every command that writes', async () => {
    const target = new MemoryBlockDevice(new Uint8Array(IDE_DISK_SECTORS * 512))
    const { disk } = await createIdeMachine({ disk: target })
    const random = new Random(34)
    const model = target.bytes.slice()
    for (let i = 0; i < 30; i++) {
      const count = 1 + random.below(40)
      const lba = random.below(IDE_DISK_SECTORS - count)
      const data = Uint8Array.from({ length: count * 512 }, () => random.below(256))
      const command = random.pick([0x30, 0x34, 0xc5, 0xca, 0x35, 0x39, 0x3c, 0x3d, 0xce])
      const extended = [0x34, 0x35, 0x39, 0x3d, 0xce].includes(command)
      const registers = extended ? lba48(lba, count) : lba28(lba, count)
      const dma = [0xca, 0x35, 0x3d].includes(command)
      const multiple = [0xc5, 0x39, 0xce].includes(command)
      const { status } = dma
        ? (await disk.writeDma({ command, ...registers }, data)).result
        : await disk.writePio({ command, ...registers }, data, multiple ? 16 * 512 : 512)
      expect(status).toBe(SUCCESS)
      model.set(data, lba * 512)
    }
    expect(Buffer.compare(target.bytes, model)).toBe(0)
  })

  it('are counted by zero as 256, or 65536 with 48 bits', async () => {
    const data = randomDisk(4)
    const { disk } = await createIdeMachine({ disk: data, second: endlessDisk(100_000) })
    const short = await disk.readPio({ command: 0x20, ...lba28(0, 0) }, 256 * 512)
    expect(Buffer.compare(short.data, data.bytes.subarray(0, 256 * 512))).toBe(0)
    const second = new AtaHost(disk.chips, 0, 1)
    expect(await second.command({ command: 0x42, ...lba48(0, 0) })).toMatchObject({
      status: SUCCESS,
      low: 0xff,
      mid: 0xff,
    })
  })

  it('beyond 2 TiB are reached with 48 bits', async () => {
    const sectors = 2 ** 36
    const { disk } = await createIdeMachine({ disk: endlessDisk(sectors) })
    const data = new Uint8Array(512).fill(0x5a)
    const lba = sectors - 1
    expect((await disk.writePio({ command: 0x34, ...lba48(lba, 1) }, data)).status).toBe(SUCCESS)
    expect((await disk.readPio({ command: 0x24, ...lba48(lba, 1) }, 512)).data).toEqual(data)
    const identify = new DataView((await disk.readPio({ command: 0xec }, 512)).data.slice().buffer)
    expect(identify.getBigUint64(200, true)).toBe(BigInt(sectors))
    expect(identify.getUint32(120, true)).toBe(0x0fff_ffff)
  })

  it('that are not there fail with their address in the registers, after those that are', async () => {
    const data = randomDisk(5)
    const { disk } = await createIdeMachine({ disk: data })
    const last = IDE_DISK_SECTORS - 2
    const { data: read, result } = await disk.readPio({ command: 0x20, ...lba28(last, 5) }, 5 * 512)
    expect(Buffer.compare(read, data.bytes.subarray(last * 512))).toBe(0)
    const address = { low: IDE_DISK_SECTORS & 0xff, mid: (IDE_DISK_SECTORS >>> 8) & 0xff, high: 0 }
    expect(result).toEqual({ status: FAILURE, error: 0x10, count: 3, ...address })
    expect(await disk.command({ command: 0x40, ...lba28(last, 5) })).toEqual(result)
    expect(await disk.command({ command: 0x20, ...lba28(IDE_DISK_SECTORS, 1) })).toMatchObject({
      status: FAILURE,
      error: 0x10,
    })
    expect(await disk.writePio({ command: 0x30, ...lba28(last, 3) }, new Uint8Array(1536))).toMatchObject({
      status: FAILURE,
      error: 0x10,
    })
    expect(await disk.command({ command: 0x70, ...lba28(IDE_DISK_SECTORS, 1) })).toMatchObject({ error: 0x10 })
  })

  it('by cylinder, head and sector follow the geometry that INITIALIZE DEVICE PARAMETERS sets', async () => {
    const data = randomDisk(6)
    const { disk } = await createIdeMachine({ disk: data })
    expect((await disk.command({ command: 0x91, count: 26, device: 0xa7 })).status).toBe(SUCCESS)
    const read = await disk.readPio({ command: 0x20, count: 2, low: 26, mid: 2, high: 0, device: 0xa7 }, 1024)
    const lba = (2 * 8 + 7) * 26 + 25
    expect(Buffer.compare(read.data, data.bytes.subarray(lba * 512, lba * 512 + 1024))).toBe(0)
    expect(read.result).toMatchObject({ status: SUCCESS, count: 0, low: 1, mid: 3, high: 0 })
    for (const wrong of [{ low: 0 }, { low: 27 }, { mid: 0xff }])
      expect(await disk.command({ command: 0x20, count: 1, low: 1, device: 0xa0, ...wrong })).toMatchObject({
        error: 0x10,
      })
    expect(await disk.command({ command: 0x91, count: 0, device: 0xa7 })).toMatchObject({ status: FAILURE, error: 4 })
    expect(await disk.command({ command: 0x20, count: 1, low: 1, device: 0xa0 })).toMatchObject({ error: 0x10 })
  })
})

describe('DMA', () => {
  it('waits for the bus master when the command comes first', async () => {
    const data = randomDisk(7)
    const { context, disk } = await createIdeMachine({ disk: data })
    const { ports, memory } = context
    memory.write(0x1000, 4, 0x3000)
    memory.write(0x1004, 4, 0x8000_0200)
    await disk.issue({ command: 0xc8, ...lba28(9, 1) })
    context.advance(10_000_000)
    expect(ports.read8(0x3f6)).toBe(0x58)
    ports.write32(0xc004, 0x1000)
    ports.write8(0xc000, 9)
    expect(ports.read8(0xc002) & 5).toBe(1)
    context.advance(DELAY_NS)
    expect([ports.read8(0xc002) & 5, ports.read8(0x3f6)]).toEqual([4, SUCCESS])
    expect(memory.read(0x3000, 4)).toBe(new DataView(data.bytes.buffer).getUint32(9 * 512, true))
  })

  it('goes on with a new table when the first one was too short', async () => {
    const data = randomDisk(8)
    const { context, disk } = await createIdeMachine({ disk: data })
    const first = await disk.dma({ command: 0xc8, ...lba28(0, 4) }, true, [{ gpa: 0x10_0000, bytes: 700 }])
    expect(first).toMatchObject({ busMaster: 0, result: { status: 0x58 } })
    context.memory.write(0x1000, 4, 0x11_0000)
    context.memory.write(0x1004, 4, 0x8000_0000 | (2048 - 700))
    context.ports.write32(0xc004, 0x1000)
    context.ports.write8(0xc000, 9)
    expect((await disk.finishDma()).result.status).toBe(SUCCESS)
    const memory = new Uint8Array(2048)
    context.memory.readBytes(0x10_0000, memory, 0, 700)
    context.memory.readBytes(0x11_0000, memory, 700, 2048 - 700)
    expect(Buffer.compare(memory, data.bytes.subarray(0, 2048))).toBe(0)
  })

  it('stays active after a transfer that was shorter than its table', async () => {
    const { disk } = await createIdeMachine()
    const end = await disk.dma({ command: 0xc8, ...lba28(0, 1) }, true, [{ gpa: 0x10_0000, bytes: 1024 }])
    expect(end).toMatchObject({ busMaster: 5, result: { status: SUCCESS } })
  })

  it('takes a count of zero for 64 KiB, and runs into address zero after 4 GiB without harm', async () => {
    const data = randomDisk(9)
    const { context, disk } = await createIdeMachine({ disk: data })
    const whole = await disk.dma({ command: 0xc8, ...lba28(0, 128) }, true, [{ gpa: 0x20_0000, bytes: 0 }])
    expect(whole).toMatchObject({ busMaster: 4, result: { status: SUCCESS } })
    const memory = new Uint8Array(0x1_0000)
    context.memory.readBytes(0x20_0000, memory)
    expect(Buffer.compare(memory, data.bytes.subarray(0, 0x1_0000))).toBe(0)
    const wrapped = await disk.dma({ command: 0xc8, ...lba28(0, 2) }, true, [{ gpa: 0xffff_fe00, bytes: 1024 }])
    expect(wrapped.result.status).toBe(SUCCESS)
    context.memory.readBytes(0, memory, 0, 512)
    expect(Buffer.compare(memory.subarray(0, 512), data.bytes.subarray(512, 1024))).toBe(0)
  })

  it('moves nothing while the function may not be a bus master', async () => {
    const { context, disk } = await createIdeMachine({ disk: randomDisk(10) })
    context.pci.writeConfig(1, 1, 4, 2, 1)
    const end = await disk.dma({ command: 0xc8, ...lba28(0, 1) }, true, [{ gpa: 0x10_0000, bytes: 512 }])
    expect(end).toMatchObject({ busMaster: 1, result: { status: 0x58 } })
  })

  it('goes on when the function is made a bus master in the middle', async () => {
    const { context, disk } = await createIdeMachine({ disk: randomDisk(10) })
    const { ports, memory } = context
    context.pci.writeConfig(1, 1, 4, 2, 1)
    memory.write(0x1000, 4, 0x3000)
    memory.write(0x1004, 4, 0x8000_0200)
    ports.write32(0xc004, 0x1000)
    ports.write8(0xc000, 9)
    await disk.issue({ command: 0xc8, ...lba28(0, 1) })
    context.advance(1_000_000)
    context.pci.writeConfig(1, 1, 4, 2, 5)
    expect(await disk.finishDma()).toMatchObject({ busMaster: 4, result: { status: SUCCESS } })
  })

  it('writes only sectors that have come whole', async () => {
    const target = new MemoryBlockDevice(new Uint8Array(IDE_DISK_SECTORS * 512))
    const { context, disk } = await createIdeMachine({ disk: target })
    context.memory.memory.ram.fill(0xab, 0x10_0000, 0x10_1000)
    const end = await disk.dma({ command: 0xca, ...lba28(0, 200) }, false, [{ gpa: 0x10_0000, bytes: 0x800 }])
    expect(end.busMaster).toBe(0)
    expect(target.bytes.subarray(0, 0x1_0000).every((byte) => byte === 0)).toBe(true)
  })

  it('reads back through a bus master what its registers were given', async () => {
    const { context } = await createIdeMachine()
    const { ports } = context
    ports.write32(0xc004, 0x1234_5677)
    ports.write8(0xc002, 0x60)
    expect([ports.read32(0xc004), ports.read32(0xc000), ports.read32(0xc00c)]).toEqual([0x1234_5674, 0x60_0000, 0])
  })
})

describe('a disk that fails on the host', () => {
  async function failing() {
    const store = new MemoryByteStore(IDE_DISK_SECTORS * 512)
    const machine = await createIdeMachine({ disk: new RawDisk(store) })
    const errors: string[] = []
    machine.controller.onHostError = (slot, error) => errors.push(`${slot} ${error.code}`)
    store.failing = true
    return { ...machine, store, errors }
  }

  it('gives an uncorrectable error when it is read, by PIO and DMA, and tells the machine', async () => {
    const { disk, errors, context, store } = await failing()
    expect((await disk.readPio({ command: 0x20, ...lba28(7, 2) }, 1024)).result).toEqual({
      status: FAILURE,
      error: 0x40,
      count: 2,
      low: 7,
      mid: 0,
      high: 0,
    })
    expect((await disk.readDma({ command: 0xc8, ...lba28(7, 2) }, 1024)).result).toMatchObject({
      status: FAILURE,
      error: 0x40,
    })
    expect(await disk.command({ command: 0x40, ...lba28(7, 2) })).toMatchObject({ status: FAILURE, error: 0x40 })
    expect(errors).toEqual(['0,0 disk/io', '0,0 disk/io', '0,0 disk/io'])
    expect(context.log.lines[0]).toMatch(/^warn: /)
    store.failing = false
    expect((await disk.readPio({ command: 0x20, ...lba28(7, 2) }, 1024)).result.status).toBe(SUCCESS)
  })

  it('aborts when it is written or flushed', async () => {
    const { disk, errors } = await failing()
    expect(await disk.writePio({ command: 0x30, ...lba28(7, 1) }, new Uint8Array(512))).toMatchObject({
      status: FAILURE,
      error: 4,
    })
    expect((await disk.writeDma({ command: 0xca, ...lba28(7, 1) }, new Uint8Array(512))).result).toMatchObject({
      error: 4,
    })
    expect(await disk.command({ command: 0xe7 })).toMatchObject({ status: FAILURE, error: 4 })
    expect(errors).toHaveLength(3)
  })

  it('lets errors of our own pass', async () => {
    const broken = new MemoryBlockDevice(new Uint8Array(512_000))
    broken.readSectors = (lba) => {
      if (lba > 0) throw new RangeError('bug')
    }
    const { disk } = await createIdeMachine({ disk: broken })
    await expect(disk.readPio({ command: 0x20, ...lba28(1, 1) }, 512)).rejects.toThrow('bug')
  })
})

describe('other commands of a disk', () => {
  it('flush what was written to the host', async () => {
    const store = new MemoryByteStore(IDE_DISK_SECTORS * 512)
    const { disk } = await createIdeMachine({ disk: new RawDisk(store) })
    await disk.command({ command: 0xe7 })
    await disk.command({ command: 0xea })
    await disk.writePio({ command: 0xce, ...lba48(0, 1) }, new Uint8Array(512))
    expect(store.flushes).toBe(3)
  })

  it('refuse to write a protected disk', async () => {
    const { disk } = await createIdeMachine({
      disk: new RawDisk(new MemoryByteStore(512_000), { writeProtected: true }),
    })
    expect(await disk.writePio({ command: 0x30, ...lba28(0, 1) }, new Uint8Array(512))).toMatchObject({
      status: FAILURE,
      error: 0x44,
    })
  })

  it('keep a sector in the drive for WRITE BUFFER and READ BUFFER', async () => {
    const { disk } = await createIdeMachine()
    const data = Uint8Array.from({ length: 512 }, (_, i) => i * 7)
    expect((await disk.writePio({ command: 0xe8 }, data)).status).toBe(SUCCESS)
    expect((await disk.readPio({ command: 0xe4 }, 512)).data).toEqual(data)
  })

  it('tell the power mode', async () => {
    const { disk } = await createIdeMachine()
    const mode = async () => (await disk.command({ command: 0xe5 })).count
    expect(await mode()).toBe(0xff)
    await disk.command({ command: 0xe0 })
    expect(await mode()).toBe(0)
    await disk.command({ command: 0x40, ...lba28(0, 1) })
    expect(await mode()).toBe(0xff)
    await disk.command({ command: 0x94 })
    expect((await disk.command({ command: 0x98 })).count).toBe(0)
  })

  it('sleep until a reset', async () => {
    const { context, disk } = await createIdeMachine()
    await disk.command({ command: 0xe6 })
    const { rises } = context.irqWires[14] ?? { rises: 0 }
    await disk.issue({ command: 0x10 })
    context.advance(1_000_000)
    expect(context.irqWires[14]?.rises).toBe(rises)
    await disk.softReset()
    expect((await disk.command({ command: 0x10 })).status).toBe(SUCCESS)
  })

  it('clear the features register after SET FEATURES, and tell the mode that was set', async () => {
    const { context, disk } = await createIdeMachine()
    await disk.command({ command: 0xef, features: 3, count: 0x21 })
    const word = async (n: number) =>
      new DataView((await disk.readPio({ command: 0xec }, 512)).data.slice().buffer).getUint16(2 * n, true)
    expect([await word(63), await word(88)]).toEqual([0x0207, 0x003f])
    await disk.command({ command: 0xef, features: 3, count: 0x42 })
    expect([await word(63), await word(88)]).toEqual([0x0007, 0x043f])
    await disk.command({ command: 0xef, features: 0x82 })
    expect((await word(85)) & 0x20).toBe(0)
    expect(context.ports.read8(0x1f1)).toBe(0)
  })

  it('identify the drive by the names it was given, with a valid checksum', async () => {
    const { context, controller } = await createIdeMachine()
    controller.attachDisk([0, 1], new MemoryBlockDevice(new Uint8Array(512_000)), {
      model: 'QUANTUM FIREBALL',
      serial: 'S123',
    })
    const slave = new AtaHost(chipAccess(context), 0, 1)
    const { data } = await slave.readPio({ command: 0xec }, 512)
    const text = (from: number, to: number) =>
      String.fromCharCode(...Array.from({ length: to - from }, (_, i) => data[(from + i) ^ 1] ?? 0)).trimEnd()
    expect([text(20, 40), text(46, 54), text(54, 94)]).toEqual(['S123', '1.0', 'QUANTUM FIREBALL'])
    expect(data.reduce((sum, byte) => sum + byte, 0) & 0xff).toBe(0)
  })

  it('answer SMART with attributes whose checksum is right, until it is disabled', async () => {
    const { disk } = await createIdeMachine()
    const key = { mid: 0x4f, high: 0xc2 }
    for (const features of [0xd0, 0xd1]) {
      const { data } = await disk.readPio({ command: 0xb0, features, ...key }, 512)
      expect(data.reduce((sum, byte) => sum + byte, 0) & 0xff).toBe(0)
      expect(data[0]).toBe(0x10)
    }
    expect(await disk.command({ command: 0xb0, features: 0xda, ...key })).toMatchObject({
      status: SUCCESS,
      mid: 0x4f,
      high: 0xc2,
    })
    await disk.command({ command: 0xb0, features: 0xd9, ...key })
    expect(await disk.command({ command: 0xb0, features: 0xda, ...key })).toMatchObject({ status: FAILURE, error: 4 })
    expect((await disk.command({ command: 0xb0, features: 0xd8, ...key })).status).toBe(SUCCESS)
  })

  it('abort READ MULTIPLE after its block size was set to nonsense', async () => {
    const { disk } = await createIdeMachine()
    await disk.command({ command: 0xc6, count: 3 })
    expect((await disk.readPio({ command: 0xc4, ...lba28(0, 1) }, 512)).result).toMatchObject({
      status: FAILURE,
      error: 4,
    })
  })
})
