/** The bytes of the disk, nothing else. */
import { z } from '../../base/schema.ts'
import { FlatLayer } from './flat-layer.ts'
import type { ImageFormat, LayerRequest } from './image-format.ts'

class RawLayer extends FlatLayer {
  constructor(request: LayerRequest) {
    super(request, { format: 'raw', sizeBytes: request.store.sizeBytes, details: {} })
  }

  grow(sizeBytes: number): void {
    this.store.truncate(sizeBytes)
  }
}

export const raw = {
  id: 'raw',
  label: 'Raw',
  extensions: ['img', 'raw', 'ima', 'dsk'],
  options: z.strictObject({}),
  probe: () => false,
  open: (request) => new RawLayer(request),
  create: (store, { sizeBytes }) => store.truncate(sizeBytes),
} as const satisfies ImageFormat
