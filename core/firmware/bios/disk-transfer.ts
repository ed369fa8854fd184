/** Sectors between a medium and guest memory. */
import type { BlockDevice } from '../../disk/block-device.ts'
import type { Call, Steps } from '../call.ts'
import { STATUS } from './disk-status.ts'
import { type Drive, mediaOf } from './drives.ts'

/** Largest piece copied at once. */
const CHUNK_BYTES = 0x1_0000

/** Moves `count` sectors from `lba` on to or from linear address `address`. Returns the status. */
export function* transfer(
  call: Call,
  drive: Drive,
  lba: number,
  count: number,
  address: number,
  write: boolean,
): Steps<number> {
  const media = mediaOf(drive)
  const status = check(media, lba, count, write)
  if (!media || status !== STATUS.good) return status
  const { sectorBytes } = media
  // All pages first: afterwards nothing can stop the transfer half way.
  yield* call.touch(address, count * sectorBytes, !write)
  const chunk = Math.max(1, Math.floor(CHUNK_BYTES / sectorBytes))
  for (let done = 0; done < count; done += chunk) {
    const sectors = Math.min(chunk, count - done)
    const buffer = new Uint8Array(sectors * sectorBytes)
    if (write) {
      call.machine.readLinearBytes(address + done * sectorBytes, buffer)
      media.writeSectors(lba + done, sectors, buffer)
    } else {
      media.readSectors(lba + done, sectors, buffer)
      call.machine.writeLinearBytes(address + done * sectorBytes, buffer)
    }
  }
  return STATUS.good
}

/** Whether sectors are there and can be read. */
export function verify(drive: Drive, lba: number, count: number): number {
  return check(mediaOf(drive), lba, count, false)
}

function check(media: BlockDevice | undefined, lba: number, count: number, write: boolean): number {
  if (!media) return STATUS.notReady
  if (lba + count > media.sectors) return STATUS.notFound
  return write && media.readOnly ? STATUS.writeProtected : STATUS.good
}
