/** The format of QEMU: versions 2 and 3, with backing files. */

import { AppError } from '../../../base/errors.ts'
import type { ImageFormat } from '../image-format.ts'
import { startsWith } from '../numbers.ts'
import { checkQcow2, repairDirty } from './check.ts'
import { createQcow2, qcow2Options } from './create.ts'
import { MAGIC, parseHeader } from './header.ts'
import { Qcow2Layer } from './qcow2-layer.ts'

/** L2 tables of an image that is written cover 256 GiB with clusters of 64 KiB, those of a backing file a quarter. */
const CACHE_BYTES = 32 << 20
const BACKING_CACHE_BYTES = 8 << 20

function markedCorrupt(path: string): AppError {
  const message = `${path} was marked as damaged by the program that last wrote it; repair it with: vitrine disk check --repair`
  return new AppError('disk/corrupt-image', message, { context: { path } })
}

export const qcow2 = {
  id: 'qcow2',
  label: 'QEMU (qcow2)',
  extensions: ['qcow2', 'qcow', 'qc2'],
  options: qcow2Options,
  probe: (store) => startsWith(store, MAGIC),
  open: ({ store, host, path, readOnly }) => {
    let header = parseHeader(store, path)
    if (!readOnly) {
      if (header.corrupt) throw markedCorrupt(path)
      if (header.dirty) {
        repairDirty({ store, path })
        header = parseHeader(store, path)
      }
    }
    const cacheBytes = readOnly ? BACKING_CACHE_BYTES : CACHE_BYTES
    return new Qcow2Layer(header, { store, host, path, readOnly, cacheBytes })
  },
  create: createQcow2,
  check: checkQcow2,
} as const satisfies ImageFormat
