/**
 * The format of VirtualBox, version 1.1: dynamic and fixed images. Differencing images are refused: they name their parent by
 * an identifier that only VirtualBox's own list of media can look up. Source: "VDI Core", the header as VirtualBox writes it.
 *
 *     0 text  64 signature  68 version  72 header size  76 type  84 comment  340 blocks offset  344 data offset
 *     348 geometry  368 disk size  376 block size  380 extra per block  384 blocks  388 allocated blocks
 *     392 image UUID  408 its last change  424 parent  440 its last change
 *
 * The map of blocks has a 32-bit number for each block of the disk: the number of its place behind the data offset, or that it
 * has none. A block is written behind the last one. Count and map are held back for some blocks; the count is written first.
 */
import { AppError } from '../../base/errors.ts'
import { z } from '../../base/schema.ts'
import type { ByteStore } from '../block-device.ts'
import { type Extent, ExtentKind, type ImageDetails, type ImageLayer, type LayerBase } from '../disk-image.ts'
import { HeldTable } from './held-table.ts'
import type { CheckReport, CreateRequest, ImageFormat, LayerRequest } from './image-format.ts'
import { bytesOf, readU64Le, startsWith, viewOf, writeU64Le } from './numbers.ts'

const SIGNATURE = Uint8Array.of(0x7f, 0x10, 0xda, 0xbe)
const VERSION_1_1 = 0x1_0001
const Type = { dynamic: 1, fixed: 2, undo: 3, differencing: 4 } as const

const HEADER_BYTES = 512
/** The identities of a parent, and of its state, are 16 bytes each. */
const Field = { allocated: 388, parent: 424 } as const
const DEFAULT_BLOCK_BYTES = 1 << 20
/** Where the data of an image begins that we make is a multiple of this. */
const ALIGNMENT = 1 << 20
/** Count and map are written at the latest after this many new blocks. */
const MAX_PENDING_BLOCKS = 64
/** The file grows by so many blocks at once, which are holes until they are written. */
const GROWTH_BLOCKS = 8
/** Entries of the map: no block, and a block of zeros. */
const UNALLOCATED = 0xffff_ffff
const ZERO = 0xffff_fffe
/** The map of a larger disk would take half a gigabyte. As QEMU. */
const MAX_BLOCKS = 0x1fff_fffc

interface VdiHeader {
  readonly type: number
  readonly blocksOffset: number
  readonly dataOffset: number
  readonly sizeBytes: number
  readonly blockBytes: number
  readonly extraBytes: number
  readonly blocks: number
  readonly allocated: number
}

function corrupt(path: string, what: string, offset: number): AppError {
  return new AppError('disk/corrupt-image', `${path} is damaged: ${what}`, { context: { path, offset } })
}

function unsupported(path: string, what: string): AppError {
  return new AppError('disk/unsupported-format', `${path} is ${what}, which is not supported`, {
    context: { path, format: 'vdi' },
  })
}

function parseHeader(store: ByteStore, path: string): VdiHeader {
  const bytes = new Uint8Array(HEADER_BYTES)
  store.read(0, bytes)
  const view = viewOf(bytes)
  const version = view.getUint32(68, true)
  if (version !== VERSION_1_1) throw unsupported(path, `a VDI image of version ${version >>> 16}.${version & 0xffff}`)
  const header: VdiHeader = {
    type: view.getUint32(76, true),
    blocksOffset: view.getUint32(340, true),
    dataOffset: view.getUint32(344, true),
    sizeBytes: readU64Le(view, 368),
    blockBytes: view.getUint32(376, true),
    extraBytes: view.getUint32(380, true),
    blocks: view.getUint32(384, true),
    allocated: view.getUint32(388, true),
  }
  const hasParent = bytes.subarray(Field.parent, Field.parent + 32).some((byte) => byte !== 0)
  if (header.type === Type.differencing || header.type === Type.undo || hasParent)
    throw unsupported(path, 'a differencing VDI image')
  if (header.type !== Type.dynamic && header.type !== Type.fixed)
    throw unsupported(path, `a VDI image of type ${header.type}`)
  const { sizeBytes, blockBytes, extraBytes, blocks } = header
  if (blockBytes < 512 || blockBytes > 1 << 28 || !Number.isInteger(Math.log2(blockBytes)))
    throw corrupt(path, 'the size of its blocks', 376)
  if (extraBytes !== 0) throw unsupported(path, 'a VDI image with extra bytes before each block')
  if (blocks > MAX_BLOCKS) throw corrupt(path, 'it has too many blocks', 384)
  if (sizeBytes > blocks * blockBytes || sizeBytes > 2 ** 52)
    throw corrupt(path, 'its map is too small for the disk', 368)
  if (header.blocksOffset < 448 || header.blocksOffset % 512 !== 0) throw corrupt(path, 'the place of its map', 340)
  if (header.dataOffset < header.blocksOffset + blocks * 4 || header.dataOffset % 512 !== 0)
    throw corrupt(path, 'the place of its data', 344)
  if (header.blocksOffset + blocks * 4 > store.sizeBytes) throw corrupt(path, 'its map is cut off', 340)
  return header
}

class VdiLayer implements ImageLayer {
  readonly format = 'vdi'
  readonly backing = undefined
  readonly readOnly: boolean
  readonly sizeBytes: number
  readonly granuleBytes: number
  readonly details: ImageDetails
  readonly #store: ByteStore
  readonly #path: string
  readonly #header: VdiHeader
  readonly #table: HeldTable
  readonly #map: DataView
  #allocated = 0
  /** Blocks that are named and not yet counted in the file. */
  #pending = 0
  /** From here on the file has nothing but zeros, as far as it goes. */
  #blankFrom: number
  #isChanged = false

  constructor({ store, path, readOnly }: LayerRequest) {
    const header = parseHeader(store, path)
    this.#store = store
    this.#path = path
    this.#header = header
    this.readOnly = readOnly
    this.sizeBytes = header.sizeBytes
    this.granuleBytes = header.blockBytes
    this.details = {
      type: header.type === Type.fixed ? 'fixed' : 'dynamic',
      blockBytes: header.blockBytes,
      allocatedBlocks: header.allocated,
    }
    this.#table = new HeldTable(store, header.blocksOffset, header.blocks * 4)
    this.#map = this.#table.view
    this.#blankFrom = store.sizeBytes
    for (let block = 0; block < header.blocks; block++) {
      const place = this.#map.getUint32(block * 4, true)
      if (place >= ZERO) continue
      if (!readOnly && this.#position(place) >= store.sizeBytes)
        throw corrupt(path, `block ${block} is past its end`, header.blocksOffset + block * 4)
      if (place >= this.#allocated) this.#allocated = place + 1
    }
    // A write that was cut short has counted a block and not named it, or the reverse.
    if (!readOnly && this.#allocated !== header.allocated) this.#writeWord(Field.allocated, this.#allocated)
  }

  #writeWord(position: number, value: number): void {
    const word = new Uint8Array(4)
    viewOf(word).setUint32(0, value, true)
    this.#store.write(position, word)
  }

  map(position: number, lengthBytes: number, extent: Extent): void {
    const { blockBytes } = this.#header
    let block = Math.floor(position / blockBytes)
    const within = position - block * blockBytes
    const place = this.#map.getUint32(block * 4, true)
    extent.store = this.#store
    extent.kind = place === UNALLOCATED || place === ZERO ? ExtentKind.zero : ExtentKind.data
    extent.position = this.#position(place) + within
    let length = blockBytes - within
    for (let next = place + 1; length < lengthBytes; next++, length += blockBytes) {
      const found = this.#map.getUint32(++block * 4, true)
      if (extent.kind === ExtentKind.data ? found !== next || found >= ZERO : found < ZERO) break
    }
    extent.lengthBytes = Math.min(length, lengthBytes)
  }

  #position(place: number): number {
    return this.#header.dataOffset + place * this.#header.blockBytes
  }

  readPacked(): void {}

  write(position: number, lengthBytes: number, from: Uint8Array, offset: number, _base: LayerBase): void {
    if (this.readOnly)
      throw new AppError('disk/read-only', `Opened for reading only: ${this.#path}`, { context: { path: this.#path } })
    const { blockBytes } = this.#header
    while (lengthBytes > 0) {
      const block = Math.floor(position / blockBytes)
      const within = position - block * blockBytes
      const length = Math.min(lengthBytes, blockBytes - within)
      const place = this.#map.getUint32(block * 4, true)
      if (place < ZERO) this.#store.write(this.#position(place) + within, from, offset, length)
      else this.#allocate(block, within, length, from, offset)
      position += length
      offset += length
      lengthBytes -= length
    }
  }

  /** A new block behind all others. */
  #allocate(block: number, within: number, length: number, from: Uint8Array, offset: number): void {
    const { blockBytes } = this.#header
    const place = this.#allocated
    const start = this.#position(place)
    const end = start + blockBytes
    if (start < this.#blankFrom) this.#clear(start, Math.min(end, this.#blankFrom) - start)
    if (this.#store.sizeBytes < end) this.#store.truncate(end + (GROWTH_BLOCKS - 1) * blockBytes)
    this.#isChanged = true
    // Should this write fail, some of it may be there.
    this.#blankFrom = Math.max(this.#blankFrom, end)
    this.#store.write(start + within, from, offset, length)
    this.#map.setUint32(block * 4, place, true)
    this.#table.touch(block * 4)
    this.#allocated = place + 1
    if (++this.#pending >= MAX_PENDING_BLOCKS) this.settle()
  }

  #clear(start: number, length: number): void {
    this.#store.write(start, new Uint8Array(Math.min(length, this.#store.sizeBytes - start)))
  }

  writeZeros(position: number, lengthBytes: number): boolean {
    const { blockBytes } = this.#header
    const last = position + lengthBytes === this.sizeBytes
    if (position % blockBytes !== 0 || (lengthBytes % blockBytes !== 0 && !last)) return false
    // Blocks that have a place keep it: the format cannot give one up.
    for (let block = position / blockBytes; block * blockBytes < position + lengthBytes; block++) {
      const place = this.#map.getUint32(block * 4, true)
      if (place < ZERO) this.#clear(this.#position(place), blockBytes)
    }
    return true
  }

  settle(): void {
    if (this.#pending > 0) this.#writeWord(Field.allocated, this.#allocated)
    this.#table.writeBack()
    this.#pending = 0
  }

  flush(): void {
    if (this.readOnly) return
    this.settle()
    this.#store.flush()
  }

  close(): void {
    try {
      if (!this.#isChanged) return
      this.settle()
      // The file ends with a whole block.
      const end = this.#position(this.#allocated)
      if (this.#store.sizeBytes > end) this.#store.truncate(end)
    } finally {
      this.#store.close()
    }
  }
}

const options = z.strictObject({ type: z.enum(['dynamic', 'fixed']).default('dynamic') })

function create(store: ByteStore, request: CreateRequest): void {
  const { type } = options.parse(request.options ?? {})
  const { sizeBytes, entropy } = request
  if (request.backing) throw new AppError('usage/invalid', 'A VDI image has no backing file here; qcow2 and VHD have')
  const blocks = Math.ceil(sizeBytes / DEFAULT_BLOCK_BYTES)
  if (blocks > MAX_BLOCKS) throw new AppError('disk/too-large', 'A VDI image cannot be that large')
  const blocksOffset = ALIGNMENT
  const dataOffset = Math.ceil((blocksOffset + blocks * 4) / ALIGNMENT) * ALIGNMENT
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = viewOf(bytes)
  bytes.set(bytesOf('<<< Vitrine VDI disk image >>>\n'))
  bytes.set(SIGNATURE, 64)
  view.setUint32(68, VERSION_1_1, true)
  view.setUint32(72, 400, true)
  view.setUint32(76, Type[type], true)
  view.setUint32(340, blocksOffset, true)
  view.setUint32(344, dataOffset, true)
  view.setUint32(360, 512, true)
  writeU64Le(view, 368, sizeBytes)
  view.setUint32(376, DEFAULT_BLOCK_BYTES, true)
  view.setUint32(384, blocks, true)
  view.setUint32(388, type === 'fixed' ? blocks : 0, true)
  bytes.set(uuid(entropy), 392)
  bytes.set(uuid(entropy), 408)
  const map = new Uint8Array(blocks * 4)
  const mapView = viewOf(map)
  for (let block = 0; block < blocks; block++)
    mapView.setUint32(block * 4, type === 'fixed' ? block : UNALLOCATED, true)
  store.write(blocksOffset, map)
  store.truncate(dataOffset + (type === 'fixed' ? blocks * DEFAULT_BLOCK_BYTES : 0))
  store.write(0, bytes)
}

/** A random UUID (RFC 9562, version 4), its first fields little-endian. */
function uuid(entropy: CreateRequest['entropy']): Uint8Array {
  const bytes = entropy(16)
  bytes[7] = ((bytes[7] as number) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  return bytes
}

/**
 * Blocks at impossible places and two that share one, which cannot be repaired, because either may be the right one; and
 * places that are counted and not used, which writing the image repairs.
 */
function check(request: LayerRequest, repair: boolean): CheckReport {
  const { store, path } = request
  const header = parseHeader(store, path)
  const bytes = new Uint8Array(header.blocks * 4)
  store.read(header.blocksOffset, bytes)
  const view = viewOf(bytes)
  const seen = new Set<number>()
  const messages: string[] = []
  for (let block = 0; block < header.blocks; block++) {
    const place = view.getUint32(block * 4, true)
    if (place >= ZERO) continue
    if (place >= header.allocated) messages.push(`Error: block ${block} is at place ${place} of ${header.allocated}`)
    else if (seen.has(place)) messages.push(`Error: block ${block} shares place ${place}`)
    seen.add(place)
  }
  const errors = messages.length
  const leaks = Math.max(0, header.allocated - seen.size)
  if (leaks > 0) messages.push(`Leak: ${header.allocated} blocks are counted, and there are ${seen.size}`)
  if (!repair || errors + leaks === 0)
    return { errors, leaks, remainingErrors: errors, remainingLeaks: leaks, messages: messages.slice(0, 50) }
  new VdiLayer({ ...request, readOnly: false }).flush()
  const { errors: remainingErrors, leaks: remainingLeaks } = check(request, false)
  return { errors, leaks, remainingErrors, remainingLeaks, messages: messages.slice(0, 50) }
}

export const vdi = {
  id: 'vdi',
  label: 'VirtualBox (VDI)',
  extensions: ['vdi'],
  options,
  probe: (store) => startsWith(store, SIGNATURE, 64),
  open: (request) => new VdiLayer(request),
  create,
  check,
} as const satisfies ImageFormat
