/**
 * Kernels that follow the Multiboot Specification 0.6.96: ELF, or placed by the address fields of their header; with modules, memory
 * map, command line and the screen they ask for.
 */
import { AppError } from '../../base/errors.ts'
import type { Call, Steps } from '../call.ts'
import type { KernelBoot } from '../machine.ts'
import { isElf, type LoadSegment, parseElf } from './elf-image.ts'
import { fillMultibootInfo, INFO_BASE, INFO_END, type PlacedModule } from './multiboot-info.ts'

const HEADER_MAGIC = 0x1bad_b002
const BOOT_MAGIC = 0x2bad_b002
/** The header lies in the first 8 KiB, aligned to 4 (3.1). */
const SEARCH_BYTES = 8192
const HEADER_BYTES = 12
const ADDRESS_BYTES = 32
const VIDEO_BYTES = 48

const WANTS_VIDEO = 0x0000_0004
const HAS_ADDRESSES = 0x0001_0000
/** Requirements that this loader does not know must stop it (3.1.2). */
const UNKNOWN_REQUIREMENTS = 0x0000_fff8
const PAGE = 0x1000

/** What a kernel asks for: its flags, addresses (a.out kludge), screen. */
export interface MultibootHeader {
  readonly offset: number
  readonly flags: number
  readonly addresses?: { header: number; load: number; loadEnd: number; bssEnd: number; entry: number }
  readonly video?: { linear: boolean; width: number; height: number; depth: number }
}

export interface MultibootEntry {
  readonly magic: number
  readonly info: number
  readonly address: number
}

/** Finds the header, or undefined. */
export function findMultibootHeader(image: Uint8Array): MultibootHeader | undefined {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
  const end = Math.min(image.length, SEARCH_BYTES) - HEADER_BYTES
  for (let offset = 0; offset <= end; offset += 4) {
    if (view.getUint32(offset, true) !== HEADER_MAGIC) continue
    const flags = view.getUint32(offset + 4, true)
    if ((HEADER_MAGIC + flags + view.getUint32(offset + 8, true)) >>> 0 !== 0) continue
    return parseHeader(view, offset, flags)
  }
  return undefined
}

function parseHeader(view: DataView, offset: number, flags: number): MultibootHeader {
  const field = (at: number) => view.getUint32(offset + at, true)
  const room = view.byteLength - offset
  return {
    offset,
    flags,
    ...(flags & HAS_ADDRESSES && room >= ADDRESS_BYTES
      ? { addresses: { header: field(12), load: field(16), loadEnd: field(20), bssEnd: field(24), entry: field(28) } }
      : {}),
    ...(flags & WANTS_VIDEO && room >= VIDEO_BYTES
      ? { video: { linear: field(32) === 0, width: field(36), height: field(40), depth: field(44) } }
      : {}),
  }
}

/** Loads kernel and modules below `limit` and fills the information structure. Throws `firmware/bad-image`. */
export function* loadMultiboot(call: Call, kernel: KernelBoot, limit: number): Steps<MultibootEntry> {
  const { memory } = call.machine
  const header = findMultibootHeader(kernel.image)
  if (!header) throw new AppError('firmware/bad-image', 'The kernel has no Multiboot header')
  if (header.flags & UNKNOWN_REQUIREMENTS)
    throw new AppError('firmware/bad-image', 'The kernel asks for Multiboot features that do not exist')
  const { entry, segments } = header.addresses ? placeByAddresses(kernel.image, header) : elfOf(kernel.image)
  let end = 0x10_0000
  for (const segment of segments) {
    checkPlace(segment, limit)
    memory.writeBytes(segment.address, segment.data)
    memory.writeBytes(segment.address + segment.data.length, new Uint8Array(segment.bytes - segment.data.length))
    end = Math.max(end, segment.address + segment.bytes)
  }
  const modules = placeModules(call, kernel, end, limit)
  yield* fillMultibootInfo(call, kernel, modules, header.video)
  return { magic: BOOT_MAGIC, info: INFO_BASE, address: entry }
}

function elfOf(image: Uint8Array): { entry: number; segments: readonly LoadSegment[] } {
  if (!isElf(image))
    throw new AppError('firmware/bad-image', 'The Multiboot kernel is no ELF file and names no addresses')
  return parseElf(image)
}

/** The a.out kludge (3.1.3): the part of the file from `load` to `loadEnd`, as seen from where the header is. */
function placeByAddresses(image: Uint8Array, { offset, addresses }: MultibootHeader) {
  if (!addresses) throw new AppError('firmware/bad-image', 'The Multiboot header is cut short')
  const { header, load, loadEnd, bssEnd, entry } = addresses
  const start = offset - (header - load)
  const length = loadEnd ? loadEnd - load : image.length - start
  const bytes = bssEnd ? Math.max(bssEnd - load, length) : length
  if (start < 0 || length < 0 || start + length > image.length)
    throw new AppError('firmware/bad-image', 'The addresses in the Multiboot header do not fit its file')
  const segment = { address: load, virtualAddress: load, data: image.subarray(start, start + length), bytes }
  return { entry, segments: [segment] }
}

/** Neither over the information structure and ROM area, nor past the end of memory. */
function checkPlace({ address, bytes }: LoadSegment, limit: number): void {
  const end = address + bytes
  const low = end <= INFO_BASE && address >= 0x1000
  if (!low && (address < Math.max(0x10_0000, INFO_END) || end > limit)) {
    const place = `${address.toString(16)} to ${end.toString(16)}`
    throw new AppError(
      'firmware/bad-image',
      `The kernel wants memory from ${place}, which this machine cannot give it`,
      {
        context: { address, bytes, limit },
      },
    )
  }
}

/** On page boundaries after the kernel. The initial RAM disk, if one is given, is the first module. */
function placeModules(call: Call, kernel: KernelBoot, after: number, limit: number): PlacedModule[] {
  const files = [...(kernel.initrd ? [{ data: kernel.initrd, commandLine: '' }] : []), ...(kernel.modules ?? [])]
  let next = Math.ceil(after / PAGE) * PAGE
  return files.map(({ data, commandLine }) => {
    const start = next
    next = Math.ceil((start + data.length) / PAGE) * PAGE
    if (start + data.length > limit)
      throw new AppError('firmware/bad-image', 'The modules do not fit into the memory of this machine')
    call.machine.memory.writeBytes(start, data)
    return { start, end: start + data.length, commandLine }
  })
}
