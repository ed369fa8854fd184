import { describe, expect, it } from 'vitest'
import { IsoImage } from '../../../../../core/disk/iso.ts'
import { MemoryBlockDevice } from '../../../../../core/disk/memory-block-device.ts'
import { blankDisc, createIdeMachine, IDE_DISC_SECTORS } from '../../../../support/ide-machine.ts'
import { MemoryByteStore } from '../../../../support/memory-byte-store.ts'

const SUCCESS = 0x50
const FAILURE = 0x51
const READ_10 = [0x28, 0, 0, 0, 0, 5, 0, 0, 3]

/** A machine whose drive has told the news of its first disc. */
async function ready(...parameters: Parameters<typeof createIdeMachine>) {
  const machine = await createIdeMachine(...parameters)
  await machine.cd.packet([0x00])
  return machine
}

describe('packets', () => {
  it('are asked for at once, without an interrupt, and end with one', async () => {
    const { context, cd } = await ready()
    const wire = context.irqWires[15]
    const before = wire?.rises ?? 0
    await cd.issue({ command: 0xa0 })
    expect([context.ports.read8(0x376), context.ports.read8(0x172), wire?.rises]).toEqual([0x58, 1, before])
    await cd.chips.outWords(0x170, new Uint8Array(12))
    expect(context.ports.read8(0x376)).toBe(0x80)
    context.advance(1_000_000)
    expect([context.ports.read8(0x177), context.ports.read8(0x172), wire?.rises]).toEqual([SUCCESS, 3, before + 1])
  })

  it('answer in blocks within the byte count limit, the last of which may be odd', async () => {
    const { cd } = await ready()
    expect((await cd.packet([0x12, 0, 0, 0, 5], 0xffff)).chunks).toEqual([5])
    expect((await cd.packet([0x12, 0, 0, 0, 36], 10)).chunks).toEqual([10, 10, 10, 6])
    expect((await cd.packet([0x12, 0, 0, 0, 36], 11)).chunks).toEqual([10, 10, 10, 6])
    expect((await cd.packet(READ_10, 4096)).chunks).toEqual([4096, 2048])
    expect((await cd.packet(READ_10, 0)).chunks).toEqual([6144])
    const small = await cd.packet(READ_10, 1500)
    expect(small.chunks).toEqual([1500, 548, 1500, 548, 1500, 548])
    expect(small.data).toEqual((await cd.packet(READ_10)).data)
  })

  it('give the same data by DMA and PIO', async () => {
    const { cd } = await ready()
    const pio = await cd.packet([0xa8, 0, 0, 0, 0, 7, 0, 0, 0, 40])
    const dma = await cd.packetDma([0xa8, 0, 0, 0, 0, 7, 0, 0, 0, 30], 30 * 2048)
    expect(new DataView(pio.data.buffer).getUint32(39 * 2048, true)).toBe(46)
    expect(dma).toMatchObject({ busMaster: 4, result: { status: SUCCESS, count: 3 } })
    expect(Buffer.compare(dma.data, pio.data.subarray(0, 30 * 2048))).toBe(0)
  })

  it('that ask to be overlapped are aborted', async () => {
    const { cd } = await ready()
    expect(await cd.command({ command: 0xa0, features: 2 })).toMatchObject({ status: FAILURE, error: 4 })
  })
})

describe('a drive that is taken for a disk', () => {
  it.each([0xec, 0x20])('answers command %i with its signature', async (command) => {
    const { cd } = await ready()
    expect(await cd.command({ command })).toEqual({
      status: FAILURE,
      error: 4,
      count: 1,
      low: 1,
      mid: 0x14,
      high: 0xeb,
    })
  })

  it('takes DEVICE RESET at any time, and then has its signature, not ready and without an interrupt', async () => {
    const { context, cd } = await ready()
    await cd.issue({ command: 0xa0 })
    const { rises } = context.irqWires[15] ?? { rises: 0 }
    context.ports.write8(0x177, 0x08)
    expect(await cd.result()).toEqual({ status: 0, error: 1, count: 1, low: 1, mid: 0x14, high: 0xeb })
    expect(context.irqWires[15]?.rises).toBe(rises)
    expect((await cd.packet([0x00])).result.status).toBe(SUCCESS)
  })

  it('identifies itself as an ATAPI CD-ROM with packets of twelve bytes', async () => {
    const { cd } = await ready()
    const { data, result } = await cd.readPio({ command: 0xa1 }, 512)
    expect([data[0], data[1], result.status]).toEqual([0xc0, 0x85, SUCCESS])
    expect(data.reduce((sum, byte) => sum + byte, 0) & 0xff).toBe(0)
  })
})

describe('the disc', () => {
  it('that was put in is news once, for the first command that can tell it', async () => {
    const { cd, controller } = await createIdeMachine()
    expect((await cd.packet([0x12, 0, 0, 0, 36])).result.status).toBe(SUCCESS)
    expect((await cd.packet([0x00])).result).toMatchObject({ status: FAILURE, error: 0x60 })
    expect(await cd.sense()).toEqual([6, 0x28, 0])
    expect((await cd.packet([0x00])).result.status).toBe(SUCCESS)
    controller.insert([1, 0], blankDisc())
    expect(await cd.sense()).toEqual([6, 0x28, 0])
    expect((await cd.packet([0x00])).result.status).toBe(SUCCESS)
  })

  it('that is not there is missed by every command that needs one', async () => {
    const { cd } = await createIdeMachine({ disc: undefined })
    for (const command of [0x00, 0x25, 0x28, 0x43, 0x51, 0xbe]) {
      expect((await cd.packet([command, 0, 0, 0, 0, 0, 0, 0, 1])).result).toMatchObject({
        status: FAILURE,
        error: 0x20,
      })
      expect(await cd.sense()).toEqual([2, 0x3a, 1])
    }
    expect((await cd.packet([0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 8])).data[2]).toBe(0x70)
  })

  it('can be swapped while the machine runs, and events tell it', async () => {
    const { cd, controller } = await ready()
    const event = async () => [...(await cd.packet([0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8])).data]
    expect(await event()).toEqual([0, 6, 4, 0x10, 2, 2, 0, 0])
    expect(await event()).toEqual([0, 6, 4, 0x10, 0, 2, 0, 0])
    controller.insert([1, 0], undefined)
    expect(await event()).toEqual([0, 6, 4, 0x10, 3, 0, 0, 0])
    controller.insert([1, 0], new MemoryBlockDevice(new Uint8Array(10 * 2048), { sectorBytes: 2048 }))
    expect(await event()).toEqual([0, 6, 4, 0x10, 2, 2, 0, 0])
    await cd.packet([0x00])
    expect([...(await cd.packet([0x25])).data]).toEqual([0, 0, 0, 9, 0, 0, 8, 0])
    expect([...(await cd.packet([0x4a, 1, 0, 0, 0x02, 0, 0, 0, 8])).data]).toEqual([0, 2, 0x80, 0x10])
  })

  it('that is taken out in the middle of a read ends it', async () => {
    const { cd, controller } = await ready()
    await cd.issue({ command: 0xa0, mid: 0, high: 8 })
    const packet = new Uint8Array(12)
    packet.set(READ_10)
    await cd.chips.outWords(0x170, packet)
    await cd.idle()
    controller.insert([1, 0], undefined)
    await cd.chips.inWords(0x170, 1024)
    expect(await cd.result()).toMatchObject({ status: FAILURE, error: 0x20 })
    expect(await cd.sense()).toEqual([2, 0x3a, 1])
  })

  it('that cannot be read on the host gives a medium error, and tells the machine', async () => {
    const store = new MemoryByteStore(100 * 2048)
    const { cd, controller } = await ready({ disc: new IsoImage(store) })
    const errors: string[] = []
    controller.onHostError = (slot, error) => errors.push(`${slot} ${error.code}`)
    store.failing = true
    expect((await cd.packet(READ_10)).result).toMatchObject({ status: FAILURE, error: 0x30 })
    expect(await cd.sense()).toEqual([3, 0x11, 0])
    expect(errors).toEqual(['1,0 disk/io'])
  })
})

describe('the tray', () => {
  it('opens and closes as the guest says, and the disc goes and comes with it', async () => {
    const { cd, controller } = await ready()
    const opened: string[] = []
    controller.onTrayOpened = (slot) => opened.push(slot.join())
    expect((await cd.packet([0x1b, 0, 0, 0, 2])).result.status).toBe(SUCCESS)
    expect((await cd.packet([0x00])).result.error).toBe(0x20)
    expect(await cd.sense()).toEqual([2, 0x3a, 2])
    expect([...(await cd.packet([0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8])).data]).toEqual([0, 0x10, 0, 0, 0, 1, 0, 0])
    await cd.packet([0x1b, 0, 0, 0, 3])
    expect((await cd.packet([0x00])).result.error).toBe(0x60)
    expect((await cd.packet([0x00])).result.status).toBe(SUCCESS)
    expect(opened).toEqual(['1,0'])
  })

  it('stays closed while it is locked, and says so in its mode page', async () => {
    const { cd } = await ready()
    const page = async () => [...(await cd.packet([0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 28])).data]
    expect((await page())[14]).toBe(0x29)
    await cd.packet([0x1e, 0, 0, 0, 1])
    expect((await page())[14]).toBe(0x2b)
    expect((await cd.packet([0x1b, 0, 0, 0, 2])).result).toMatchObject({ status: FAILURE, error: 0x54 })
    expect(await cd.sense()).toEqual([5, 0x53, 2])
    await cd.packet([0x1e, 0, 0, 0, 0])
    expect((await cd.packet([0x1b, 0, 0, 0, 2])).result.status).toBe(SUCCESS)
  })
})

describe('answers of the drive', () => {
  it('are as the standard lays them out', async () => {
    const { cd } = await ready()
    const data = async (...packet: number[]) => [...(await cd.packet(packet)).data]
    expect(await data(0x43, 0, 1, 0, 0, 0, 0, 0, 12)).toEqual([0, 10, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0])
    expect(await data(0x42, 2, 0x40, 1, 0, 0, 0, 0, 16)).toEqual([
      0, 0x15, 0, 12, 1, 0x14, 1, 1, 0, 0, 2, 0, 0, 0, 2, 0,
    ])
    expect(await data(0x42, 2, 0, 1, 0, 0, 0, 0, 16)).toEqual([0, 0x15, 0, 0])
    expect(await data(0x44, 2, 0, 0, 0, 75, 0, 0, 8)).toEqual([1, 0, 0, 0, 0, 0, 3, 0])
    const track = await data(0x52, 1, 0, 0, 0, 1, 0, 0, 36)
    expect([track.length, track[1], track[5], track[26], track[27]]).toEqual([
      36,
      34,
      4,
      IDE_DISC_SECTORS >> 8,
      IDE_DISC_SECTORS & 0xff,
    ])
    const [length, , , profile] = [
      (await data(0x46, 0, 0, 0, 0, 0, 0, 0, 8))[3],
      0,
      0,
      (await data(0x46, 0, 0, 0, 0, 0, 0, 0, 8))[7],
    ]
    const all = await data(0x46, 0, 0, 0, 0, 0, 0, 4, 0)
    expect([length, profile]).toEqual([all.length - 4, 8])
    expect(await data(0x46, 2, 0, 0x10, 0, 0, 0, 0, 100)).toEqual([
      0, 0, 0, 16, 0, 0, 0, 8, 0, 0x10, 1, 8, 0, 0, 8, 0, 0, 1, 0, 0,
    ])
    expect((await data(0x1a, 0, 0x3f, 0, 255))[0]).toBe((await data(0x1a, 0, 0x3f, 0, 255)).length - 1)
  })

  it('know a disc of more than 90 minutes for a DVD', async () => {
    const dvd = { ...blankDisc(), sectorBytes: 2048, sectors: 2_000_000, readOnly: true }
    const { cd } = await ready({ disc: Object.assign(blankDisc(), dvd) })
    expect((await cd.packet([0x46, 0, 0, 0, 0, 0, 0, 0, 8])).data[7]).toBe(0x10)
    const { data } = await cd.packet([0xad, 0, 0, 0, 0, 0, 0, 0, 0x08, 0x04])
    expect([...data.subarray(0, 16)]).toEqual([8, 2, 0, 0, 1, 0x0f, 1, 0, 0, 3, 0, 0, 0, 0x21, 0x84, 0x7f])
    expect((await cd.packet([0xad, 0, 0, 0, 0, 0, 0, 9, 0, 8])).result).toMatchObject({ error: 0x54 })
  })

  it('refuse sound and what a data disc does not have', async () => {
    const { cd } = await ready()
    for (const [packet, sense] of [
      [
        [0x45, 0, 0, 0, 0, 0, 0, 0, 1],
        [5, 0x64, 0],
      ],
      [[0x47], [5, 0x64, 0]],
      [[0x4b], [5, 0x2c, 0]],
      [[0xad], [5, 0x30, 2]],
      [
        [0xbe, 4, 0, 0, 0, 0, 0, 0, 1, 0x10],
        [5, 0x64, 0],
      ],
      [
        [0xbe, 0, 0, 0, 0, 0, 0, 0, 1, 0x12],
        [5, 0x24, 0],
      ],
      [
        [0xbe, 0, 0, 0, 0, 0, 0, 0, 1, 0x10, 1],
        [5, 0x24, 0],
      ],
      [
        [0xb9, 0, 0, 0, 1, 0, 0, 2, 1, 0x10],
        [5, 0x21, 0],
      ],
      [
        [0x12, 1, 0x80, 0, 36],
        [5, 0x24, 0],
      ],
    ] as const) {
      expect((await cd.packet(packet)).result.status).toBe(FAILURE)
      expect(await cd.sense()).toEqual(sense)
    }
  })

  it('take mode parameters and forget them', async () => {
    const { context, cd } = await ready()
    await cd.issue({ command: 0xa0, mid: 0, high: 8 })
    await cd.chips.outWords(0x170, Uint8Array.from([0x55, 0x10, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0]))
    await cd.idle()
    expect([0x172, 0x174, 0x175, 0x376].map((port) => context.ports.read8(port))).toEqual([0, 20, 0, 0x58])
    await cd.chips.outWords(0x170, new Uint8Array(20))
    expect(await cd.result()).toMatchObject({ status: SUCCESS, count: 3 })
  })

  it('send whole sectors by minute, second and frame too', async () => {
    const { cd } = await ready()
    const byNumber = await cd.packet([0xbe, 0, 0, 0, 0, 9, 0, 0, 2, 0xf8])
    const byTime = await cd.packet([0xb9, 0, 0, 0, 2, 9, 0, 2, 11, 0xf8])
    expect(byNumber.data.length).toBe(2 * 2352)
    expect(byTime.data).toEqual(byNumber.data)
  })
})
