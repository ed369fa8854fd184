/** Control transfers: jumps, calls, returns, loops, interrupts. Far forms and gates are slow paths (exec/transfers.ts). */

import type { I32 } from '../../wasm/expr.ts'
import { i32 } from '../../wasm/ops.ts'
import {
  callFar,
  interruptReturn,
  jumpFar,
  returnFar,
  softwareInterrupt,
  sysenter,
  sysexit,
} from '../exec/transfers.ts'
import type { Ops } from '../ops/ops.ts'
import { IOPL, VM } from '../state/cpu-state.ts'
import * as L from '../state/layout.ts'
import { drop, peek, push } from './data.ts'
import type { Row, Semantics } from './row.ts'
import { row } from './row.ts'

const CC = ['O', 'NO', 'B', 'NB', 'Z', 'NZ', 'BE', 'NBE', 'S', 'NS', 'P', 'NP', 'L', 'NL', 'LE', 'NLE']
const CC_READS = ['O', 'C', 'Z', 'CZ', 'S', 'P', 'SO', 'SOZ']
const hex = (n: number) => n.toString(16).toUpperCase().padStart(2, '0')
const ends = { ends: true }

const jumps: Row[] = CC.flatMap((name, cc) => {
  const branch: Semantics = (o) => o.branch(o.condition(cc), 0)
  const options = { ends: true, reads: CC_READS[cc >> 1]! }
  return [
    row(`J${name}`, 'rel8', `${hex(0x70 + cc)} cb`, branch, { ...options, sized: true }),
    row(`J${name}`, 'relv', `0F ${hex(0x80 + cc)} cv`, branch, options),
  ]
})

/** Wraps an instruction pointer to the operand size. */
const wrap = (o: Ops, eip: I32): I32 => (o.size === 2 ? o.f.let(i32.and(eip, 0xffff)) : eip)

/** The new EIP is checked before the return address is pushed. */
function checkTarget(o: Ops, eip: I32): void {
  o.faultIf(i32.gt_u(eip, o.state(L.segmentOffset(L.CS) + L.SEG_LIMIT)), 13)
}

const callNear: Semantics = (o) => {
  checkTarget(o, o.relativeTarget(0))
  push(o, o.nextEip(), o.size, () => o.branch(i32.const(1), 0))
}

const callIndirect: Semantics = (o) => {
  const target = o.read(0)
  checkTarget(o, target)
  push(o, o.nextEip(), o.size, () => o.jump(target))
}

const returnNear =
  (extra: boolean): Semantics =>
  (o) => {
    const target = wrap(o, peek(o, o.size))
    checkTarget(o, target)
    drop(o, o.size)
    if (extra) {
      const bytes = o.read(0)
      const mask = o.state(L.STACK_MASK)
      const esp = o.reg(4)
      o.setReg(4, i32.or(i32.and(esp, i32.xor(mask, -1)), i32.and(i32.add(esp, bytes), mask)))
    }
    o.jump(target)
  }

/** LOOP, LOOPE, LOOPNE count in CX or ECX after the address size. */
const loop =
  (condition: (o: Ops) => I32 | undefined): Semantics =>
  (o) => {
    const { addressSize } = o
    const count = o.f.let(i32.sub(o.reg(1), 1))
    const rest = o.f.let(addressSize === 2 ? i32.and(count, 0xffff) : count)
    const more = condition(o)
    const taken = i32.ne(rest, 0)
    const go = o.f.let(more ? i32.and(taken, more) : taken)
    // The target is checked before the count changes, so that the fault can be restarted.
    o.f.if(go, () => checkTarget(o, o.relativeTarget(0)))
    o.setReg(1, rest, addressSize)
    o.branch(go, 0)
  }

const jcxz: Semantics = (o) => o.branch(i32.eqz(o.reg(1, o.addressSize)), 0)

const farImmediate =
  (path: typeof jumpFar): Semantics =>
  (o) => {
    o.slow(path, o.farSelector(0), o.read(0), o.size)
    o.continueAtEip()
  }

const farMemory =
  (path: typeof jumpFar): Semantics =>
  (o) => {
    const offset = o.readAt(0, 0, o.size)
    const selector = o.load(o.segmentOf(0), o.addressAt(0, o.size), 2)
    o.slow(path, selector, offset, o.size)
    o.continueAtEip()
  }

const interrupt =
  (vector: number): Semantics =>
  (o) => {
    o.slow(softwareInterrupt, vector, vector === 1 ? 1 : 0)
    o.continueAtEip()
  }

/** INT n in virtual-8086 mode is IOPL-sensitive; INT 3 and INTO are not. */
const intN: Semantics = (o) => {
  const flags = o.state(L.EFLAGS)
  o.faultIf(i32.and(i32.ne(i32.and(flags, VM), 0), i32.ne(i32.and(flags, IOPL), IOPL)), 13)
  o.slow(softwareInterrupt, o.read(0), 0)
  o.continueAtEip()
}

const into: Semantics = (o) => {
  o.f.if(o.flag('of'), () => {
    o.slow(softwareInterrupt, 4, 0)
    o.continueAtEip()
  })
}

const slowEnding =
  (path: typeof sysenter): Semantics =>
  (o) => {
    o.slow(path)
    o.continueAtEip()
  }

export const CONTROL: readonly Row[] = [
  ...jumps,
  row('JMP', 'rel8', 'EB cb', (o) => o.branch(i32.const(1), 0), { ends: true, sized: true }),
  row('JMP', 'relv', 'E9 cv', (o) => o.branch(i32.const(1), 0), ends),
  row('JMP', 'r/mv', 'FF /4', (o) => o.jump(o.read(0)), ends),
  row('JMP', 'ptr16:v', 'EA cp', farImmediate(jumpFar), ends),
  row('JMP', 'm16:v', 'FF /5', farMemory(jumpFar), { ends: true, sized: true }),
  row('CALL', 'relv', 'E8 cv', callNear, ends),
  row('CALL', 'r/mv', 'FF /2', callIndirect, ends),
  row('CALL', 'ptr16:v', '9A cp', farImmediate(callFar), ends),
  row('CALL', 'm16:v', 'FF /3', farMemory(callFar), { ends: true, sized: true }),
  row('RET', '', 'C3', returnNear(false), { ends: true, sized: true }),
  row('RET', 'imm16', 'C2 iw', returnNear(true), { ends: true, sized: true }),
  row(
    'RETF',
    '',
    'CB',
    (o) => {
      o.slow(returnFar, 0, o.size)
      o.continueAtEip()
    },
    { ends: true, sized: true },
  ),
  row(
    'RETF',
    'imm16',
    'CA iw',
    (o) => {
      o.slow(returnFar, o.read(0), o.size)
      o.continueAtEip()
    },
    { ends: true, sized: true },
  ),
  row(
    'LOOPNE',
    'rel8',
    'E0 cb',
    loop((o) => i32.eqz(o.flag('zf'))),
    { ends: true, sized: true, addressSized: true, reads: 'Z' },
  ),
  row(
    'LOOPE',
    'rel8',
    'E1 cb',
    loop((o) => o.flag('zf')),
    { ends: true, sized: true, addressSized: true, reads: 'Z' },
  ),
  row(
    'LOOP',
    'rel8',
    'E2 cb',
    loop(() => undefined),
    { ends: true, sized: true, addressSized: true },
  ),
  row('JCXZ', 'rel8', 'E3 cb', jcxz, { ends: true, sized: true, addressSized: true }),
  row('INT3', '', 'CC', interrupt(3), ends),
  row('INT', 'imm8', 'CD ib', intN, ends),
  row('INTO', '', 'CE', into, { ends: true, reads: 'O' }),
  row('INT1', '', 'F1', interrupt(1), ends),
  row(
    'IRET',
    '',
    'CF',
    (o) => {
      o.slow(interruptReturn, o.size)
      o.continueAtEip()
    },
    { ends: true, sized: true, writes: 'OSZAPC' },
  ),
  row('SYSENTER', '', '0F 34', slowEnding(sysenter), { ends: true, feature: 'sep' }),
  row('SYSEXIT', '', '0F 35', slowEnding(sysexit), { ends: true, feature: 'sep' }),
]
