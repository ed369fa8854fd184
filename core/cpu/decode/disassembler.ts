/**
 * Instructions as text, from the same rows and the same decoder as their execution: mnemonics of the rows, operands by their
 * tokens. The syntax is that of the manual without its size words where a register tells the size; numbers are hexadecimal.
 */
import * as L from '../state/layout.ts'
import { Decoder } from './decoder.ts'
import type { DecodeTables, Form } from './forms.ts'
import * as D from './op-layout.ts'
import type { Operand } from './operands.ts'

export interface DisassembledInstruction {
  /** Bytes of the instruction; 1 where there is none. */
  readonly length: number
  readonly text: string
}

const BYTE_REGISTERS = ['al', 'cl', 'dl', 'bl', 'ah', 'ch', 'dh', 'bh']
const WORD_REGISTERS = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di']
const SEGMENT_REGISTERS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs']
const SIZE_WORDS: Readonly<Record<number, string>> = {
  1: 'byte ',
  2: 'word ',
  4: 'dword ',
  8: 'qword ',
  10: 'tword ',
  16: 'xmmword ',
}

/** Rows with one name for both operand sizes: what the manual calls the 32-bit one. */
const WIDE_NAMES: Readonly<Record<string, string>> = {
  CBW: 'cwde',
  CWD: 'cdq',
  PUSHA: 'pushad',
  POPA: 'popad',
  PUSHF: 'pushfd',
  POPF: 'popfd',
  IRET: 'iretd',
}
const STRING_NAMES = new Set(['MOVS', 'CMPS', 'STOS', 'LODS', 'SCAS', 'INS', 'OUTS'])

const hex = (value: number): string => {
  const digits = (value >>> 0).toString(16)
  return `${digits > '9' ? '0' : ''}${digits}h`
}

/** The mnemonic of a form: that of its row, and what the sizes make of it. */
function mnemonic({ row, size, addressSize }: Form): string {
  const { mnemonic: name } = row
  if (STRING_NAMES.has(name) && row.operands.length === 0) return name.toLowerCase() + (size === 4 ? 'd' : 'w')
  if (name === 'JCXZ' && addressSize === 4) return 'jecxz'
  return (size === 4 && row.sized && WIDE_NAMES[name]) || name.toLowerCase()
}

const wordName = (n: number, bytes: number): string => (bytes === 2 ? '' : 'e') + WORD_REGISTERS[n]!

/** Name of general register `n`, of `bytes` width. */
const registerName = (n: number, bytes: number): string => (bytes === 1 ? BYTE_REGISTERS[n]! : wordName(n, bytes))

export class Disassembler {
  readonly #decoder: Decoder
  readonly #view: DataView

  constructor(tables: DecodeTables) {
    const record = new SharedArrayBuffer(64)
    this.#decoder = new Decoder(tables, record, new Set())
    this.#view = new DataView(record)
  }

  /** The instruction at `bytes[at]`, which is executed at `eip` under `mode` (MODE bits). */
  disassemble(bytes: Uint8Array, at: number, mode: number, eip: number): DisassembledInstruction {
    // The decoder may be looking at memory that another thread writes to.
    const window = bytes.slice(at, at + 15)
    const result = this.#decoder.decode(window, 0, window.length, mode, 0)
    const { form, length } = this.#decoder
    if (result !== 'ok' || !form) return { length: 1, text: `db ${hex(window[0] ?? 0)}` }
    const next = (eip + length) >>> 0
    const parts = form.operands
      .map((operand) => this.#operand(form, operand, next))
      .filter((part) => part !== undefined)
    const prefix = this.#prefix(window, form)
    if (window[length - 1] === 0x90 && form.row.opcode === '90 +r') return { length, text: 'nop' }
    return { length, text: [prefix + mnemonic(form), parts.join(', ')].filter(Boolean).join(' ') }
  }

  /** LOCK and REP, where the row takes notice of them. */
  #prefix(window: Uint8Array, { row, rep }: Form): string {
    if (rep) return rep === 0xf2 ? 'repne ' : 'rep '
    if (!row.lock) return ''
    for (const byte of window) {
      if (byte === 0xf0) return 'lock '
      if (![0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf2, 0xf3].includes(byte)) break
    }
    return ''
  }

  #operand(form: Form, operand: Operand, next: number): string | undefined {
    const { source, file } = operand
    const view = this.#view
    const imm = view.getInt32(D.OP_IMM, true)
    const imm2 = view.getInt32(D.OP_IMM2, true)
    switch (source) {
      case 'memory':
        return this.#memory(form, operand)
      case 'imm':
      case 'imm2': {
        const value = source === 'imm' ? imm : imm2
        if (operand.token === 'simm8' && value < 0) return `-${hex(-value)}`
        return hex(value)
      }
      case 'rel': {
        const target = next + imm
        return hex(form.size === 2 ? target & 0xffff : target)
      }
      case 'far':
        return `${hex(imm2 & 0xffff)}:${hex(imm)}`
      case 'fixed':
        if (file === 'none') return String(operand.fixed)
        if (operand.token === 'ST') return 'st0'
        return file === 'gpr'
          ? registerName(operand.fixed, operand.registerBytes || form.size)
          : operand.token.toLowerCase()
      case 'reg':
      case 'rm':
        if (source === 'rm' && form.memory) return this.#memory(form, operand)
        return this.#register(form, operand, view.getUint16(source === 'reg' ? D.OP_REG : D.OP_RM, true))
    }
  }

  #register(form: Form, operand: Operand, place: number): string {
    switch (operand.file) {
      case 'gpr': {
        const bytes = operand.registerBytes || form.size
        return bytes === 1 ? BYTE_REGISTERS[(place >> 3) + 4 * (place & 1)]! : registerName(place >> 3, bytes)
      }
      case 'mmx':
        return `mm${(place - L.FPU_REGISTERS) / L.FPU_REGISTER_BYTES}`
      case 'xmm':
        return `xmm${(place - L.XMM) >> 4}`
      case 'seg':
        return SEGMENT_REGISTERS[place] ?? `segment ${place}`
      case 'control':
        return `cr${place}`
      case 'debug':
        return `dr${place}`
      default:
        return `st${place}`
    }
  }

  #memory(form: Form, operand: Operand): string {
    const view = this.#view
    const narrow = (view.getUint8(D.OP_FLAGS) & D.FLAG_ADDRESS16) !== 0
    const [base, index] = [view.getUint16(D.OP_BASE, true), view.getUint16(D.OP_INDEX, true)]
    const scale = 1 << view.getUint8(D.OP_SCALE)
    const raw = view.getInt32(D.OP_DISP, true)
    const displacement = narrow ? (raw << 16) >> 16 : raw
    const terms: string[] = []
    const name = (place: number) => wordName(place >> 3, narrow ? 2 : 4)
    if (base !== L.ZERO) terms.push(name(base))
    if (index !== L.ZERO) terms.push(name(index) + (scale > 1 ? `*${scale}` : ''))
    let address = terms.join('+')
    if (terms.length === 0) address = hex(narrow ? displacement & 0xffff : displacement)
    else if (displacement !== 0) address += displacement < 0 ? `-${hex(-displacement)}` : `+${hex(displacement)}`
    const segment = (view.getUint16(D.OP_SEGMENT, true) - L.SEGMENTS) / L.SEGMENT_BYTES
    const stack = base === L.registerOffset(4) || base === L.registerOffset(5)
    const override = segment === (stack ? L.SS : L.DS) ? '' : `${SEGMENT_REGISTERS[segment]}:`
    const told = form.operands.some(
      (o) => o !== operand && o.registerBytes === operand.memoryBytes && o.file !== 'none',
    )
    const bytes = operand.memoryBytes || form.size
    return `${told ? '' : (SIZE_WORDS[bytes] ?? '')}[${override}${address}]`
  }
}
