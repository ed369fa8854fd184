/** The format of VMware: sparse and flat images in one file or several; streams are read. */
import { AppError } from '../../../base/errors.ts'
import { z } from '../../../base/schema.ts'
import type { ByteStore } from '../../block-device.ts'
import type { ImageLayer } from '../../disk-image.ts'
import type { CheckReport, CreateRequest, ImageFormat, LayerRequest } from '../image-format.ts'
import { bytesOf, startsWith, viewOf } from '../numbers.ts'
import {
  type Descriptor,
  type ExtentLine,
  encodeDescriptor,
  MAX_DESCRIPTOR_BYTES,
  parseDescriptor,
} from './descriptor.ts'
import { FlatExtent, type VmdkExtent, ZeroExtent } from './extents.ts'
import { SparseExtent } from './sparse-extent.ts'
import { encodeSparseHeader, MAGIC, parseSparseHeader, type SparseHeader } from './sparse-header.ts'
import { VmdkLayer } from './vmdk-layer.ts'

const SECTOR_BYTES = 512
const DESCRIPTOR_START = bytesOf('# Disk DescriptorFile')
const GRAIN_SECTORS = 128
const TABLE_ENTRIES = 512
const DESCRIPTOR_SECTORS = 20

function latin1(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

function open(request: LayerRequest): ImageLayer {
  return startsWith(request.store, MAGIC) ? openSparse(request) : openDescribed(request)
}

/** One sparse file with the descriptor in it. */
function openSparse({ store, host, path, readOnly }: LayerRequest): ImageLayer {
  const header = parseSparseHeader(store, path)
  const text = embedded(store, header)
  if (!text)
    throw new AppError(
      'disk/unsupported-format',
      `${path} is a part of a VMDK image; open the file that describes it`,
      {
        context: { path, format: 'vmdk' },
      },
    )
  const { createType } = parseDescriptor(text, path)
  const extent = new SparseExtent(store, host, header, path)
  if (!readOnly && !extent.isWritable) throw streamOnly(path)
  return new VmdkLayer({
    store,
    path,
    readOnly,
    createType,
    extents: [extent],
    granuleBytes: header.grainBytes,
    cid: findCid(text, header.descriptorOffset),
  })
}

function embedded(store: ByteStore, { descriptorOffset, descriptorBytes }: SparseHeader): string {
  if (descriptorOffset === 0 || descriptorOffset >= store.sizeBytes || descriptorBytes > MAX_DESCRIPTOR_BYTES) return ''
  const bytes = new Uint8Array(Math.min(descriptorBytes, Math.max(0, store.sizeBytes - descriptorOffset)))
  store.read(descriptorOffset, bytes)
  return latin1(bytes)
}

function streamOnly(path: string): AppError {
  const message = `${path} is a compressed VMDK image, which can only be read; convert it with: vitrine disk convert`
  return new AppError('disk/read-only', message, { context: { path } })
}

function findCid(text: string, offset: number): { position: number; value: number } | undefined {
  const found = /^CID=([0-9a-fA-F]{8})\s*$/m.exec(text.replaceAll('\r', ' '))
  if (!found) return undefined
  return { position: offset + found.index + 4, value: Number.parseInt(found[1] as string, 16) }
}

/** A text that describes the image, and the files that it names. */
function openDescribed({ store, host, path, readOnly }: LayerRequest): ImageLayer {
  if (store.sizeBytes > MAX_DESCRIPTOR_BYTES)
    throw new AppError('disk/corrupt-image', `${path} is damaged: its descriptor is too long`, { context: { path } })
  const bytes = new Uint8Array(store.sizeBytes)
  store.read(0, bytes)
  const descriptor = parseDescriptor(new TextDecoder().decode(bytes), path)
  if (descriptor.extents.length === 0)
    throw new AppError('disk/corrupt-image', `${path} is damaged: its descriptor names no files`, { context: { path } })
  const opened: ByteStore[] = []
  try {
    const extents = descriptor.extents.map((line) => openExtent(line, { store, host, path, readOnly }, opened))
    const granules = extents.map((extent) => (extent instanceof SparseExtent ? 65_536 : 512))
    return new VmdkLayer({
      store,
      path,
      readOnly,
      createType: descriptor.createType satisfies Descriptor['createType'],
      extents,
      granuleBytes: Math.min(...granules),
      cid: findCid(latin1(bytes), 0),
    })
  } catch (error) {
    for (const extent of opened) extent.close()
    throw error
  }
}

function openExtent(line: ExtentLine, { host, path, readOnly }: LayerRequest, opened: ByteStore[]): VmdkExtent {
  const sizeBytes = line.sectors * SECTOR_BYTES
  if (line.type === 'ZERO' || line.access === 'NOACCESS') return new ZeroExtent(sizeBytes)
  const file = host.resolve(path, line.file)
  const store = host.open(file, readOnly || line.access === 'RDONLY')
  opened.push(store)
  if (line.type === 'FLAT') return new FlatExtent(store, sizeBytes, line.offsetSectors * SECTOR_BYTES)
  if (!startsWith(store, MAGIC))
    throw new AppError('disk/corrupt-image', `${file} is damaged: it is no part of a VMDK image`, {
      context: { path: file },
    })
  const extent = new SparseExtent(store, host, parseSparseHeader(store, file), file)
  if (extent.sizeBytes !== sizeBytes)
    throw new AppError('disk/corrupt-image', `${file} has another size than ${path} says`, { context: { path: file } })
  if (!readOnly && !extent.isWritable) throw streamOnly(path)
  return extent
}

const options = z.strictObject({ type: z.enum(['monolithicSparse', 'monolithicFlat']).default('monolithicSparse') })

function create(store: ByteStore, request: CreateRequest): void {
  const { type } = options.parse(request.options ?? {})
  if (request.backing) throw new AppError('usage/invalid', 'A VMDK image has no backing file here; qcow2 and VHD have')
  if (type === 'monolithicFlat') createFlat(store, request)
  else createSparse(store, request)
}

function newCid({ entropy }: CreateRequest): number {
  return viewOf(entropy(4)).getUint32(0) >>> 1
}

function createFlat(store: ByteStore, request: CreateRequest): void {
  const part = request.createPart?.('flat')
  if (!part) throw new AppError('usage/invalid', 'A flat VMDK image consists of two files, which cannot be made here')
  part.store.truncate(request.sizeBytes)
  part.store.flush()
  part.store.close()
  const line = {
    access: 'RW',
    sectors: request.sizeBytes / SECTOR_BYTES,
    type: 'FLAT',
    file: part.name,
    offsetSectors: 0,
  } as const
  store.write(
    0,
    new TextEncoder().encode(encodeDescriptor({ createType: 'monolithicFlat', cid: newCid(request), extents: [line] })),
  )
}

/** Directories and their grain tables come first, all of them, as most programs expect. */
function createSparse(store: ByteStore, request: CreateRequest): void {
  // The size of the disk is a multiple of the grain in some programs, and of a sector in others.
  const capacitySectors = request.sizeBytes / SECTOR_BYTES
  const tables = Math.ceil(capacitySectors / (GRAIN_SECTORS * TABLE_ENTRIES))
  const tableSectors = (TABLE_ENTRIES * 4) / SECTOR_BYTES
  const directorySectors = Math.ceil((tables * 4) / SECTOR_BYTES)
  const secondDirectorySector = 1 + DESCRIPTOR_SECTORS
  const directorySector = secondDirectorySector + directorySectors + tables * tableSectors
  const overhead = directorySector + directorySectors + tables * tableSectors
  const overheadSectors = Math.ceil(overhead / GRAIN_SECTORS) * GRAIN_SECTORS
  if (capacitySectors > 2 ** 32) throw new AppError('disk/too-large', 'A VMDK image in one file holds at most 2 TiB')
  store.truncate(overheadSectors * SECTOR_BYTES)
  for (const sector of [secondDirectorySector, directorySector]) {
    const directory = new Uint8Array(directorySectors * SECTOR_BYTES)
    const view = viewOf(directory)
    for (let i = 0; i < tables; i++) view.setUint32(i * 4, sector + directorySectors + i * tableSectors, true)
    store.write(sector * SECTOR_BYTES, directory)
  }
  const line = {
    access: 'RW',
    sectors: capacitySectors,
    type: 'SPARSE',
    file: request.fileName ?? 'disk.vmdk',
    offsetSectors: 0,
  } as const
  const descriptor = encodeDescriptor({ createType: 'monolithicSparse', cid: newCid(request), extents: [line] })
  store.write(SECTOR_BYTES, new TextEncoder().encode(descriptor))
  store.write(
    0,
    encodeSparseHeader({
      capacitySectors,
      grainSectors: GRAIN_SECTORS,
      descriptorSector: 1,
      descriptorSectors: DESCRIPTOR_SECTORS,
      secondDirectorySector,
      directorySector,
      overheadSectors,
    }),
  )
}

/** Grains past the end of the file, and two that share a place. */
function check(request: LayerRequest): CheckReport {
  const messages: string[] = []
  if (startsWith(request.store, MAGIC)) checkSparse(request.store, request.path, messages)
  else open({ ...request, readOnly: true }).close()
  const errors = messages.length
  return { errors, leaks: 0, remainingErrors: errors, remainingLeaks: 0, messages: messages.slice(0, 50) }
}

function checkSparse(store: ByteStore, path: string, messages: string[]): void {
  const { directoryOffset, directoryEntries, tableEntries, zeroGrains } = parseSparseHeader(store, path)
  const directory = new Uint8Array(directoryEntries * 4)
  store.read(directoryOffset, directory)
  const table = new Uint8Array(tableEntries * 4)
  const seen = new Set<number>()
  for (let i = 0; i < directoryEntries; i++) {
    const sector = viewOf(directory).getUint32(i * 4, true)
    if (sector === 0) continue
    if (sector * SECTOR_BYTES >= store.sizeBytes) {
      messages.push(`Error: grain table ${i} is past the end of the file`)
      continue
    }
    store.read(sector * SECTOR_BYTES, table)
    for (let entry = 0; entry < tableEntries; entry++) {
      const grain = viewOf(table).getUint32(entry * 4, true)
      if (grain === 0 || (grain === 1 && zeroGrains)) continue
      if (grain * SECTOR_BYTES >= store.sizeBytes)
        messages.push(`Error: grain ${i * tableEntries + entry} is past the end of the file`)
      else if (seen.has(grain)) messages.push(`Error: grain ${i * tableEntries + entry} shares its place`)
      seen.add(grain)
    }
  }
}

export const vmdk = {
  id: 'vmdk',
  label: 'VMware (VMDK)',
  extensions: ['vmdk'],
  options,
  probe: (store) => startsWith(store, MAGIC) || startsWith(store, DESCRIPTOR_START),
  open,
  create,
  check,
} as const satisfies ImageFormat
