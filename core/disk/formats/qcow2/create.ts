/** New qcow2 images: a header, a refcount table with its first blocks, and an L1 table that names nothing. */
import { AppError } from '../../../base/errors.ts'
import { z } from '../../../base/schema.ts'
import type { ByteStore } from '../../block-device.ts'
import type { CreateRequest } from '../image-format.ts'
import { viewOf, writeU64 } from '../numbers.ts'
import { encodeHeader } from './header.ts'

export const qcow2Options = z.strictObject({
  version: z.union([z.literal(2), z.literal(3)]).default(3),
  clusterBytes: z
    .int()
    .min(512)
    .max(2 << 20)
    .refine((bytes) => Number.isInteger(Math.log2(bytes)), 'must be a power of two')
    .default(65_536),
  refcountBits: z.literal([1, 2, 4, 8, 16, 32, 64]).default(16),
  lazyRefcounts: z.boolean().default(false),
})

/** The L1 table of a larger disk would be larger than QEMU takes. */
const MAX_L1_BYTES = 32 << 20

/** Writes a new image into an empty store. The header comes last: until then the file is none. */
export function createQcow2(store: ByteStore, request: Pick<CreateRequest, 'sizeBytes' | 'backing' | 'options'>): void {
  const options = qcow2Options.parse(request.options ?? {})
  const { version, clusterBytes, refcountBits, lazyRefcounts } = options
  const clusterBits = Math.log2(clusterBytes)
  if (version === 2 && (refcountBits !== 16 || lazyRefcounts))
    throw new AppError('usage/invalid', 'Only version 3 of qcow2 has other refcounts than 16 bits, and lazy ones')
  const l1Entries = Math.ceil(request.sizeBytes / (clusterBytes * (clusterBytes / 8)))
  if (l1Entries * 8 > MAX_L1_BYTES)
    throw new AppError('disk/too-large', `Clusters of ${clusterBytes} bytes are too small for a disk of that size`, {
      context: { sizeBytes: request.sizeBytes },
    })
  const l1Clusters = Math.ceil((l1Entries * 8) / clusterBytes)
  const perBlock = (clusterBytes * 8) / refcountBits
  // Header, refcount table, its blocks, L1 table: the blocks count all of that.
  let blocks = 1
  let tableClusters = 1
  const used = () => 1 + tableClusters + blocks + l1Clusters
  while (blocks * perBlock < used() || tableClusters * clusterBytes < blocks * 8) {
    if (blocks * perBlock < used()) blocks++
    else tableClusters++
  }
  writeRefcounts(store, { clusterBytes, refcountBits, tableClusters, blocks, used: used() })
  const l1Offset = (1 + tableClusters + blocks) * clusterBytes
  store.truncate(l1Offset + l1Clusters * clusterBytes)
  store.write(
    0,
    encodeHeader({
      version,
      clusterBits,
      sizeBytes: request.sizeBytes,
      l1Entries,
      l1Offset: l1Entries === 0 ? clusterBytes * (1 + tableClusters) : l1Offset,
      refcountTableOffset: clusterBytes,
      refcountTableClusters: tableClusters,
      refcountOrder: Math.log2(refcountBits),
      lazyRefcounts,
      backing: request.backing,
    }),
  )
}

interface Refcounted {
  readonly clusterBytes: number
  readonly refcountBits: number
  readonly tableClusters: number
  readonly blocks: number
  readonly used: number
}

function writeRefcounts(
  store: ByteStore,
  { clusterBytes, refcountBits, tableClusters, blocks, used }: Refcounted,
): void {
  const table = new Uint8Array(tableClusters * clusterBytes)
  const bytes = new Uint8Array(blocks * clusterBytes)
  for (let block = 0; block < blocks; block++)
    writeU64(viewOf(table), block * 8, (1 + tableClusters + block) * clusterBytes)
  for (let i = 0; i < used; i++) {
    // The lowest bit of an entry: in its last byte, or the lowest free bit of a shared one.
    if (refcountBits >= 8) bytes[((i + 1) * refcountBits) / 8 - 1] = 1
    else {
      const at = Math.floor((i * refcountBits) / 8)
      bytes[at] = (bytes[at] as number) | (1 << ((i * refcountBits) % 8))
    }
  }
  store.write(clusterBytes, table)
  store.write((1 + tableClusters) * clusterBytes, bytes)
}
