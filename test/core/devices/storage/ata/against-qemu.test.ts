import { afterAll, beforeAll, expect, it } from 'vitest'
import { piix3Ide } from '../../../../../core/devices/storage/ata/piix3-ide.ts'
import { MemoryBlockDevice } from '../../../../../core/disk/memory-block-device.ts'
import { AtaHost, lba28, lba48 } from '../../../../support/ata-host.ts'
import { chipAccess } from '../../../../support/chip-access.ts'
import { createFakeContext } from '../../../../support/fake-context.ts'
import { describeWith, pathOf } from '../../../../support/needs.ts'
import { QemuChips } from '../../../../support/qemu-chips.ts'
import { Random } from '../../../../support/random.ts'
import { tool } from '../../../../support/tools.ts'

const DISK_SECTORS = 20 * 16 * 63
const DISC_SECTORS = 500

function randomBytes(seed: number, length: number): Uint8Array {
  const random = new Random(seed)
  return new Uint8Array(Uint32Array.from({ length: length / 4 }, () => random.next()).buffer)
}

const disk = randomBytes(11, DISK_SECTORS * 512)
// No partition table, so that both guess the same geometry.
disk.fill(0, 510, 512)
const disc = randomBytes(12, DISC_SECTORS * 2048)

const qemu = tool('qemu-system-i386')

describeWith([qemu], 'IDE drives compared with those of QEMU', () => {
  let theirs: QemuChips
  const machines: { name: string; disk: AtaHost; cd: AtaHost; lonely: AtaHost }[] = []

  beforeAll(async () => {
    const drive = (file: string, rest: string) => ['-drive', `file=@${file},format=raw,${rest}`]
    theirs = new QemuChips(
      pathOf(qemu),
      [...drive('disk', 'if=ide,index=0'), ...drive('disc', 'if=ide,index=2,media=cdrom,readonly=on')],
      { disk, disc },
    )
    const context = createFakeContext({ ramBytes: 0x40_0000 })
    const ours = piix3Ide.create(context, piix3Ide.options.parse({}))
    ours.attachDisk([0, 0], new MemoryBlockDevice(disk.slice()))
    ours.attachCdDrive([1, 0])
    ours.insert([1, 0], new MemoryBlockDevice(disc, { sectorBytes: 2048, readOnly: true }))
    for (const [name, chips] of [['QEMU', theirs] as const, ['ours', chipAccess(context)] as const]) {
      const machine = {
        name,
        disk: new AtaHost(chips, 0, 0),
        cd: new AtaHost(chips, 1, 0),
        lonely: new AtaHost(chips, 0, 1),
      }
      machines.push(machine)
      await machine.disk.openBusMaster()
      await machine.disk.softReset()
      await machine.cd.softReset()
      // The news of the disc.
      await machine.cd.packet([0])
      await machine.cd.packet([0])
    }
  })

  afterAll(() => theirs.close())

  /** Runs a scenario on both; what they give must be equal. */
  async function same<T>(scenario: (machine: (typeof machines)[number]) => Promise<T>): Promise<T> {
    const [theirResult, ourResult] = [await scenario(machines[0]!), await scenario(machines[1]!)]
    expect(ourResult).toEqual(theirResult)
    return ourResult
  }

  it('have the same signatures and states after a software reset', async () => {
    const result = await same(async ({ disk, cd, lonely }) => {
      await disk.softReset()
      await disk.select()
      const first = await disk.result()
      await cd.softReset()
      await cd.select()
      const second = await cd.result()
      await lonely.select()
      const absent = (await lonely.result()).status
      await disk.select()
      return { first, second, absent }
    })
    expect(result.second).toMatchObject({ mid: 0x14, high: 0xeb, status: 0 })
  })

  it('describe themselves by the same words where they must agree', async () => {
    const words = [0, 1, 3, 6, 47, 48, 49, 53, 54, 55, 56, 57, 58, 59, 60, 61, 64, 83, 100, 101, 102, 103]
    await same(async ({ disk }) => {
      const { data, result } = await disk.readPio({ command: 0xec }, 512)
      const view = new DataView(data.slice().buffer)
      return { words: words.map((word) => [word, view.getUint16(2 * word, true).toString(16)]), status: result.status }
    })
    await same(async ({ cd }) => {
      const { data } = await cd.readPio({ command: 0xa1 }, 512)
      return [...data.subarray(0, 2)]
    })
  })

  it.each([
    ['RECALIBRATE', { command: 0x10 }],
    ['SEEK', { command: 0x70, ...lba28(100, 1) }],
    ['INITIALIZE DEVICE PARAMETERS', { command: 0x91, count: 63, device: 0x0f }],
    ['SET MULTIPLE MODE 16', { command: 0xc6, count: 16 }],
    ['SET MULTIPLE MODE 3', { command: 0xc6, count: 3 }],
    ['SET MULTIPLE MODE 128', { command: 0xc6, count: 128 }],
    ['SET MULTIPLE MODE 8', { command: 0xc6, count: 8 }],
    ['SET FEATURES, multiword DMA 2', { command: 0xef, features: 3, count: 0x22 }],
    ['SET FEATURES, ultra DMA 5', { command: 0xef, features: 3, count: 0x45 }],
    ['SET FEATURES, PIO 4', { command: 0xef, features: 3, count: 0x0c }],
    ['SET FEATURES, write cache', { command: 0xef, features: 0x02 }],
    ['SET FEATURES, unknown', { command: 0xef, features: 0x77 }],
    ['READ VERIFY', { command: 0x40, ...lba28(10, 20) }],
    ['FLUSH CACHE', { command: 0xe7 }],
    ['FLUSH CACHE EXT', { command: 0xea }],
    ['STANDBY IMMEDIATE', { command: 0xe0 }],
    ['IDLE IMMEDIATE', { command: 0xe1 }],
    ['NOP', { command: 0x00 }],
    ['DEVICE RESET on a disk', { command: 0x08 }],
    ['IDENTIFY PACKET DEVICE on a disk', { command: 0xa1 }],
    ['SECURITY UNLOCK', { command: 0xf2 }],
    ['an unknown command', { command: 0xff }],
    ['SMART RETURN STATUS', { command: 0xb0, features: 0xda, mid: 0x4f, high: 0xc2 }],
    ['SMART without its key', { command: 0xb0, features: 0xda, mid: 0x4f, high: 0xc3 }],
    ['SMART, unknown', { command: 0xb0, features: 0x11, mid: 0x4f, high: 0xc2 }],
  ])('end %s alike', async (_name, command) => {
    await same(async ({ disk }) => {
      const { status, error } = await disk.command(command)
      return { status: status & 0xed, error: status & 1 ? error : 0 }
    })
  })

  it('tell their last sector alike', async () => {
    const last = DISK_SECTORS - 1
    const expected = { low: last & 0xff, mid: (last >>> 8) & 0xff, high: last >>> 16 }
    expect(await same(async ({ disk }) => disk.command({ command: 0xf8, device: 0x40 }))).toMatchObject(expected)
    expect(await same(async ({ disk }) => disk.command({ command: 0x27, device: 0x40 }))).toMatchObject(expected)
  })

  it.each([0x20, 0x24, 0xc4, 0x29])('read the same data by command %i', async (command) => {
    const extended = command === 0x24 || command === 0x29
    const multiple = command === 0xc4 || command === 0x29
    const random = new Random(command)
    for (let i = 0; i < 5; i++) {
      const count = 1 + random.below(20)
      const lba = random.below(DISK_SECTORS - count)
      const data = await same(async (machine) => {
        await machine.disk.command({ command: 0xc6, count: 8 })
        const registers = extended ? lba48(lba, count) : lba28(lba, count)
        const { data, result } = await machine.disk.readPio(
          { command, ...registers },
          count * 512,
          multiple ? 4096 : 512,
        )
        return { data, status: result.status & 0xc9 }
      })
      expect(Buffer.compare(data.data, disk.subarray(lba * 512, (lba + count) * 512))).toBe(0)
    }
  })

  it('read by cylinder, head and sector alike', async () => {
    const random = new Random(5)
    await same(({ disk }) => disk.command({ command: 0x91, count: 17, device: 3 }))
    for (let i = 0; i < 5; i++) {
      const [cylinder, head, sector] = [random.below(296), random.below(4), 1 + random.below(17)]
      const registers = { count: 2, low: sector, mid: cylinder & 0xff, high: cylinder >>> 8, device: head }
      const { data } = await same(async ({ disk }) => {
        const { data, result } = await disk.readPio({ command: 0x20, ...registers }, 1024)
        return { data, status: result.status }
      })
      const lba = (cylinder * 4 + head) * 17 + sector - 1
      expect(Buffer.compare(data, disk.subarray(lba * 512, (lba + 2) * 512))).toBe(0)
    }
    await same(({ disk }) => disk.command({ command: 0x91, count: 63, device: 15 }))
  })

  it('have on the disk afterwards what PIO and DMA have written', async () => {
    const random = new Random(77)
    for (const [command, extended, dma] of [
      [0x30, false, false],
      [0x34, true, false],
      [0xca, false, true],
      [0x35, true, true],
    ] as const) {
      const count = 1 + random.below(16)
      const lba = random.below(DISK_SECTORS - count)
      const data = randomBytes(command, count * 512)
      const registers = extended ? lba48(lba, count) : lba28(lba, count)
      const back = await same(async ({ disk }) => {
        if (dma) await disk.writeDma({ command, ...registers }, data)
        else await disk.writePio({ command, ...registers }, data)
        return (await disk.readPio({ command: 0x20, ...lba28(lba, count) }, count * 512)).data
      })
      expect(Buffer.compare(back, data)).toBe(0)
    }
  })

  it.each([
    ['a table of the exact size', [4096, 4096]],
    ['a table that is longer than the transfer', [4096, 8192]],
    ['many small regions', [2, 510, 1024, 6, 2554, 4096]],
  ])('transfer by DMA over %s alike', async (_name, sizes) => {
    await same(async ({ disk }) => {
      let gpa = 0x10_0000
      const regions = sizes.map((bytes) => {
        const region = { gpa, bytes }
        gpa += bytes + 32
        return region
      })
      await disk.chips.writeMemory(0x10_0000, new Uint8Array(0x4000).fill(0x5a))
      const end = await disk.dma({ command: 0xc8, ...lba28(64, 16) }, true, regions)
      const memory = await disk.chips.readMemory(0x10_0000, 0x4000)
      return { memory, busMaster: end.busMaster, status: end.result.status & 0xc9 }
    })
  })

  it.each([
    ['READ CAPACITY', [0x25]],
    ['READ TOC', [0x43, 0, 0, 0, 0, 0, 0, 0, 100]],
    ['READ TOC in minutes and seconds', [0x43, 2, 0, 0, 0, 0, 0, 0, 100]],
    ['READ TOC from the lead-out', [0x43, 0, 0, 0, 0, 0, 0xaa, 0, 100]],
    ['READ TOC cut short', [0x43, 0, 0, 0, 0, 0, 0, 0, 6]],
    ['MECHANISM STATUS', [0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8]],
    ['TEST UNIT READY', [0x00]],
    ['SEEK', [0x2b, 0, 0, 0, 0, 10]],
    ['SET CD SPEED', [0xbb, 0, 0xff, 0xff]],
    ['PREVENT', [0x1e, 0, 0, 0, 1]],
    ['ALLOW', [0x1e, 0, 0, 0, 0]],
    ['READ TOC, everything', [0x43, 2, 0, 0, 0, 0, 0, 0, 100, 0x80]],
    ['READ DISC INFORMATION', [0x51, 0, 0, 0, 0, 0, 0, 0, 8]],
    ['READ CD with user data', [0xbe, 0, 0, 0, 0, 3, 0, 0, 2, 0x10]],
    ['READ(10)', [0x28, 0, 0, 0, 1, 0xf0, 0, 0, 4]],
    ['READ(12)', [0xa8, 0, 0, 0, 0, 5, 0, 0, 0, 3]],
    ['READ(10) of nothing', [0x28, 0, 0, 0, 0, 5, 0, 0, 0]],
    ['READ(10) past the end', [0x28, 0, 0, 0, 1, 0xf4, 0, 0, 1]],
    ['an unknown packet', [0xee]],
    ['READ TOC of a format that does not exist', [0x43, 0, 0, 0, 0, 0, 0, 0, 100, 0xc0]],
    ['MODE SENSE of a page that does not exist', [0x5a, 0, 0x33, 0, 0, 0, 0, 0, 100]],
    ['MODE SENSE of saved values', [0x5a, 0, 0xea, 0, 0, 0, 0, 0, 100]],
    ['GET EVENT STATUS NOTIFICATION without polling', [0x4a, 0, 0, 0, 0x10, 0, 0, 0, 8]],
  ])('answer %s alike', async (_name, packet) => {
    await same(async ({ cd }) => {
      const { data, chunks, result } = await cd.packet(packet)
      const failed = (result.status & 1) !== 0
      const sense = failed ? await cd.sense() : []
      return {
        data,
        chunks,
        status: result.status & 0xc9,
        reason: result.count,
        key: failed ? result.error >>> 4 : 0,
        sense,
      }
    })
  })

  it('send whole sectors alike, as far as QEMU fills them', async () => {
    await same(async ({ cd }) => {
      const { data } = await cd.packet([0xbe, 0, 0, 0, 0, 3, 0, 0, 1, 0xf8])
      return [data.length, data.subarray(0, 2064)]
    })
  })

  it('keep to the byte count limit alike', async () => {
    await same(async ({ cd }) => (await cd.packet([0x43, 0, 0, 0, 0, 0, 0, 0, 100], 8)).data)
    for (const limit of [512, 2048, 4096, 0x8000])
      await same(async ({ cd }) => (await cd.packet([0x28, 0, 0, 0, 0, 20, 0, 0, 5], limit)).data)
  })

  it('send sectors of a disc by DMA alike', async () => {
    const { data } = await same(async ({ cd }) => {
      const { data, busMaster, result } = await cd.packetDma([0x28, 0, 0, 0, 0, 100, 0, 0, 8], 8 * 2048)
      return { data, busMaster, status: result.status & 0xc9, reason: result.count }
    })
    expect(Buffer.compare(data, disc.subarray(100 * 2048, 108 * 2048))).toBe(0)
  })
})
