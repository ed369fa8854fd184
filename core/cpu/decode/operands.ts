/** Operand tokens of rows (see isa/row.ts), parsed once: where an operand comes from and how wide it is. */

/** Where a decoded instruction keeps an operand. `reg`: ModRM.reg or opcode bits; `rm`: ModRM.rm, register or memory. */
export type OperandSource = 'reg' | 'rm' | 'memory' | 'imm' | 'imm2' | 'rel' | 'far' | 'fixed'
export type RegisterFile = 'gpr' | 'mmx' | 'xmm' | 'seg' | 'control' | 'debug' | 'fpu' | 'none'

export interface Operand {
  readonly token: string
  readonly source: OperandSource
  /** Register file of the register form. */
  readonly file: RegisterFile
  /** Bytes as a register, and as memory; 0 means operand size, -1 no memory form or no fixed size. */
  readonly registerBytes: number
  readonly memoryBytes: number
  /** Register number, or value, of fixed operands. */
  readonly fixed: number
}

const FIXED: Record<string, [RegisterFile, number, number]> = {
  AL: ['gpr', 0, 1],
  AX: ['gpr', 0, 2],
  EAX: ['gpr', 0, 4],
  rAX: ['gpr', 0, 0],
  CL: ['gpr', 1, 1],
  DX: ['gpr', 2, 2],
  ES: ['seg', 0, 2],
  CS: ['seg', 1, 2],
  SS: ['seg', 2, 2],
  DS: ['seg', 3, 2],
  FS: ['seg', 4, 2],
  GS: ['seg', 5, 2],
  ST: ['fpu', 0, 10],
  XMM0: ['xmm', 0, 16],
  '1': ['none', 1, 1],
  '3': ['none', 3, 1],
}

const bytesOf = (bits: string): number => (bits === 'v' ? 0 : Number(bits) / 8)

type Shape = Omit<Operand, 'token'>

const shape = (
  source: OperandSource,
  file: RegisterFile,
  registerBytes: number,
  memoryBytes: number,
  fixed = 0,
): Shape => ({ source, file, registerBytes, memoryBytes, fixed })

/** Widths of `m…` operands: bits, or bytes where the token says so; -1 where an instruction knows its own. */
function memoryBytesOf(digits: string, unit: string): number {
  if (!digits) return -1
  return unit === 'byte' ? Number(digits) : bytesOf(digits)
}

/** Tokens by pattern; a shape is made from the pattern's groups. */
const PATTERNS: readonly (readonly [RegExp, (first: string, second: string) => Shape])[] = [
  [/^r(8|16|32|v)$/, (bits) => shape('reg', 'gpr', bytesOf(bits), -1)],
  [/^r\/m(8|16|32|v)$/, (bits) => shape('rm', 'gpr', bytesOf(bits), bytesOf(bits))],
  [/^r(16|32|v)\/m(8|16|32|64)$/, (bits, memory) => shape('rm', 'gpr', bytesOf(bits), bytesOf(memory))],
  [/^rr(8|16|32|v)$/, (bits) => shape('rm', 'gpr', bytesOf(bits), -1)],
  [/^mm$/, () => shape('reg', 'mmx', 8, -1)],
  [/^rmm$/, () => shape('rm', 'mmx', 8, -1)],
  [/^mm\/m(32|64)$/, (memory) => shape('rm', 'mmx', 8, bytesOf(memory))],
  [/^xmm$/, () => shape('reg', 'xmm', 16, -1)],
  [/^rxmm$/, () => shape('rm', 'xmm', 16, -1)],
  [/^xmm\/m(8|16|32|64|128)$/, (memory) => shape('rm', 'xmm', 16, bytesOf(memory))],
  [/^m(\d+)?(int|fp|bcd|byte)?$/, (digits, unit) => shape('memory', 'none', -1, memoryBytesOf(digits, unit))],
  [/^(?:m16:v|m16&32|mv&v)$/, () => shape('memory', 'none', -1, -1)],
  [/^mv$/, () => shape('memory', 'none', -1, 0)],
  [/^imm(8|16|32|v)$/, (bits) => shape('imm', 'none', bytesOf(bits), -1)],
  [/^simm8$/, () => shape('imm', 'none', 0, -1)],
  [/^rel(8|v)$/, (bits) => shape('rel', 'none', bytesOf(bits), -1)],
  [/^ptr16:v$/, () => shape('far', 'none', 0, -1)],
  [/^moffs(8|v)$/, (bits) => shape('memory', 'none', -1, bytesOf(bits))],
  [/^Sreg$/, () => shape('reg', 'seg', 2, -1)],
  [/^CRn$/, () => shape('reg', 'control', 4, -1)],
  [/^DRn$/, () => shape('reg', 'debug', 4, -1)],
  [/^ST\(i\)$/, () => shape('rm', 'fpu', 10, -1)],
]

/** Parses one token of an operand pattern; `second` says that an immediate precedes it. */
export function parseOperand(token: string, second: boolean): Operand {
  const fixed = FIXED[token]
  if (fixed) return { token, ...shape('fixed', fixed[0], fixed[2], -1, fixed[1]) }
  for (const [pattern, make] of PATTERNS) {
    const match = pattern.exec(token)
    if (!match) continue
    const found = make(match[1] ?? '', match[2] ?? '')
    return { token, ...found, source: found.source === 'imm' && second && token !== 'simm8' ? 'imm2' : found.source }
  }
  throw new Error(`Unknown operand token ${token}`)
}
