/**
 * Rows turned into forms: one form is what the interpreter has one handler for, so everything that is known when an
 * instruction is decoded (operand size, address size, register or memory, REP) is fixed in it. Forms are numbered in row
 * order; the number is the handler's index in the function table.
 */
import type { Row } from '../isa/row.ts'
import type { Operand } from './operands.ts'
import { parseOperand } from './operands.ts'

export interface Form {
  readonly index: number
  readonly row: Row
  readonly operands: readonly Operand[]
  /** Operand size in bytes; 4 where the row has only one form. */
  readonly size: 2 | 4
  readonly addressSize: 2 | 4
  /** Whether the rm operand is memory. */
  readonly memory: boolean
  readonly rep: 0 | 0xf2 | 0xf3
}

/** How a row's opcode column reads. */
export interface Encoding {
  readonly row: Row
  /** 0x00 for one-byte opcodes, 0x0f, 0x0f38 or 0x0f3a. */
  readonly map: number
  readonly opcode: number
  /** 0: any; 0x66, 0xf2, 0xf3: mandatory; -1: none of the three (NP). */
  readonly prefix: number
  readonly plusR: boolean
  readonly modrm: boolean
  /** ModRM.reg as opcode extension, or -1. */
  readonly digit: number
  /** Fixed ModRM byte range (x87, 0F 01 C8): first and last, or -1. */
  readonly modrmFirst: number
  readonly modrmLast: number
  readonly immediates: readonly ('b' | 'w' | 'd' | 'v')[]
  readonly relative: 'b' | 'v' | undefined
  readonly far: boolean
  readonly moffs: boolean
  /** Forms by key `(size 4 ? 1 : 0) | (address 4 ? 2 : 0) | (memory ? 4 : 0) | rep index << 3`. */
  readonly forms: readonly (Form | undefined)[]
}

const REPS = [0, 0xf3, 0xf2] as const

export function formKey(size: 2 | 4, addressSize: 2 | 4, memory: boolean, rep: number): number {
  return (
    (size === 4 ? 1 : 0) |
    (addressSize === 4 ? 2 : 0) |
    (memory ? 4 : 0) |
    ((rep === 0xf3 ? 1 : rep === 0xf2 ? 2 : 0) << 3)
  )
}

function parseOpcode(row: Row) {
  const words = row.opcode.split(/\s+/)
  let prefix = 0
  if (words[0] === 'NP') {
    prefix = -1
    words.shift()
  } else if (words.length > 1 && words[1] === '0F' && /^(66|F2|F3)$/.test(words[0]!))
    prefix = Number.parseInt(words.shift()!, 16)
  const bytes: number[] = []
  let digit = -1
  let modrm = false
  let plusR = false
  let plusI = false
  let relative: 'b' | 'v' | undefined
  let far = false
  let moffs = false
  const immediates: ('b' | 'w' | 'd' | 'v')[] = []
  for (const word of words) {
    const byte = word.match(/^([0-9A-F]{2})(\+r|\+i)?$/)
    const extension = word.match(/^\/([0-7])$/)
    const immediate = word.match(/^i([bwdv])$/)
    const displacement = word.match(/^c([bv])$/)
    if (byte) {
      bytes.push(Number.parseInt(byte[1]!, 16))
      if (byte[2] === '+r') plusR = true
      if (byte[2] === '+i') plusI = true
    } else if (word === '+r') plusR = true
    else if (word === '+i') plusI = true
    else if (word === '/r') modrm = true
    else if (extension) {
      modrm = true
      digit = Number(extension[1])
    } else if (immediate) immediates.push(immediate[1] as 'b')
    else if (displacement) relative = displacement[1] as 'b'
    else if (word === 'cp') far = true
    else if (word === 'mo') moffs = true
    else throw new Error(`Row ${row.mnemonic}: cannot read opcode '${row.opcode}'`)
  }
  let map = 0
  if (bytes.length > 1 && bytes.at(0) === 0x0f) {
    bytes.shift()
    map = 0x0f
    const [second] = bytes as (number | undefined)[]
    if ((second === 0x38 || second === 0x3a) && bytes.length > 1) map = 0x0f00 | bytes.shift()!
  }
  const opcode = bytes.shift()!
  let modrmFirst = -1
  let modrmLast = -1
  if (bytes.length) {
    modrm = true
    modrmFirst = bytes[0]!
    modrmLast = modrmFirst + (plusI ? 7 : 0)
  }
  return { map, opcode, prefix, plusR, modrm, digit, modrmFirst, modrmLast, immediates, relative, far, moffs }
}

/** All forms and encodings of `rows`. */
export function expandRows(rows: readonly Row[]): { forms: Form[]; encodings: Encoding[] } {
  const forms: Form[] = []
  const encodings: Encoding[] = []
  for (const row of rows) {
    let immediateSeen = false
    const operands = row.operands.map((token) => {
      const operand = parseOperand(token, immediateSeen)
      if (operand.source === 'imm') immediateSeen = true
      return operand
    })
    const encoding = parseOpcode(row)
    const sized =
      row.sized ||
      operands.some((o) => o.registerBytes === 0 || o.memoryBytes === 0) ||
      encoding.immediates.includes('v') ||
      encoding.relative === 'v' ||
      encoding.far
    const rm = operands.find((o) => o.source === 'rm')
    const memoryOnly = operands.some((o) => o.source === 'memory')
    // MOV to and from control and debug registers ignores ModRM.mod (SDM vol 2B, MOV).
    const anyMod = operands.some((o) => o.file === 'control' || o.file === 'debug')
    const places = memoryOnly ? [true] : rm && rm.memoryBytes >= 0 && encoding.modrmFirst < 0 ? [false, true] : [false]
    const table: (Form | undefined)[] = new Array(24).fill(undefined)
    for (const rep of row.rep ? REPS : ([0] as const))
      for (const addressSize of row.addressSized ? ([2, 4] as const) : ([4] as const))
        for (const size of sized ? ([2, 4] as const) : ([4] as const))
          for (const memory of places) {
            const form: Form = { index: forms.length, row, operands, size, addressSize, memory, rep }
            forms.push(form)
            for (const r of row.rep ? [rep] : REPS)
              for (const a of row.addressSized ? [addressSize] : ([2, 4] as const))
                for (const s of sized ? [size] : ([2, 4] as const)) {
                  table[formKey(s, a, memory, r)] = form
                  if (anyMod) table[formKey(s, a, true, r)] = form
                }
          }
    encodings.push({ row, ...encoding, forms: table })
  }
  return { forms, encodings }
}

/** Encodings by opcode map, then opcode byte; candidates in order of preference (mandatory prefix first). */
export type DecodeTables = ReadonlyMap<number, readonly (readonly Encoding[])[]>

export function buildDecodeTables(encodings: readonly Encoding[]): DecodeTables {
  const tables = new Map<number, Encoding[][]>()
  for (const map of [0, 0x0f, 0x0f38, 0x0f3a])
    tables.set(
      map,
      Array.from({ length: 256 }, () => []),
    )
  for (const encoding of encodings) {
    const table = tables.get(encoding.map)!
    for (let i = 0; i < (encoding.plusR ? 8 : 1); i++) table[encoding.opcode + i]!.push(encoding)
  }
  const rank = (e: Encoding) => (e.prefix > 0 ? 0 : 4) + (e.modrmFirst >= 0 ? 0 : e.digit >= 0 ? 1 : 2)
  for (const table of tables.values()) for (const list of table) list.sort((a, b) => rank(a) - rank(b))
  return tables
}
