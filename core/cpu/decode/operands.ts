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

/** Parses one token of an operand pattern; `second` says that an immediate precedes it. */
export function parseOperand(token: string, second: boolean): Operand {
  const make = (
    source: OperandSource,
    file: RegisterFile,
    registerBytes: number,
    memoryBytes: number,
    fixed = 0,
  ): Operand => ({ token, source, file, registerBytes, memoryBytes, fixed })
  const fixed = FIXED[token]
  if (fixed) return make('fixed', fixed[0], fixed[2], -1, fixed[1])
  let m: RegExpMatchArray | null
  if ((m = token.match(/^r(8|16|32|v)$/))) return make('reg', 'gpr', bytesOf(m[1]!), -1)
  if ((m = token.match(/^r\/m(8|16|32|v)$/))) return make('rm', 'gpr', bytesOf(m[1]!), bytesOf(m[1]!))
  if ((m = token.match(/^r(16|32|v)\/m(8|16|32|64)$/))) return make('rm', 'gpr', bytesOf(m[1]!), bytesOf(m[2]!))
  if ((m = token.match(/^rr(8|16|32|v)$/))) return make('rm', 'gpr', bytesOf(m[1]!), -1)
  if (token === 'mm') return make('reg', 'mmx', 8, -1)
  if (token === 'rmm') return make('rm', 'mmx', 8, -1)
  if ((m = token.match(/^mm\/m(32|64)$/))) return make('rm', 'mmx', 8, bytesOf(m[1]!))
  if (token === 'xmm') return make('reg', 'xmm', 16, -1)
  if (token === 'rxmm') return make('rm', 'xmm', 16, -1)
  if ((m = token.match(/^xmm\/m(8|16|32|64|128)$/))) return make('rm', 'xmm', 16, bytesOf(m[1]!))
  if ((m = token.match(/^m(\d+)?(int|fp|bcd|byte)?$/)))
    return make('memory', 'none', -1, m[1] ? (m[2] === 'byte' ? Number(m[1]) : bytesOf(m[1])) : -1)
  if (token === 'm16:v' || token === 'm16&32' || token === 'mv&v' || token === 'mv')
    return make('memory', 'none', -1, token === 'mv' ? 0 : -1)
  if ((m = token.match(/^imm(8|16|32|v)$/))) return make(second ? 'imm2' : 'imm', 'none', bytesOf(m[1]!), -1)
  if (token === 'simm8') return make('imm', 'none', 0, -1)
  if ((m = token.match(/^rel(8|v)$/))) return make('rel', 'none', bytesOf(m[1]!), -1)
  if (token === 'ptr16:v') return make('far', 'none', 0, -1)
  if ((m = token.match(/^moffs(8|v)$/))) return make('memory', 'none', -1, bytesOf(m[1]!))
  if (token === 'Sreg') return make('reg', 'seg', 2, -1)
  if (token === 'CRn') return make('reg', 'control', 4, -1)
  if (token === 'DRn') return make('reg', 'debug', 4, -1)
  if (token === 'ST(i)') return make('rm', 'fpu', 10, -1)
  throw new Error(`Unknown operand token ${token}`)
}
