/**
 * What an instruction is: one row with its encoding as the manual writes it and one function that says what it does.
 *
 * Opcode column (Intel SDM vol 2, 3.1.1.1): hexadecimal bytes, mandatory prefixes first (`66`, `F2`, `F3`; `NP`: none of
 * them allowed), `/r`, `/0` to `/7`, `+r` (register in the low bits), `+i` (ST(i)), a fixed second byte such as `D9 E0`,
 * and immediates `ib iw id iv` (v: operand size), `cb cv` (relative), `cp` (far pointer), `mo` (memory offset).
 *
 * Operand pattern: `r8 r16 r32 rv` (ModRM.reg, or the opcode's low bits with `+r`), `r/m8 r/m16 r/m32 r/mv`, `m m8 m16 m32 m64
 * m80 m128 m16:v` (memory only), `imm8 imm16 imm32 immv`, `simm8` (sign-extended), `rel8 relv`, `ptr16:v`, `moffs8 moffsv`,
 * `Sreg CRn DRn`, `mm mm/m32 mm/m64`, `xmm xmm/m8 xmm/m16 xmm/m32 xmm/m64 xmm/m128`, `rmm rxmm` (ModRM.rm register only), `r32/m8 r32/m16`
 * (32-bit register, or narrower memory), `ST(i)`, and fixed ones `AL AX rAX CL DX 1 ES CS SS DS FS GS XMM0`.
 * A row with a `v` operand, `v` immediate, or `sized: true` stands for two forms, of 16 and of 32 bits.
 */
import type { Ops } from '../ops/ops.ts'

export type Semantics = (o: Ops) => void

export interface RowOptions {
  /** The row has a 16-bit and a 32-bit form although no operand says so (PUSHF, IRET, string instructions). */
  readonly sized?: boolean
  /** LOCK is allowed when the destination is memory. */
  readonly lock?: boolean
  /** The instruction ends a block: it may change EIP, the mode, or what the next instruction may assume. */
  readonly ends?: boolean
  /** The row has a 16-bit and a 32-bit address form (string instructions, LOOP, XLAT): it is asked with `o.addressSize`. */
  readonly addressSized?: boolean
  /** The row means something else under REP/REPE (`F3`) and REPNE (`F2`): it is asked with `o.rep`. */
  readonly rep?: boolean
  /** Status flags, as letters of "OSZAPC": read, written, and left undefined (which an implementation may then change at will). */
  readonly reads?: string
  readonly writes?: string
  readonly undefined?: string
  /** Which unit must be usable: x87 (#NM on EM or TS), WAIT (#NM on MP and TS), MMX and SSE (see SDM vol 3A, 2.5 and 13.1). */
  readonly unit?: 'x87' | 'wait' | 'mmx' | 'sse'
  /** CPUID feature that must be present, else #UD. */
  readonly feature?: string
  /** Only in protected mode outside virtual-8086 mode, else #UD. */
  readonly protectedOnly?: boolean
  /** Needs CPL 0, else #GP(0). */
  readonly privileged?: boolean
}

export interface Row extends RowOptions {
  readonly mnemonic: string
  readonly operands: readonly string[]
  readonly opcode: string
  readonly execute: Semantics
}

/** Declares a row: `row('ADD', 'r/m8, r8', '00 /r', add, { lock: true })`. */
export function row(
  mnemonic: string,
  operands: string,
  opcode: string,
  execute: Semantics,
  options: RowOptions = {},
): Row {
  return { mnemonic, operands: operands ? operands.split(',').map((s) => s.trim()) : [], opcode, execute, ...options }
}
