/** A machine with an IDE controller: a disk on the first channel, a CD drive on the second, and nothing else. */

import { type Piix3Ide, piix3Ide } from '../../core/devices/storage/ata/piix3-ide.ts'
import type { BlockDevice } from '../../core/disk/block-device.ts'
import { MemoryBlockDevice } from '../../core/disk/memory-block-device.ts'
import { AtaHost } from './ata-host.ts'
import { chipAccess } from './chip-access.ts'
import { createFakeContext, type FakeContext } from './fake-context.ts'

export const IDE_DISK_SECTORS = 20 * 16 * 63
export const IDE_DISC_SECTORS = 300

export interface IdeMachine {
  readonly context: FakeContext
  readonly controller: Piix3Ide
  readonly disk: AtaHost
  readonly cd: AtaHost
}

/** `disk` and `disc` replace the zeros that are there otherwise; a second drive is a slave on the first channel. */
export async function createIdeMachine(
  media: { disk?: BlockDevice; second?: BlockDevice; disc?: BlockDevice | undefined } = {},
): Promise<IdeMachine> {
  const context = createFakeContext({ ramBytes: 0x40_0000 })
  const controller = piix3Ide.create(context, piix3Ide.options.parse({}))
  controller.attachDisk([0, 0], media.disk ?? new MemoryBlockDevice(new Uint8Array(IDE_DISK_SECTORS * 512)))
  if (media.second) controller.attachDisk([0, 1], media.second)
  controller.attachCdDrive([1, 0])
  const empty = 'disc' in media && media.disc === undefined
  if (!empty) controller.insert([1, 0], media.disc ?? blankDisc())
  const chips = chipAccess(context)
  const machine = { context, controller, disk: new AtaHost(chips, 0, 0), cd: new AtaHost(chips, 1, 0) }
  await machine.disk.openBusMaster()
  return machine
}

/** A disc whose sectors each begin with their number. */
export function blankDisc(): MemoryBlockDevice {
  const bytes = new Uint8Array(IDE_DISC_SECTORS * 2048)
  const view = new DataView(bytes.buffer)
  for (let lba = 0; lba < IDE_DISC_SECTORS; lba++) view.setUint32(lba * 2048, lba, true)
  return new MemoryBlockDevice(bytes, { sectorBytes: 2048, readOnly: true })
}
