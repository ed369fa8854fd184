/**
 * The container of a saved state: named sections, each with a version and a checksum.
 *
 *   0   "VITRSTAT"
 *   8   u32 version of the container
 *   12  u32 sections
 *   then for each: u16 length of its name, u16 flags (1: optional), u32 version, u32 bytes, u32 CRC-32 of them; name; bytes
 *
 * Little-endian. A reader skips optional sections that it does not know; any other unknown section is an error that names it.
 */
import { crc32 } from '../base/crc32.ts'
import { AppError } from '../base/errors.ts'

const MAGIC = 'VITRSTAT'
const CONTAINER_VERSION = 1
const HEADER_BYTES = 16
const SECTION_BYTES = 16
const OPTIONAL = 1
/** A machine has a few dozen sections. */
const MAX_SECTIONS = 1024
const MAX_NAME_BYTES = 100

export interface StateSection {
  readonly name: string
  readonly version: number
  /** Readers that do not know it may go on without it. */
  readonly optional: boolean
  readonly bytes: Uint8Array
}

/** The bytes of a state file with `sections`, in their order. */
export function encodeStateFile(sections: readonly StateSection[]): Uint8Array<ArrayBuffer> {
  const names = sections.map(({ name }) => new TextEncoder().encode(name))
  const total = sections.reduce(
    (sum, { bytes }, i) => sum + SECTION_BYTES + names[i]!.length + bytes.length,
    HEADER_BYTES,
  )
  const file = new Uint8Array(total)
  const view = new DataView(file.buffer)
  file.set(new TextEncoder().encode(MAGIC))
  view.setUint32(8, CONTAINER_VERSION, true)
  view.setUint32(12, sections.length, true)
  let at = HEADER_BYTES
  for (const [i, { version, optional, bytes }] of sections.entries()) {
    const name = names[i]!
    view.setUint16(at, name.length, true)
    view.setUint16(at + 2, optional ? OPTIONAL : 0, true)
    view.setUint32(at + 4, version, true)
    view.setUint32(at + 8, bytes.length, true)
    view.setUint32(at + 12, crc32(bytes), true)
    file.set(name, at + SECTION_BYTES)
    file.set(bytes, at + SECTION_BYTES + name.length)
    at += SECTION_BYTES + name.length + bytes.length
  }
  return file
}

function corrupt(why: string, offset: number): AppError {
  return new AppError('state/corrupt', `The saved state is damaged: ${why}`, { context: { offset } })
}

/** The sections of a state file. They share the memory of `file`. Throws `state/corrupt` or `state/newer-version`. */
export function decodeStateFile(file: Uint8Array): StateSection[] {
  if (file.length < HEADER_BYTES || new TextDecoder().decode(file.subarray(0, 8)) !== MAGIC)
    throw corrupt('it does not begin as one', 0)
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const version = view.getUint32(8, true)
  if (version > CONTAINER_VERSION)
    throw new AppError(
      'state/newer-version',
      `The saved state has version ${version}; this app reads up to version ${CONTAINER_VERSION}. Open it with a newer Vitrine`,
      { context: { version, supported: CONTAINER_VERSION } },
    )
  const count = view.getUint32(12, true)
  if (count > MAX_SECTIONS) throw corrupt(`it claims ${count} sections`, 12)
  const sections: StateSection[] = []
  const known = new Set<string>()
  let at = HEADER_BYTES
  for (let i = 0; i < count; i++) {
    const section = readSection(file, view, at)
    if (known.has(section.name)) throw corrupt(`section ${section.name} stands twice`, at)
    known.add(section.name)
    sections.push(section)
    at = section.bytes.byteOffset - file.byteOffset + section.bytes.length
  }
  if (at !== file.length) throw corrupt('something follows its last section', at)
  return sections
}

function readSection(file: Uint8Array, view: DataView, at: number): StateSection {
  if (file.length - at < SECTION_BYTES) throw corrupt('it ends too early', at)
  const nameBytes = view.getUint16(at, true)
  const length = view.getUint32(at + 8, true)
  if (nameBytes === 0 || nameBytes > MAX_NAME_BYTES || file.length - at - SECTION_BYTES < nameBytes + length)
    throw corrupt('it ends too early', at)
  const start = at + SECTION_BYTES + nameBytes
  const name = new TextDecoder().decode(file.subarray(at + SECTION_BYTES, start))
  const bytes = file.subarray(start, start + length)
  if (crc32(bytes) !== view.getUint32(at + 12, true)) throw corrupt(`the checksum of section ${name} is wrong`, at)
  return {
    name,
    version: view.getUint32(at + 4, true),
    optional: (view.getUint16(at + 2, true) & OPTIONAL) !== 0,
    bytes,
  }
}
