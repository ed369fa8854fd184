/** Copies an image with holes where it has zeros: a disk of 20 GB with little on it takes little in the library, too. */
import type { ImportTasks } from '../../core/contract/import-tasks.ts'
import { openFileByteStore } from '../files/file-byte-store.ts'
import { SparseFile } from './sparse-file.ts'
import type { Progress } from './unpack.ts'

const PIECE_BYTES = 1 << 20

/** Copies `path` to `target`, which is gone again when that fails. */
export function copySparse(
  { path, target }: ImportTasks['copy']['request'],
  onProgress: Progress,
): ImportTasks['copy']['result'] {
  const store = openFileByteStore(path, true)
  try {
    const file = new SparseFile(target)
    try {
      const piece = new Uint8Array(PIECE_BYTES)
      for (let at = 0; at < store.sizeBytes; at += PIECE_BYTES) {
        const length = Math.min(PIECE_BYTES, store.sizeBytes - at)
        store.read(at, piece, 0, length)
        file.append(piece.subarray(0, length))
        onProgress(at + length, store.sizeBytes)
      }
      file.finish()
      return { sizeBytes: file.sizeBytes }
    } catch (error) {
      file.discard()
      throw error
    }
  } finally {
    store.close()
  }
}
