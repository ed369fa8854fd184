/** The loadable parts of a 32-bit ELF executable (System V ABI, Intel386 supplement). */
import { AppError } from '../../base/errors.ts'

/** `data` goes to physical `address`, followed by zeroes up to `bytes`. */
export interface LoadSegment {
  readonly address: number
  readonly virtualAddress: number
  readonly data: Uint8Array
  readonly bytes: number
}

export interface ElfImage {
  readonly entry: number
  readonly segments: readonly LoadSegment[]
}

const MAGIC = 0x464c_457f
const CLASS_32 = 1
const LITTLE_ENDIAN = 1
const EM_386 = 3
const PT_LOAD = 1

export function isElf(image: Uint8Array): boolean {
  return image.length >= 52 && viewOf(image).getUint32(0, true) === MAGIC
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** @throws AppError `firmware/bad-image` when it is not a complete 32-bit executable for the 386 */
export function parseElf(image: Uint8Array): ElfImage {
  const view = viewOf(image)
  if (image[4] !== CLASS_32 || image[5] !== LITTLE_ENDIAN || view.getUint16(18, true) !== EM_386)
    throw new AppError('firmware/bad-image', 'The kernel is not a 32-bit x86 executable')
  const [table, size, count] = [view.getUint32(28, true), view.getUint16(42, true), view.getUint16(44, true)]
  if (size < 32 || table + size * count > image.length) throw damaged()
  const segments: LoadSegment[] = []
  for (let at = table; at < table + size * count; at += size) {
    if (view.getUint32(at, true) !== PT_LOAD) continue
    const [offset, fileBytes, bytes] = [4, 16, 20].map((field) => view.getUint32(at + field, true))
    if (offset + fileBytes > image.length || fileBytes > bytes) throw damaged()
    const data = image.subarray(offset, offset + fileBytes)
    const [virtualAddress, address] = [view.getUint32(at + 8, true), view.getUint32(at + 12, true)]
    if (bytes > 0) segments.push({ address, virtualAddress, data, bytes })
  }
  return { entry: physicalEntry(view.getUint32(24, true), segments), segments }
}

/** Entries given as virtual addresses are moved to where their segment is loaded. */
function physicalEntry(entry: number, segments: readonly LoadSegment[]): number {
  const inside = (start: number, bytes: number) => entry >= start && entry < start + bytes
  if (segments.some(({ address, bytes }) => inside(address, bytes))) return entry
  const segment = segments.find(({ virtualAddress, bytes }) => inside(virtualAddress, bytes))
  return segment ? (entry - segment.virtualAddress + segment.address) >>> 0 : entry
}

function damaged(): AppError {
  return new AppError('firmware/bad-image', 'The kernel is damaged or cut short')
}
