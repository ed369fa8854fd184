import { afterAll, beforeAll, expect, it } from 'vitest'
import { MemoryBlockDevice } from '../../../../../core/disk/memory-block-device.ts'
import { FloppyHost } from '../../../../support/floppy-host.ts'
import { createFloppyMachine } from '../../../../support/floppy-machine.ts'
import { describeWith, pathOf } from '../../../../support/needs.ts'
import { QemuChips } from '../../../../support/qemu-chips.ts'
import { Random } from '../../../../support/random.ts'
import { tool } from '../../../../support/tools.ts'

const DISK_BYTES = 1_474_560
const random = new Random(0xf10)
const disk = new Uint8Array(Uint32Array.from({ length: DISK_BYTES / 4 }, () => random.next()).buffer)

/**
 * QEMU tells a seek end after each last sector of a track, its own head bit, and the same sector again after a part of one; the
 * data sheet (6.1, table 5-2) does not.
 */
function comparable([st0 = 0, ...rest]: readonly number[], bytes: number): number[] {
  return [st0 & 0xdb, ...(bytes % 512 === 0 ? rest : rest.slice(0, 4))]
}

const qemu = tool('qemu-system-i386')

describeWith([qemu], 'the floppy controller compared with that of QEMU', () => {
  let theirs: QemuChips
  let hosts: readonly [FloppyHost, FloppyHost]

  beforeAll(async () => {
    theirs = new QemuChips(pathOf(qemu), ['-drive', 'file=@disk,format=raw,if=floppy,index=0'], { disk })
    const machine = createFloppyMachine()
    machine.controller.insert(0, new MemoryBlockDevice(disk.slice()))
    hosts = [new FloppyHost(theirs), machine.host]
  })

  afterAll(() => theirs.close())

  /** Runs a scenario on both; what they give must be equal. */
  async function same<T>(scenario: (host: FloppyHost) => Promise<T>): Promise<T> {
    const [theirResult, ourResult] = [await scenario(hosts[0]), await scenario(hosts[1])]
    expect(ourResult).toEqual(theirResult)
    return ourResult
  }

  it('has the same statuses after a reset', async () => {
    expect(await same((host) => host.reset())).toEqual([
      [0xc0, 0],
      [0xc1, 0],
      [0xc2, 0],
      [0xc3, 0],
    ])
  })

  it.each([
    ['VERSION', [0x10]],
    ['SENSE INTERRUPT without an interrupt', [0x08]],
    ['an unknown command', [0x1e]],
    ['LOCK', [0x94]],
    ['UNLOCK', [0x14]],
    ['SENSE DRIVE STATUS', [0x04, 0x00]],
    ['SENSE DRIVE STATUS of the other side', [0x04, 0x04]],
    ['CONFIGURE', [0x13, 0, 0x57, 0]],
  ])('answers %s alike', async (_name, command) => {
    await same((host) => host.command(...command))
  })

  it('steps alike', async () => {
    await same(async (host) => [
      await host.seek(0x07, 0x00),
      await host.seek(0x0f, 0x00, 40),
      await host.command(0x04, 0x00),
      await host.seek(0x8f, 0x00, 10),
      await host.seek(0xcf, 0x00, 5),
      await host.seek(0x07, 0x00),
      await host.command(0x04, 0x00),
    ])
  })

  it.each([
    ['one sector', 512, 0, 0, 1, 18, 0],
    ['a whole track', 18 * 512, 0, 0, 1, 18, 0],
    ['a whole track of the other side', 18 * 512, 1, 0, 1, 18, 0],
    ['both sides', 36 * 512, 0, 0, 1, 18, 0x80],
    ['both sides from the middle', 20 * 512, 0, 0, 10, 18, 0x80],
    ['half of a sector', 256, 0, 0, 5, 18, 0],
    ['the last sector of the disk', 512, 1, 79, 18, 18, 0],
  ])('reads %s alike', async (_name, bytes, head, cylinder, sector, endOfTrack, multi) => {
    const { data } = await same(async (host) => {
      await host.seek(0x0f, head << 2, cylinder)
      const command = [0x46 | multi, head << 2, cylinder, head, sector, 2, endOfTrack, 0x1b, 0xff]
      const { data, result } = await host.read(bytes, ...command)
      return { data: Buffer.from(data).toString('hex'), result: comparable(result, bytes) }
    })
    const lba = (cylinder * 2 + head) * 18 + sector - 1
    expect(data).toBe(Buffer.from(disk.subarray(lba * 512, lba * 512 + bytes)).toString('hex'))
  })

  it('has on the disk afterwards what it has written', async () => {
    const data = new Uint8Array(Uint32Array.from({ length: 9 * 128 }, () => random.next()).buffer)
    const back = await same(async (host) => {
      await host.seek(0x0f, 4, 33)
      const result = await host.write(data, 0x45, 4, 33, 1, 3, 2, 18, 0x1b, 0xff)
      const read = await host.read(data.length, 0x46, 4, 33, 1, 3, 2, 18, 0x1b, 0xff)
      return { written: result, read: read.result, data: Buffer.from(read.data).toString('hex') }
    })
    expect(back.data).toBe(Buffer.from(data).toString('hex'))
  })

  it('reads the rest of a disk alike after all that', async () => {
    await same(async (host) => {
      const tracks: Uint8Array[] = []
      for (let cylinder = 0; cylinder < 80; cylinder += 13) {
        await host.seek(0x0f, 0, cylinder)
        tracks.push((await host.read(36 * 512, 0xc6, 0, cylinder, 0, 1, 2, 18, 0x1b, 0xff)).data)
      }
      return tracks.map((track) => Buffer.from(track).toString('base64'))
    })
  })
})
