/**
 * The CPU's registers as TypeScript sees them: for slow paths, firmware, debuggers and tests. A view of the shared memory;
 * it holds nothing itself. Values are unsigned 32-bit unless said otherwise.
 */
import type { GuestMemory } from '../../memory/guest-memory.ts'
import * as L from './layout.ts'

/** Status flags of EFLAGS. */
export const CF = 0x1
export const PF = 0x4
export const AF = 0x10
export const ZF = 0x40
export const SF = 0x80
export const TF = 0x100
export const IF = 0x200
export const DF = 0x400
export const OF = 0x800
export const IOPL = 0x3000
export const NT = 0x4000
export const RF = 0x1_0000
export const VM = 0x2_0000
export const AC = 0x4_0000
export const VIF = 0x8_0000
export const VIP = 0x10_0000
export const ID = 0x20_0000
export const STATUS_FLAGS = CF | PF | AF | ZF | SF | OF
/** Everything else that exists; reserved bits stay zero. */
export const CONTROL_FLAGS = TF | IF | DF | IOPL | NT | RF | VM | AC | VIF | VIP | ID

/** Registers of one CPU in `memory`. */
export class CpuState {
  readonly i32: Int32Array
  readonly u32: Uint32Array
  readonly u16: Uint16Array
  readonly u8: Uint8Array
  readonly f64: Float64Array
  readonly view: DataView

  constructor(memory: GuestMemory) {
    const buffer = memory.buffer
    this.i32 = new Int32Array(buffer, 0, 0x4000)
    this.u32 = new Uint32Array(buffer, 0, 0x4000)
    this.u16 = new Uint16Array(buffer, 0, 0x8000)
    this.u8 = new Uint8Array(buffer, 0, 0x1_0000)
    this.f64 = new Float64Array(buffer, 0, 0x2000)
    this.view = new DataView(buffer, 0, 0x1_0000)
  }

  /** General register `n` (0 EAX, 1 ECX, 2 EDX, 3 EBX, 4 ESP, 5 EBP, 6 ESI, 7 EDI). */
  reg32(n: number): number {
    return this.u32[(L.REGISTERS + n * 8) >> 2]
  }

  setReg32(n: number, value: number): void {
    this.u32[(L.REGISTERS + n * 8) >> 2] = value
  }

  reg16(n: number): number {
    return this.u16[(L.REGISTERS + n * 8) >> 1]
  }

  setReg16(n: number, value: number): void {
    this.u16[(L.REGISTERS + n * 8) >> 1] = value
  }

  /** 8-bit register `n` in encoding order: AL CL DL BL AH CH DH BH. */
  reg8(n: number): number {
    return this.u8[L.register8Offset(n)]
  }

  setReg8(n: number, value: number): void {
    this.u8[L.register8Offset(n)] = value
  }

  get eip(): number {
    return this.u32[L.EIP >> 2]
  }

  set eip(value: number) {
    this.u32[L.EIP >> 2] = value
  }

  /** The whole EFLAGS register, status flags computed from their lazy form; bit 1 reads as one. */
  get eflags(): number {
    const result = this.i32[L.FLAGS_RESULT >> 2]
    const aux = this.i32[L.FLAGS_AUX >> 2]
    let parity = (result ^ (aux >>> 8)) & 0xff
    parity ^= parity >>> 4
    const pf = (0x9669 >>> (parity & 15)) & 1
    return (
      ((this.u32[L.EFLAGS >> 2] & ~STATUS_FLAGS) |
        2 |
        (aux >>> 31) |
        (pf << 2) |
        (((aux >>> 3) & 1) << 4) |
        (result === 0 ? ZF : 0) |
        (((result >>> 31) ^ (aux & 1)) << 7) |
        (((aux >>> 31) ^ ((aux >>> 30) & 1)) << 11)) >>>
      0
    )
  }

  /** Sets all of EFLAGS, status flags into their lazy form. Does not update MODE: the CPU's own setter does (see Cpu). */
  set eflags(value: number) {
    this.u32[L.EFLAGS >> 2] = value & CONTROL_FLAGS
    this.setStatusFlags(value)
  }

  /** Sets CF, PF, AF, ZF, SF and OF from `value`'s bits. */
  setStatusFlags(value: number): void {
    const zf = (value & ZF) !== 0
    // A zero result has even parity and no sign; the deltas in FLAGS_AUX say where a flag differs from that.
    const result = zf ? 0 : 1 // low byte 1: odd parity
    const cf = value & 1
    const of = (value >>> 11) & 1
    const sf = (value >>> 7) & 1
    const pf = (value >>> 2) & 1
    const parityFlip = zf ? pf ^ 1 : pf
    this.i32[L.FLAGS_RESULT >> 2] = result
    this.i32[L.FLAGS_AUX >> 2] = (cf << 31) | ((cf ^ of) << 30) | (((value >>> 4) & 1) << 3) | (parityFlip << 8) | sf
  }

  selector(segment: number): number {
    return this.u16[(L.segmentOffset(segment) + L.SEG_SELECTOR) >> 1]
  }

  segmentBase(segment: number): number {
    return this.u32[(L.segmentOffset(segment) + L.SEG_BASE) >> 2]
  }

  segmentLimit(segment: number): number {
    return this.u32[(L.segmentOffset(segment) + L.SEG_LIMIT) >> 2]
  }

  segmentAttributes(segment: number): number {
    return this.u32[(L.segmentOffset(segment) + L.SEG_ATTRIBUTES) >> 2]
  }

  /**
   * Loads a segment register's hidden part. `attributes` are bits 8 to 23 of the descriptor's second doubleword in place
   * (Intel SDM vol 3A, 3.4.5), `limit` the byte-granular limit.
   */
  setSegment(segment: number, selector: number, base: number, limit: number, attributes: number): void {
    const at = L.segmentOffset(segment) >> 2
    this.u32[at] = selector & 0xffff
    this.u32[at + (L.SEG_BASE >> 2)] = base
    this.u32[at + (L.SEG_LIMIT >> 2)] = limit
    this.u32[at + (L.SEG_ATTRIBUTES >> 2)] = attributes
    const code = (attributes & 0x800) !== 0
    const usable = (attributes & 0x9000) === 0x9000 // present, code or data
    const expandDown = !code && (attributes & 0x400) !== 0
    const end = usable && !expandDown && limit > 14 ? limit - 14 : 0
    const readable = !code || (attributes & 0x200) !== 0
    const writable = !code && (attributes & 0x200) !== 0
    this.u32[at + (L.SEG_READ_END >> 2)] = readable ? end : 0
    this.u32[at + (L.SEG_WRITE_END >> 2)] = writable ? end : 0
    if (segment <= L.DS) this.u32[L.MODE >> 2] = (this.u32[L.MODE >> 2] & ~L.MODE_FLAT) | this.flatMode
  }

  /** MODE_FLAT if ES, CS, SS and DS cover all 4 GiB from 0, the data segments for reading and writing; else 0. */
  get flatMode(): number {
    const { u32 } = this
    for (let s = L.ES; s <= L.DS; s++) {
      const at = L.segmentOffset(s) >> 2
      if (u32[at + (L.SEG_BASE >> 2)] !== 0 || u32[at + (L.SEG_LIMIT >> 2)] !== 0xffff_ffff) return 0
      if (s === L.CS) continue
      if (u32[at + (L.SEG_WRITE_END >> 2)] === 0 || u32[at + (L.SEG_READ_END >> 2)] === 0) return 0
    }
    return L.MODE_FLAT
  }

  /** Loads a segment register as real mode and virtual-8086 mode do: base is selector × 16, limit 64 KiB (in real mode: kept by callers that need it). */
  setRealSegment(segment: number, selector: number): void {
    this.setSegment(segment, selector, (selector & 0xffff) << 4, 0xffff, 0x9300)
  }

  get cr0(): number {
    return this.u32[L.CR0 >> 2]
  }

  get cpl(): number {
    return this.u32[L.CPL >> 2]
  }

  get protectedMode(): boolean {
    return (this.cr0 & 1) !== 0
  }

  get vm86(): boolean {
    return (this.u32[L.EFLAGS >> 2] & VM) !== 0
  }

  /** Raises a fault for the instruction being executed: generated code sees it when the slow path returns. */
  fault(vector: number, errorCode = 0): void {
    this.u32[L.FAULT >> 2] = vector + 1
    this.u32[L.FAULT_ERROR >> 2] = errorCode
  }
}
