/** Single random instructions, encoded from the same rows as the processor's, with operands that mostly lead somewhere. */
import { type Encoding, expandRows } from '../../core/cpu/decode/forms.ts'
import { ROWS } from '../../core/cpu/isa/index.ts'
import type { Random } from '../support/random.ts'
import type { CodeWriter } from './code-writer.ts'
import { dword, word } from './code-writer.ts'
import * as M from './layout.ts'

/** What code may count on. */
export interface CodeSetting {
  readonly code32: boolean
  readonly paged: boolean
  readonly kernel: boolean
  /** Base of the data segments, and of CS. */
  readonly dataBase: number
  readonly codeBase: number
  /** Linear addresses above 64 KiB past the data base can be reached. */
  readonly wide: boolean
}

/** Instructions that other parts of the generator place with care, or that end every program at once. */
const PLACED =
  /^(J|LOOP|CALL|RET|INT|IRET|SYS|HLT|LGDT|LIDT|LLDT|LTR|LMSW|WRMSR|POPF|ENTER|LEAVE|PUSH|POP|LDS|LES|LSS|LFS|LGS|IN$|OUT|INS|UD2|CLI|STI|STD|INVD|WBINVD|MOVS[BD]?$|STOS|LODS|SCAS|CMPS|XLAT|FX|FRSTOR|FLDENV|FSAVE|FNSAVE|BOUND|CLTS|\()/

export type Family = 'integer' | 'string' | 'x87' | 'mmx' | 'sse' | 'rare'

const FAMILIES: Record<Family, Encoding[]> = { integer: [], string: [], x87: [], mmx: [], sse: [], rare: [] }
const { encodings } = expandRows(ROWS)
for (const encoding of encodings) {
  const { row, relative, far } = encoding
  const operands = row.operands.join()
  if (relative || far || /CRn|DRn|Sreg/.test(operands)) continue
  if (/^(MOVS|STOS|LODS|SCAS|CMPS)[BD]?$/.test(row.mnemonic) && row.operands.length === 0)
    FAMILIES.string.push(encoding)
  else if (PLACED.test(row.mnemonic) && !/^(MOVS|CMPS)[SD]$/.test(row.mnemonic)) {
    if (
      /^(XLAT|FX|FRSTOR|FLDENV|F?N?SAVE|FSAVE|BOUND|UD2|STD|INVD|CLI|STI|IN$|OUT|INS|HLT|L[DEFG]S)/.test(row.mnemonic)
    )
      FAMILIES.rare.push(encoding)
  } else if (row.unit === 'x87' || row.unit === 'wait') FAMILIES.x87.push(encoding)
  else if (row.unit === 'mmx') FAMILIES.mmx.push(encoding)
  else if (row.unit === 'sse') FAMILIES.sse.push(encoding)
  else FAMILIES.integer.push(encoding)
}

/** A linear address: mostly plain data, often at the end of a page, now and then something special. */
export function randomAddress(random: Random, setting: CodeSetting): number {
  const near = random.below(4) === 0 ? 0x1000 - random.below(18) : random.below(0x1000)
  const kind = random.below(24)
  if (kind < 15 || !setting.wide) return M.DATA + random.below(8) * 0x1000 + (near & 0xfff)
  if (kind < 17) return M.SPARE + (near & 0xfff)
  if (kind < 18) return M.MMIO + (near & 0xffc)
  if (kind < 19) return M.ROM + (near & 0xfff)
  if (!setting.paged) return kind < 20 ? 0x5_0000 + near : M.DATA + near
  if (kind < 23) return M.ALIAS + (4 + random.below(12)) * 0x1000 + near
  return M.LARGE + M.DATA + random.below(0x8000)
}

/** Registers that hold pointers where the generator has put some. */
const POINTERS = [3, 5, 6, 7]

function destination(random: Random): number {
  if (random.below(60) === 0) return 4
  return random.below(5) ? random.below(3) : POINTERS[random.below(4)]!
}

/** ModRM, SIB and displacement of a memory operand, and the address-size prefix if it needs one. */
function memoryOperand(
  random: Random,
  setting: CodeSetting,
  reg: number,
): { readonly prefix: number[]; readonly bytes: number[]; readonly text: string } {
  const offset = (randomAddress(random, setting) - setting.dataBase) >>> 0
  const wide = setting.code32 ? random.below(24) !== 0 : random.below(3) === 0
  const prefix = wide === setting.code32 ? [] : [0x67]
  const field = reg << 3
  if (!wide) {
    if (random.below(2))
      return { prefix, bytes: [field | 6, ...word(offset)], text: `[${(offset & 0xffff).toString(16)}]` }
    const mod = random.below(3)
    const rm = random.below(8)
    const size = mod === 1 ? 1 : mod === 2 || rm === 6 ? 2 : 0
    return {
      prefix,
      bytes: [(mod << 6) | field | rm, ...word(random.next()).slice(0, size)],
      text: `[16-bit ${mod}:${rm}]`,
    }
  }
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2:
      return { prefix, bytes: [field | 5, ...dword(offset)], text: `[${offset.toString(16)}]` }
    case 3:
    case 4: {
      const base = POINTERS[random.below(4)]!
      const delta = random.below(64) - 32
      return { prefix, bytes: [0x40 | field | base, delta & 0xff], text: `[r${base}${delta < 0 ? '' : '+'}${delta}]` }
    }
    case 5: {
      const base = POINTERS[random.below(4)]!
      const delta = random.below(0x2000) - 0x1000
      return { prefix, bytes: [0x80 | field | base, ...dword(delta >>> 0)], text: `[r${base}+${delta}]` }
    }
    case 6: {
      const [base, index, scale] = [POINTERS[random.below(4)]!, random.below(8), random.below(4)]
      return {
        prefix,
        bytes: [0x44 | field, (scale << 6) | (index << 3) | base, random.below(128)],
        text: `[r${base}+r${index}*${1 << scale}+n]`,
      }
    }
    default: {
      const delta = random.below(16) * 4 - 32
      return { prefix, bytes: [0x44 | field, 0x24, delta & 0xff], text: `[esp${delta < 0 ? '' : '+'}${delta}]` }
    }
  }
}

/** An immediate: small, at a border, or anything. */
export function randomValue(random: Random): number {
  switch (random.below(5)) {
    case 0:
      return random.below(4)
    case 1:
      return [0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xffff_fffe][
        random.below(10)
      ]!
    case 2:
      return random.below(256)
    default:
      return random.next()
  }
}

/** Writes one instruction of `encoding`. */
function writeEncoding(w: CodeWriter, random: Random, setting: CodeSetting, encoding: Encoding): void {
  const { row, map, prefix, digit, modrmFirst, modrmLast } = encoding
  const prefixes: number[] = []
  const operandPrefix = random.below(6) === 0 && prefix === 0
  if (operandPrefix) prefixes.push(0x66)
  const first = row.operands[0] ?? ''
  let opcode = encoding.opcode
  let text = row.mnemonic
  if (encoding.plusR) {
    const n = /^r|^XCHG/.test(first) ? destination(random) : random.below(8)
    opcode += n
    text += ` r${n}`
  }
  const tail: number[] = []
  if (modrmFirst >= 0) tail.push(modrmFirst + random.below(modrmLast - modrmFirst + 1))
  else if (encoding.modrm) {
    const reg = digit >= 0 ? digit : /^r(v|8|16|32)$/.test(first) ? destination(random) : random.below(8)
    const register = row.operands.some((o) => /^(r\/m|xmm\/m|mm\/m|r\d+\/m|rv\/m|rr|rmm|rxmm|ST)/.test(o))
    const onlyRegister = row.operands.some((o) => /^(rr|rmm|rxmm|ST)/.test(o))
    const memory = row.operands.some((o) => /^m|\/m/.test(o) && !/^mm$/.test(o))
    if (register && (onlyRegister || !memory || random.below(2))) {
      const rm = /^r\/m|^rv\/m/.test(first) ? destination(random) : random.below(8)
      tail.push(0xc0 | (reg << 3) | rm)
      text += ` r${reg}, r${rm}`
    } else {
      const operand = memoryOperand(random, setting, reg)
      prefixes.push(...operand.prefix)
      tail.push(...operand.bytes)
      text += ` r${reg}, ${operand.text}`
      if (random.below(16) === 0) prefixes.push([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65][random.below(6)]!)
      if (row.lock && random.below(8) === 0) prefixes.push(0xf0)
    }
  } else if (encoding.moffs) {
    const offset = (randomAddress(random, setting) - setting.dataBase) >>> 0
    tail.push(...(setting.code32 ? dword(offset) : word(offset)))
  }
  const wide = setting.code32 !== operandPrefix
  for (const kind of encoding.immediates) {
    const value = randomValue(random)
    tail.push(...(kind === 'b' ? [value & 0xff] : kind === 'w' || (kind === 'v' && !wide) ? word(value) : dword(value)))
    text += `, ${(value >>> 0).toString(16)}`
  }
  if (row.rep && random.below(2)) prefixes.push(random.below(2) ? 0xf3 : 0xf2)
  if (prefix > 0) prefixes.push(prefix)
  const opcodes = map === 0 ? [opcode] : map === 0x0f ? [0x0f, opcode] : [0x0f, map & 0xff, opcode]
  w.emit(text, ...prefixes, ...opcodes, ...tail)
}

/** Writes one instruction of `family`. */
export function writeRandom(w: CodeWriter, random: Random, setting: CodeSetting, family: Family): void {
  writeEncoding(w, random, setting, random.pick(FAMILIES[family]))
}

/** Makes register `n` a pointer. */
export function writePointer(w: CodeWriter, random: Random, setting: CodeSetting, n: number): void {
  const offset = (randomAddress(random, setting) - setting.dataBase) >>> 0
  const text = `mov r${n}, ${offset.toString(16)}`
  if (setting.code32) w.emit(text, 0xb8 + n, ...dword(offset))
  else w.emit(text, 0x66, 0xb8 + n, ...dword(offset))
}

/** A string instruction with registers that suit it. */
export function writeString(w: CodeWriter, random: Random, setting: CodeSetting): void {
  if (random.below(3) === 0) writePointer(w, random, setting, 6)
  if (random.below(3) === 0) writePointer(w, random, setting, 7)
  const count = random.below(8) ? random.below(24) : random.below(3000)
  w.emit(`mov ecx, ${count}`, ...(setting.code32 ? [] : [0x66]), 0xb9, ...dword(count))
  if (random.below(12) === 0) w.emit('std', 0xfd)
  writeRandom(w, random, setting, 'string')
  w.emit('cld', 0xfc)
}
