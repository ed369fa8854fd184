/** The format of Virtual PC and Hyper-V before VHDX: fixed, dynamic and differencing images. */
import { AppError } from '../../../base/errors.ts'
import { z } from '../../../base/schema.ts'
import type { ByteStore } from '../../block-device.ts'
import type { ImageLayer } from '../../disk-image.ts'
import { FlatLayer } from '../flat-layer.ts'
import type { CheckReport, CreateRequest, ImageFormat, LayerRequest } from '../image-format.ts'
import { viewOf } from '../numbers.ts'
import {
  DiskType,
  encodeFooter,
  encodeHeader,
  encodeLocator,
  FOOTER_BYTES,
  footerPosition,
  HEADER_BYTES,
  parseFooter,
  parseHeader,
  type VhdFooter,
} from './footer.ts'
import { DynamicVhdLayer } from './vhd-layer.ts'

const BLOCK_BYTES = 2 << 20
/** What the format allows: 2040 GiB. */
const MAX_SIZE_BYTES = 2040 * 2 ** 30

/** The bytes of the disk, and the footer behind them. */
class FixedVhdLayer extends FlatLayer {
  readonly identity: string

  constructor(request: LayerRequest, { sizeBytes, id }: VhdFooter) {
    super(request, { format: 'vhd', sizeBytes, details: { type: 'fixed' } })
    this.identity = id
  }
}

function open(request: LayerRequest): ImageLayer {
  const footer = parseFooter(request.store, request.path)
  if (footer.type === DiskType.fixed) return new FixedVhdLayer(request, footer)
  return new DynamicVhdLayer(request, footer, parseHeader(request.store, footer, request.path))
}

const options = z.strictObject({ type: z.enum(['dynamic', 'fixed']).default('dynamic') })

function create(store: ByteStore, request: CreateRequest): void {
  const { type } = options.parse(request.options ?? {})
  const { sizeBytes, backing, entropy, nowSeconds } = request
  if (sizeBytes > MAX_SIZE_BYTES) throw new AppError('disk/too-large', 'A VHD image holds at most 2040 GiB')
  const id = request.identity === undefined ? entropy(16) : bytesOfHex(request.identity)
  if (type === 'fixed') {
    if (backing) throw new AppError('usage/invalid', 'A fixed VHD image has no parent')
    store.truncate(sizeBytes)
    store.write(sizeBytes, encodeFooter({ type: DiskType.fixed, sizeBytes, id, nowSeconds }))
    return
  }
  if (backing && (backing.format !== 'vhd' || backing.identity === undefined))
    throw new AppError('usage/invalid', 'The parent of a VHD image is a VHD image')
  const entries = Math.ceil(sizeBytes / BLOCK_BYTES)
  const tableOffset = FOOTER_BYTES + HEADER_BYTES
  const table = new Uint8Array(Math.ceil((entries * 4) / 512) * 512).fill(0xff)
  const locatorOffset = tableOffset + table.length
  const locator = backing ? encodeLocator(backing.file) : new Uint8Array(0)
  const parent = backing && { file: backing.file, id: bytesOfHex(backing.identity ?? ''), locatorOffset }
  const footer = encodeFooter({ type: backing ? DiskType.differencing : DiskType.dynamic, sizeBytes, id, nowSeconds })
  store.write(FOOTER_BYTES, encodeHeader({ tableOffset, entries, blockBytes: BLOCK_BYTES, parent }))
  store.write(tableOffset, table)
  if (backing) store.write(locatorOffset, locator)
  store.write(locatorOffset + locator.length, footer)
  store.write(0, footer)
}

function bytesOfHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16))
}

/** Blocks that lie on each other or on the tables, and a footer that is not at the end. */
function check(request: LayerRequest): CheckReport {
  const { store, path } = request
  const footer = parseFooter(store, path)
  const messages: string[] = []
  if (footer.type !== DiskType.fixed) {
    const { tableOffset, entries, blockBytes } = parseHeader(store, footer, path)
    const bytes = new Uint8Array(entries * 4)
    store.read(tableOffset, bytes)
    const view = viewOf(bytes)
    const bitmapBytes = Math.ceil(blockBytes / 512 / 8 / 512) * 512
    const starts: number[] = []
    for (let block = 0; block < entries; block++) {
      const sector = view.getUint32(block * 4)
      if (sector !== 0xffff_ffff) starts.push(sector * 512)
    }
    starts.sort((a, b) => a - b)
    let end = tableOffset + entries * 4
    for (const start of starts) {
      if (start < end) messages.push(`Error: the block at ${start} lies on something else`)
      end = start + bitmapBytes + blockBytes
    }
    if (end > store.sizeBytes) messages.push(`Error: the block before ${end} is past the end of the file`)
    if (footerPosition(store) === 0 && !hasFooterAtEnd(store)) messages.push('Error: there is no footer at the end')
  }
  const errors = messages.length
  return { errors, leaks: 0, remainingErrors: errors, remainingLeaks: 0, messages: messages.slice(0, 50) }
}

function hasFooterAtEnd(store: ByteStore): boolean {
  const start = new Uint8Array(FOOTER_BYTES)
  const end = new Uint8Array(FOOTER_BYTES)
  store.read(0, start)
  store.read(Math.max(0, store.sizeBytes - FOOTER_BYTES), end)
  return start.every((byte, i) => end[i] === byte)
}

export const vhd = {
  id: 'vhd',
  label: 'Virtual PC (VHD)',
  extensions: ['vhd', 'vpc'],
  options,
  probe: (store) => footerPosition(store) !== undefined,
  open,
  create,
  check,
} as const satisfies ImageFormat
