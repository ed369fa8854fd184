/**
 * Decodes one instruction into the decode cache. Bytes come from a fetch window of 16 bytes; what is not an instruction of
 * this processor is reported as such, for the caller to raise #UD when execution really gets there.
 */
import * as L from '../state/layout.ts'
import type { DecodeTables, Encoding, Form } from './forms.ts'
import { formKey } from './forms.ts'
import * as D from './op-layout.ts'

/** Outcome of decoding: a form, or why there is none. */
export type DecodeResult = 'ok' | 'undefined' | 'too-long' | 'need-more'

const NO_SEGMENT = -1

export class Decoder {
  /** Filled by `decode`. */
  form: Form | undefined
  length = 0

  readonly #tables: DecodeTables
  readonly #i32: Int32Array
  readonly #u16: Uint16Array
  readonly #u8: Uint8Array
  readonly #disabled: ReadonlySet<string>
  #bytes: Uint8Array = new Uint8Array(0)
  #at = 0
  #end = 0
  #short = false

  /** `disabled` are features (RowOptions.feature) that this processor does not have. */
  constructor(tables: DecodeTables, buffer: SharedArrayBuffer, disabled: ReadonlySet<string>) {
    this.#tables = tables
    this.#i32 = new Int32Array(buffer)
    this.#u16 = new Uint16Array(buffer)
    this.#u8 = new Uint8Array(buffer)
    this.#disabled = disabled
  }

  #byte(): number {
    if (this.#at >= this.#end) {
      this.#short = true
      return 0
    }
    return this.#bytes[this.#at++]
  }

  #word(): number {
    return this.#byte() | (this.#byte() << 8)
  }

  #dword(): number {
    return this.#word() | (this.#word() << 16)
  }

  /**
   * Decodes the instruction at `bytes[start]`, of which `available` bytes may be read, into the place `op` of the decode
   * cache. `mode` is the CPU's MODE. Returns 'need-more' when the instruction goes on past the available bytes.
   */
  decode(bytes: Uint8Array, start: number, available: number, mode: number, op: number): DecodeResult {
    this.#bytes = bytes
    this.#at = start
    this.#end = start + Math.min(available, 15)
    this.#short = false
    const result = this.#decode(mode, op)
    this.length = this.#at - start
    if (this.#short) return available >= 15 ? 'too-long' : 'need-more'
    return result
  }

  #decode(mode: number, op: number): DecodeResult {
    let size: 2 | 4 = mode & L.MODE_CODE32 ? 4 : 2
    let addressSize: 2 | 4 = size
    let segment = NO_SEGMENT
    let rep = 0
    let operandPrefix = false
    let lock = false
    let opcode: number
    prefixes: for (;;) {
      opcode = this.#byte()
      switch (opcode) {
        case 0x66:
          if (!operandPrefix) size = size === 4 ? 2 : 4
          operandPrefix = true
          break
        case 0x67:
          addressSize = mode & L.MODE_CODE32 ? 2 : 4
          break
        case 0x26:
        case 0x2e:
        case 0x36:
        case 0x3e:
          segment = (opcode >> 3) & 3
          break
        case 0x64:
        case 0x65:
          segment = opcode - 0x60
          break
        case 0xf0:
          lock = true
          break
        case 0xf2:
        case 0xf3:
          rep = opcode
          break
        default:
          break prefixes
      }
      if (this.#short) return 'undefined'
    }
    let map = 0
    if (opcode === 0x0f) {
      map = 0x0f
      opcode = this.#byte()
      if (opcode === 0x38 || opcode === 0x3a) {
        map = 0x0f00 | opcode
        opcode = this.#byte()
      }
    }
    if (this.#short) return 'undefined'
    const candidates = this.#tables.get(map)![opcode]
    const peeked = this.#at < this.#end ? this.#bytes[this.#at] : -1
    let encoding: Encoding | undefined
    for (const candidate of candidates) {
      if (candidate.prefix > 0 && candidate.prefix !== (rep || (operandPrefix ? 0x66 : 0))) continue
      if (candidate.prefix < 0 && (rep || operandPrefix)) continue
      if (candidate.modrm) {
        if (peeked < 0) {
          this.#short = true
          return 'undefined'
        }
        if (candidate.modrmFirst >= 0 && (peeked < candidate.modrmFirst || peeked > candidate.modrmLast)) continue
        if (candidate.digit >= 0 && ((peeked >> 3) & 7) !== candidate.digit) continue
      }
      const memory = candidate.modrm && candidate.modrmFirst < 0 && peeked < 0xc0
      const form = candidate.forms[formKey(size, addressSize, memory || candidate.moffs, rep)]
      if (!form) continue
      if (candidate.row.feature && this.#disabled.has(candidate.row.feature)) continue
      encoding = candidate
      this.form = form
      break
    }
    if (!encoding) return 'undefined'
    // A mandatory 66 prefix is part of the opcode; operand size stays what the mode says.
    this.#fields(encoding, this.form!, op, opcode, addressSize, segment)
    if (lock && !(encoding.row.lock && this.form!.memory)) return 'undefined'
    return 'ok'
  }

  #fields(encoding: Encoding, form: Form, op: number, opcode: number, addressSize: 2 | 4, override: number): void {
    const { operands, size } = form
    let reg = opcode & 7
    let rm = opcode & 7
    this.#i32[(op + D.OP_HANDLER) >> 2] = form.index
    // Instructions without a memory operand may go to memory, too (strings, MASKMOVQ).
    this.#u16[(op + D.OP_SEGMENT) >> 1] = L.segmentOffset(override < 0 ? L.DS : override)
    if (encoding.modrm) {
      const modrm = this.#byte()
      reg = (modrm >> 3) & 7
      rm = modrm & 7
      if (form.memory) this.#memory(op, modrm, addressSize, override, form)
    } else if (encoding.moffs) {
      const offset = addressSize === 4 ? this.#dword() : this.#word()
      this.#address(op, L.ZERO, L.ZERO, 0, offset, override < 0 ? L.DS : override, 0)
    }
    for (const operand of operands) {
      const n = operand.source === 'reg' ? reg : rm
      if (operand.source !== 'reg' && (operand.source !== 'rm' || form.memory)) continue
      let place = n
      if (operand.file === 'gpr')
        place = (operand.registerBytes || size) === 1 ? L.register8Offset(n) : L.registerOffset(n)
      else if (operand.file === 'xmm') place = L.xmmOffset(n)
      else if (operand.file === 'mmx') place = L.fpuRegisterOffset(n)
      this.#u16[(op + (operand.source === 'reg' ? D.OP_REG : D.OP_RM)) >> 1] = place
    }
    if (encoding.far) {
      this.#i32[(op + D.OP_IMM) >> 2] = size === 4 ? this.#dword() : this.#word()
      this.#i32[(op + D.OP_IMM2) >> 2] = this.#word()
    }
    if (encoding.relative) {
      const relative =
        encoding.relative === 'b' ? (this.#byte() << 24) >> 24 : size === 4 ? this.#dword() : (this.#word() << 16) >> 16
      this.#i32[(op + D.OP_IMM) >> 2] = relative
    }
    const signed = operands.some((o) => o.token === 'simm8')
    let at = D.OP_IMM
    for (const kind of encoding.immediates) {
      const byte = kind === 'b'
      const value = byte
        ? signed
          ? (this.#byte() << 24) >> 24
          : this.#byte()
        : kind === 'w' || (kind === 'v' && size === 2)
          ? this.#word()
          : this.#dword()
      this.#i32[(op + at) >> 2] = value
      at = D.OP_IMM2
    }
  }

  #address(
    op: number,
    base: number,
    index: number,
    scale: number,
    displacement: number,
    segment: number,
    flags: number,
  ): void {
    this.#u16[(op + D.OP_BASE) >> 1] = base
    this.#u16[(op + D.OP_INDEX) >> 1] = index
    this.#u8[op + D.OP_SCALE] = scale
    this.#i32[(op + D.OP_DISP) >> 2] = displacement
    this.#u16[(op + D.OP_SEGMENT) >> 1] = L.segmentOffset(segment)
    this.#u8[op + D.OP_FLAGS] = flags
  }

  /** ModRM addressing forms (SDM vol 2, tables 2-1 to 2-3). */
  #memory(op: number, modrm: number, addressSize: 2 | 4, override: number, form: Form): void {
    const mod = modrm >> 6
    const rm = modrm & 7
    let segment = L.DS
    if (addressSize === 2) {
      const base = [3, 3, 5, 5, -1, -1, 5, 3][rm]
      const index = [6, 7, 6, 7, 6, 7, -1, -1][rm]
      const absolute = mod === 0 && rm === 6
      if (!absolute && base === 5) segment = L.SS
      const displacement = absolute || mod === 2 ? this.#word() : mod === 1 ? (this.#byte() << 24) >> 24 : 0
      const baseOffset = absolute || base < 0 ? L.ZERO : L.registerOffset(base)
      this.#address(
        op,
        baseOffset,
        index < 0 ? L.ZERO : L.registerOffset(index),
        0,
        displacement,
        override < 0 ? segment : override,
        D.FLAG_ADDRESS16,
      )
      return
    }
    let base = rm
    let index = -1
    let scale = 0
    if (rm === 4) {
      const sib = this.#byte()
      base = sib & 7
      index = (sib >> 3) & 7
      scale = sib >> 6
      if (index === 4) index = -1
    }
    const noBase = base === 5 && mod === 0
    let displacement = noBase || mod === 2 ? this.#dword() : mod === 1 ? (this.#byte() << 24) >> 24 : 0
    if (!noBase && (base === 4 || base === 5)) segment = L.SS
    // POP computes a destination based on ESP after the increment (SDM vol 2B, POP).
    if (base === 4 && form.row.mnemonic === 'POP') displacement += form.size
    this.#address(
      op,
      noBase ? L.ZERO : L.registerOffset(base),
      index < 0 ? L.ZERO : L.registerOffset(index),
      scale,
      displacement,
      override < 0 ? segment : override,
      0,
    )
  }
}
