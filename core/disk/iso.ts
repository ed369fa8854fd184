/**
 * A CD image as its user data: sectors of 2048 bytes. Images with whole raw sectors (2352 bytes, the usual content of .bin
 * files) are seen by their user data as well. Sources: ECMA-119 (volumes), ECMA-130 (sectors). Unsupported: audio tracks.
 */
import type { BlockDevice, ByteStore } from './block-device.ts'
import { checkSectors } from './bounds.ts'

const SECTOR_BYTES = 2048
const RAW_SECTOR_BYTES = 2352
/** A raw sector begins with twelve bytes of synchronisation, the address (three bytes) and the mode. */
const SYNC = [0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]
const MODE_OFFSET = 15
/** The user data follows the header in mode 1, and eight bytes of subheader in mode 2 form 1. */
const MODE1_DATA = 16
const MODE2_DATA = 24

/** How sectors lie in the file. */
interface Layout {
  readonly strideBytes: number
  readonly dataOffset: number
}

function layoutOf(store: ByteStore): Layout {
  if (!isRawCd(store)) return { strideBytes: SECTOR_BYTES, dataOffset: 0 }
  const mode = new Uint8Array(1)
  store.read(MODE_OFFSET, mode)
  return { strideBytes: RAW_SECTOR_BYTES, dataOffset: mode[0] === 2 ? MODE2_DATA : MODE1_DATA }
}

/** Whether the file begins with a raw sector. */
export function isRawCd(store: ByteStore): boolean {
  const start = new Uint8Array(SYNC.length)
  store.read(0, start)
  return store.sizeBytes >= RAW_SECTOR_BYTES && SYNC.every((byte, i) => start[i] === byte)
}

/** The user data of a CD. */
export class IsoImage implements BlockDevice {
  readonly sectorBytes = SECTOR_BYTES
  readonly sectors: number
  readonly readOnly = true
  readonly #store: ByteStore
  readonly #layout: Layout

  constructor(store: ByteStore) {
    this.#store = store
    this.#layout = layoutOf(store)
    this.sectors = Math.ceil(store.sizeBytes / this.#layout.strideBytes)
  }

  readSectors(lba: number, count: number, into: Uint8Array, offset = 0): void {
    checkSectors(this.sectors, lba, count)
    const { strideBytes, dataOffset } = this.#layout
    if (strideBytes === SECTOR_BYTES) {
      this.#store.read(lba * SECTOR_BYTES, into.subarray(offset, offset + count * SECTOR_BYTES))
      return
    }
    for (let i = 0; i < count; i++) {
      const at = offset + i * SECTOR_BYTES
      this.#store.read((lba + i) * strideBytes + dataOffset, into.subarray(at, at + SECTOR_BYTES))
    }
  }

  writeSectors(): void {
    throw new RangeError('A CD cannot be written')
  }

  flush(): void {}

  close(): void {
    this.#store.close()
  }
}
