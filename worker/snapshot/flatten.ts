/** One file with what a chain of images shows: the disk of a full clone, of an export. */
import { createExtent, ExtentKind } from '../../core/disk/disk-image.ts'
import { createQcow2 } from '../../core/disk/formats/qcow2/create.ts'
import { openImage } from '../../core/disk/open-image.ts'
import { removeFile } from '../files/durable-files.ts'
import { createFileByteStore } from '../files/file-byte-store.ts'
import { fileImageHost } from '../files/image-host.ts'
import { withImage } from './overlays.ts'

const SECTOR_BYTES = 512
const PIECE_BYTES = 1 << 20

/** Writes a qcow2 image without backing file at `to`. Word 0 of `progress` counts MiB. */
export function flattenDisk(from: string, to: string, progress: SharedArrayBuffer): void {
  const words = new Int32Array(progress)
  withImage(from, (source) => {
    const store = createFileByteStore(to)
    try {
      createQcow2(store, { sizeBytes: source.sizeBytes })
      const target = openImage(store, fileImageHost, { path: to, readOnly: false })
      const extent = { ...createExtent(), layer: 0 }
      const piece = new Uint8Array(PIECE_BYTES)
      for (let position = 0; position < source.sizeBytes; position += extent.lengthBytes) {
        source.locate(position, Math.min(PIECE_BYTES, source.sizeBytes - position), extent)
        Atomics.store(words, 0, position / 2 ** 20)
        if (extent.kind === ExtentKind.zero) continue
        const sectors = Math.ceil(extent.lengthBytes / SECTOR_BYTES)
        source.readSectors(position / SECTOR_BYTES, sectors, piece)
        const bytes = piece.subarray(0, sectors * SECTOR_BYTES)
        // A raw image holds its zeros.
        if (bytes.some((byte) => byte !== 0)) target.writeSectors(position / SECTOR_BYTES, sectors, bytes)
      }
      target.flush()
      target.close()
    } catch (error) {
      store.close()
      removeFile(to)
      throw error
    }
  })
}
