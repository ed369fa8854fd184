/**
 * The slow half of every memory access: segment limits and rights, alignment, page walks, page-crossing, memory-mapped I/O
 * and writes to pages that hold decoded code. Faults end the instruction through `cpu.raise`.
 */
import type { AddressMap } from '../../memory/address-map.ts'
import * as L from '../state/layout.ts'
import { SCRATCH, SEG_ATTRIBUTES, SEG_BASE, SEG_LIMIT, SS, segmentOffset } from '../state/layout.ts'
import type { Cpu } from './cpu.ts'

/** Vectors. */
const SS_FAULT = 12
const GP = 13
const PF = 14
const AC = 17

type Piece = 1 | 2 | 4

/** Address bits that must be zero under alignment checks, for an operand of `bytes` (SDM vol 3A, table 6-7). */
function alignmentMask(bytes: number): number {
  if (bytes === 6) return 3
  return bytes <= 8 ? bytes - 1 : bytes === 10 ? 7 : 0
}

export class MemoryAccess {
  readonly #cpu: Cpu
  readonly #map: AddressMap
  /** The write that `probe` prepared in SCRATCH. */
  #pendingBytes = 0
  #pendingFirst = 0
  #pendingSplit = 0
  #pendingSecond = 0

  constructor(cpu: Cpu, map: AddressMap) {
    this.#cpu = cpu
    this.#map = map
  }

  /** Checks limit, rights and alignment of an access; returns its linear address. `segment` is a state offset. */
  linear(segment: number, offset: number, bytes: number, write: boolean): number {
    const { u32 } = this.#cpu.state
    const at = segment >> 2
    const attributes = u32[at + (SEG_ATTRIBUTES >> 2)]
    const limit = u32[at + (SEG_LIMIT >> 2)]
    const last = offset + bytes - 1
    let ok: boolean
    // Real mode checks limits only: CS is writable there, and stays what it was when protection is switched off.
    const checked = (u32[L.CR0 >> 2] & 1) !== 0
    if (!checked && (attributes & 0xc00) !== 0x400) ok = last <= limit
    else if (!(attributes & 0x8000)) ok = false
    else if (attributes & 0x800) ok = !write && (attributes & 0x200) !== 0 && last <= limit
    else if (attributes & 0x400) ok = offset > limit && last <= (attributes & 0x40_0000 ? 0xffff_ffff : 0xffff)
    else ok = last <= limit
    if (ok && checked && write && !(attributes & 0x800) && !(attributes & 0x200)) ok = false
    if (!ok) this.#cpu.raise(segment === segmentOffset(SS) ? SS_FAULT : GP, 0)
    const linear = (u32[at + (SEG_BASE >> 2)] + offset) >>> 0
    if (this.#cpu.alignmentChecks && linear & alignmentMask(bytes)) this.#cpu.raise(AC, 0)
    return linear
  }

  /** Physical address for a data access at the current privilege (or the supervisor's with `system`). Raises #PF. */
  translate(linear: number, write: boolean, system = false): number {
    const cpu = this.#cpu
    const user = !system && cpu.state.u32[L.CPL >> 2] === 3
    if (!cpu.walk.translate(linear, write, user)) {
      cpu.state.u32[L.CR2 >> 2] = linear
      cpu.raise(PF, cpu.walk.errorCode)
    }
    const { page, writable } = cpu.walk
    if (page >= 0x1_0000_0000) return -1
    const host = this.#map.hostForRead(page)
    if (host >= 0 && !cpu.watched(linear)) {
      const mayWrite = writable && this.#map.hostForWrite(page) === host
      cpu.tlb.fill(linear, host, mayWrite, user, cpu.walk.global, cpu.walk.large)
    }
    return page + (linear & 0xfff)
  }

  #readPhysical(gpa: number, bytes: Piece): number {
    return gpa < 0 ? (bytes === 4 ? 0xffff_ffff : bytes === 2 ? 0xffff : 0xff) : this.#map.read(gpa, bytes)
  }

  #writePhysical(gpa: number, bytes: Piece, value: number): void {
    if (gpa >= 0) this.#map.write(gpa, bytes, value)
  }

  read(segment: number, offset: number, bytes: number): number {
    return this.readLinear(this.linear(segment, offset, bytes, false), bytes as Piece, false)
  }

  /** Reads 1, 2 or 4 bytes at a linear address. Unsigned. */
  readLinear(linear: number, bytes: Piece, system: boolean): number {
    this.#cpu.watch(linear, bytes, false)
    const room = 0x1000 - (linear & 0xfff)
    if (bytes <= room) return this.#readPhysical(this.translate(linear, false, system), bytes)
    const first = this.translate(linear, false, system)
    const second = this.translate((linear + room) >>> 0, false, system)
    let value = 0
    for (let i = 0; i < bytes; i++)
      value |=
        this.#readPhysical(i < room ? (first < 0 ? -1 : first + i) : second < 0 ? -1 : second + i - room, 1) << (8 * i)
    return value >>> 0
  }

  writeLinear(linear: number, bytes: Piece, value: number, system: boolean): void {
    this.#cpu.watch(linear, bytes, true)
    const room = 0x1000 - (linear & 0xfff)
    if (bytes <= room) return this.#writePhysical(this.translate(linear, true, system), bytes, value)
    const first = this.translate(linear, true, system)
    const second = this.translate((linear + room) >>> 0, true, system)
    for (let i = 0; i < bytes; i++)
      this.#writePhysical(
        i < room ? (first < 0 ? -1 : first + i) : second < 0 ? -1 : second + i - room,
        1,
        (value >>> (8 * i)) & 0xff,
      )
  }

  readWide(segment: number, offset: number, bytes: number): void {
    const linear = this.linear(segment, offset, bytes, false)
    this.#cpu.watch(linear, bytes, false)
    const room = 0x1000 - (linear & 0xfff)
    const first = this.translate(linear, false)
    const second = room < bytes ? this.translate((linear + room) >>> 0, false) : 0
    this.#gather(first, Math.min(room, bytes), second, bytes)
  }

  /** Copies `bytes` into SCRATCH: `split` of them from `first`, the rest from `second`. */
  #gather(first: number, split: number, second: number, bytes: number): void {
    const { view } = this.#cpu.state
    for (let i = 0; i < bytes; ) {
      const left = i < split ? split - i : bytes - i
      const gpa = i < split ? (first < 0 ? -1 : first + i) : second < 0 ? -1 : second + i - split
      if (left >= 4 && !(i & 3)) {
        view.setUint32(SCRATCH + i, this.#readPhysical(gpa, 4), true)
        i += 4
      } else if (left >= 2 && bytes === 2) {
        view.setUint16(SCRATCH, this.#readPhysical(gpa, 2), true)
        i += 2
      } else {
        view.setUint8(SCRATCH + i, this.#readPhysical(gpa, 1))
        i++
      }
    }
  }

  /**
   * Makes sure that `bytes` at `offset` may be written. Returns the host address to store to, or SCRATCH when `commit` must
   * carry the bytes to where they belong (MMIO, page-crossing, ROM, code). With `read`, the present content is there.
   */
  probe(segment: number, offset: number, bytes: number, read: boolean): number {
    const cpu = this.#cpu
    const linear = this.linear(segment, offset, bytes, true)
    cpu.watch(linear, bytes, true)
    const room = 0x1000 - (linear & 0xfff)
    const first = this.translate(linear, true)
    const second = room < bytes ? this.translate((linear + room) >>> 0, true) : 0
    if (room >= bytes && first >= 0) {
      const host = this.#map.hostForWrite(first)
      if (host >= 0 && !cpu.blocks.overlapsCode(host, bytes)) {
        this.#map.memory.writes.touch(host)
        return host
      }
    }
    this.#pendingBytes = bytes
    this.#pendingFirst = first
    this.#pendingSplit = Math.min(room, bytes)
    this.#pendingSecond = second
    if (read) this.#gather(first, this.#pendingSplit, second, bytes)
    return SCRATCH
  }

  commit(): void {
    const { view } = this.#cpu.state
    const bytes = this.#pendingBytes
    const split = this.#pendingSplit
    for (let i = 0; i < bytes; ) {
      const left = i < split ? split - i : bytes - i
      const gpa =
        i < split
          ? this.#pendingFirst < 0
            ? -1
            : this.#pendingFirst + i
          : this.#pendingSecond < 0
            ? -1
            : this.#pendingSecond + i - split
      if (left >= 4 && !(i & 3)) {
        this.#writePhysical(gpa, 4, view.getUint32(SCRATCH + i, true))
        i += 4
      } else if (left >= 2 && bytes === 2) {
        this.#writePhysical(gpa, 2, view.getUint16(SCRATCH, true))
        i += 2
      } else {
        this.#writePhysical(gpa, 1, view.getUint8(SCRATCH + i))
        i++
      }
    }
  }

  /** Writes 1, 2 or 4 bytes at `offset` of `segment` (state offset). */
  write(segment: number, offset: number, bytes: Piece, value: number): void {
    this.writeLinear(this.linear(segment, offset, bytes, true), bytes, value, false)
  }
}
