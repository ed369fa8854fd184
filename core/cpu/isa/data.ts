/** Moves, exchanges, extensions, conditional moves and sets, flag bits, the stack. */
import type { I32 } from '../../wasm/expr.ts'
import { select } from '../../wasm/expr.ts'
import { i32 } from '../../wasm/ops.ts'
import { popaFront, popfFront, pushaFront } from '../exec/flag-fronts.ts'
import { loadSegment, loadSegmentPointer } from '../exec/segments.ts'
import type { Ops, Size } from '../ops/ops.ts'
import { slowPath } from '../ops/runtime.ts'
import { AC, ID, IF, IOPL, NT, RF, TF, VM } from '../state/cpu-state.ts'
import * as L from '../state/layout.ts'
import type { Row, Semantics } from './row.ts'
import { row } from './row.ts'

const nothing = () => {}
const move: Semantics = (o) => o.write(0, o.read(1), nothing)
const ESP = 4

/** ESP as an offset in SS, wrapped to the stack's width. */
export function stackPointer(o: Ops): I32 {
  return o.f.let(i32.and(o.reg(ESP), o.state(L.STACK_MASK)))
}

/** Sets the stack pointer, leaving the upper half of ESP alone on 16-bit stacks. */
function setStackPointer(o: Ops, value: I32, mask = o.state(L.STACK_MASK)): void {
  o.setReg(ESP, i32.or(i32.and(o.reg(ESP), i32.xor(mask, -1)), i32.and(value, mask)))
}

/** Pushes the low `size` bytes of `value`; then comes the `rest` of the row. */
export function push(o: Ops, value: I32, size: Size, rest = nothing): void {
  const to = o.f.let(i32.and(i32.sub(o.reg(ESP), size), o.state(L.STACK_MASK)))
  o.store(L.segmentOffset(L.SS), to, value, size, () => {
    setStackPointer(o, to)
    rest()
  })
}

/** Reads the top of the stack without removing it. */
export function peek(o: Ops, size: Size): I32 {
  return o.load(L.segmentOffset(L.SS), stackPointer(o), size)
}

/** Removes `bytes` from the stack. */
export function drop(o: Ops, bytes: number): void {
  setStackPointer(o, o.f.let(i32.add(o.reg(ESP), bytes)))
}

const pop: Semantics = (o) => {
  const value = peek(o, o.size)
  if (o.isMemory(0)) {
    o.write(0, value)
    drop(o, o.size)
  } else {
    // POP ESP: the popped value wins over the increment.
    drop(o, o.size)
    o.write(0, value)
  }
}

/** PUSH Sreg pushes the selector zero-extended; the upper half of a 32-bit slot is written, too, as processors up to the Pentium do. */
const pushSegment: Semantics = (o) => push(o, o.read(0), o.size)

const popSegment: Semantics = (o) => {
  const selector = o.f.let(i32.and(peek(o, o.size), 0xffff))
  // POP SS: the increment is that of the stack popped from.
  const mask = o.state(L.STACK_MASK)
  o.slow(loadSegment, o.registerNumber(0), selector)
  setStackPointer(o, o.f.let(i32.add(o.reg(ESP), o.size)), mask)
}

const moveToSegment: Semantics = (o) => {
  const n = o.registerNumber(0)
  o.faultIf(i32.or(i32.eq(n, L.CS), i32.gt_u(n, L.GS)), 6)
  o.slow(loadSegment, n, i32.and(o.read(1), 0xffff))
}

/** The selector of the segment register that operand `i` names by number. */
function selectorOf(o: Ops, i: number): I32 {
  const n = o.registerNumber(i)
  o.faultIf(i32.gt_u(n, L.GS), 6)
  return o.f.let(i32.load16_u(i32.add(i32.shl(n, 5), L.SEGMENTS)))
}

/** To memory 16 bits, to a register zero-extended to the operand size. */
const moveFromSegment: Semantics = (o) => o.write(0, selectorOf(o, 1))

const lea: Semantics = (o) => o.write(0, o.address(1))

const exchange: Semantics = (o) => {
  const b = o.read(1)
  const a = o.modify(0)
  o.write(1, a)
  o.write(0, b)
}

const xlat: Semantics = (o) => {
  const sum = i32.add(o.reg(3), o.reg(0, 1))
  const offset = o.f.let(o.addressSize === 2 ? i32.and(sum, 0xffff) : sum)
  o.setReg(0, o.load(o.segmentOf(0), offset, 1), 1)
}

/** LDS, LES, LFS, LGS, LSS. */
const loadFar =
  (segment: number): Semantics =>
  (o) => {
    const offset = o.readAt(1, 0, o.size)
    const selector = o.load(o.segmentOf(1), o.addressAt(1, o.size), 2)
    o.slow(loadSegmentPointer, segment, selector)
    o.write(0, offset)
  }

const extend =
  (signed: boolean): Semantics =>
  (o) =>
    o.write(0, signed ? o.readSigned(1) : o.read(1))

const cbw: Semantics = (o) => {
  if (o.size === 4) o.setReg(0, i32.extend16_s(o.reg(0)))
  else o.setReg(0, i32.extend8_s(o.reg(0)), 2)
}
const cwd: Semantics = (o) => {
  if (o.size === 4) o.setReg(2, i32.shr_s(o.reg(0), 31))
  else o.setReg(2, i32.shr_s(i32.extend16_s(o.reg(0)), 15), 2)
}

const hex = (n: number) => n.toString(16).toUpperCase().padStart(2, '0')
const CC = ['O', 'NO', 'B', 'NB', 'Z', 'NZ', 'BE', 'NBE', 'S', 'NS', 'P', 'NP', 'L', 'NL', 'LE', 'NLE']
const CC_READS = ['O', 'C', 'Z', 'CZ', 'S', 'P', 'SO', 'SOZ']

const conditional: Row[] = CC.flatMap((name, cc) => {
  const reads = CC_READS[cc >> 1]!
  const set: Semantics = (o) => o.write(0, o.condition(cc))
  // The source is read, and may fault, whether or not it is moved.
  const cmov: Semantics = (o) => o.write(0, o.f.let(select(o.condition(cc), o.read(1), o.read(0))))
  return [
    row(`SET${name}`, 'r/m8', `0F ${hex(0x90 + cc)} /r`, set, { reads }),
    row(`CMOV${name}`, 'rv, r/mv', `0F ${hex(0x40 + cc)} /r`, cmov, { reads, feature: 'ppro' }),
  ]
})

/** PUSHF: in virtual-8086 mode only with IOPL 3; VM and RF read as zero. */
const pushf: Semantics = (o) => {
  const flags = o.eflags()
  o.faultIf(i32.and(i32.ne(i32.and(flags, VM), 0), i32.ne(i32.and(flags, IOPL), IOPL)), 13)
  push(o, o.f.let(i32.and(flags, ~(VM | RF))), o.size)
}

const setEflags = slowPath(
  'popf',
  2,
  (cpu, value, size) => {
    const { state } = cpu
    const old = state.u32[L.EFLAGS >> 2]
    const cpl = state.u32[L.CPL >> 2]
    const iopl = (old >>> 12) & 3
    if (old & VM && iopl !== 3) cpu.raise(13, 0)
    let writable = TF | NT | 0xcd5
    if (size === 4) writable |= (AC | ID) & cpu.flagMask
    if (cpl === 0) writable |= IOPL
    if (cpl <= iopl) writable |= IF
    // VM, VIP and VIF stay; RF is cleared.
    const kept = ~(writable | RF)
    const hadInterrupts = old & IF
    state.eflags = ((state.eflags & kept) | (value & writable)) >>> 0
    cpu.updateMode()
    if (!hadInterrupts && state.u32[L.EFLAGS >> 2] & IF) cpu.interruptChanged()
  },
  popfFront,
)

const popf: Semantics = (o) => {
  const value = peek(o, o.size)
  o.slow(setEflags, value, o.size)
  drop(o, o.size)
}

const pusha = slowPath(
  'pusha',
  1,
  (cpu, size) => {
    const { state } = cpu
    const mask = state.u32[L.STACK_MASK >> 2]
    const ss = L.segmentOffset(L.SS)
    const esp = state.reg32(4)
    // Probed as a whole first: PUSHA either happens or it does not.
    const bottom = ((esp - 8 * size) & mask) >>> 0
    cpu.access.linear(ss, bottom, 1, true)
    for (let n = 0; n < 8; n++) {
      const to = ((esp - (n + 1) * size) & mask) >>> 0
      if (size === 4) cpu.write32(ss, to, state.reg32(n))
      else cpu.write16(ss, to, state.reg16(n))
    }
    state.setReg32(4, ((esp & ~mask) | bottom) >>> 0)
  },
  pushaFront,
)

const popa = slowPath(
  'popa',
  1,
  (cpu, size) => {
    const { state } = cpu
    const mask = state.u32[L.STACK_MASK >> 2]
    const ss = L.segmentOffset(L.SS)
    const esp = state.reg32(4)
    const values: number[] = []
    for (let n = 0; n < 8; n++) {
      const from = ((esp + n * size) & mask) >>> 0
      values.push(size === 4 ? cpu.read32(ss, from) : cpu.read16(ss, from))
    }
    for (let n = 0; n < 8; n++) {
      if (n === 3) continue
      if (size === 4) state.setReg32(7 - n, values[n])
      else state.setReg16(7 - n, values[n])
    }
    state.setReg32(4, ((esp & ~mask) | ((esp + 8 * size) & mask)) >>> 0)
  },
  popaFront,
)

/** ENTER (SDM vol 2A): level 0 to 31, copies outer frame pointers. */
const enterFrame = slowPath('enter', 3, (cpu, bytes, nesting, size) => {
  const { state } = cpu
  const mask = state.u32[L.STACK_MASK >> 2]
  const ss = L.segmentOffset(L.SS)
  const level = nesting & 31
  const ebp = state.reg32(5)
  let sp = state.reg32(4)
  const pushValue = (value: number) => {
    sp = (sp - size) | 0
    if (size === 4) cpu.write32(ss, (sp & mask) >>> 0, value)
    else cpu.write16(ss, (sp & mask) >>> 0, value)
  }
  pushValue(ebp)
  // The upper half of ESP is not part of a 16-bit stack's arithmetic.
  const frame = ((state.reg32(4) & ~mask) | (sp & mask)) >>> 0
  let outer = ebp
  for (let i = 1; i < level; i++) {
    outer = (outer - size) | 0
    const at = (outer & mask) >>> 0
    pushValue(size === 4 ? cpu.read32(ss, at) : cpu.read16(ss, at))
  }
  if (level > 0) pushValue(frame)
  sp = (sp - (bytes & 0xffff)) | 0
  // The final stack pointer must be writable, so that the frame can be used.
  cpu.access.probe(ss, (sp & mask) >>> 0, size, false)
  if (size === 4) state.setReg32(5, frame)
  else state.setReg16(5, frame)
  state.setReg32(4, ((state.reg32(4) & ~mask) | (sp & mask)) >>> 0)
})

const leave: Semantics = (o) => {
  const from = o.f.let(i32.and(o.reg(5), o.state(L.STACK_MASK)))
  const value = o.load(L.segmentOffset(L.SS), from, o.size)
  setStackPointer(o, o.f.let(i32.add(from, o.size)))
  o.setReg(5, value, o.size)
}

const sahf: Semantics = (o) => {
  const ah = o.reg(4, 1)
  const bit = (n: number) => i32.and(i32.shr_u(ah, n), 1)
  o.setFlags({ cf: bit(0), pf: bit(2), af: bit(4), zf: bit(6), sf: bit(7) })
}

const setDirection =
  (value: number): Semantics =>
  (o) =>
    o.setState(L.EFLAGS, value ? i32.or(o.state(L.EFLAGS), 0x400) : i32.and(o.state(L.EFLAGS), ~0x400))

export const DATA: readonly Row[] = [
  row('MOV', 'r/m8, r8', '88 /r', move),
  row('MOV', 'r/mv, rv', '89 /r', move),
  row('MOV', 'r8, r/m8', '8A /r', move),
  row('MOV', 'rv, r/mv', '8B /r', move),
  row('MOV', 'rv/m16, Sreg', '8C /r', moveFromSegment),
  row('LEA', 'rv, m', '8D /r', lea),
  row('MOV', 'Sreg, r/m16', '8E /r', moveToSegment, { ends: true }),
  row('MOV', 'AL, moffs8', 'A0 mo', move),
  row('MOV', 'rAX, moffsv', 'A1 mo', move),
  row('MOV', 'moffs8, AL', 'A2 mo', move),
  row('MOV', 'moffsv, rAX', 'A3 mo', move),
  row('MOV', 'r8, imm8', 'B0 +r ib', move),
  row('MOV', 'rv, immv', 'B8 +r iv', move),
  row('MOV', 'r/m8, imm8', 'C6 /0 ib', move),
  row('MOV', 'r/mv, immv', 'C7 /0 iv', move),
  row('XCHG', 'r/m8, r8', '86 /r', exchange, { lock: true }),
  row('XCHG', 'r/mv, rv', '87 /r', exchange, { lock: true }),
  row('XCHG', 'rv, rAX', '90 +r', exchange),
  row('XLAT', '', 'D7', xlat, { addressSized: true }),
  row('LES', 'rv, m', 'C4 /r', loadFar(L.ES), { ends: true }),
  row('LDS', 'rv, m', 'C5 /r', loadFar(L.DS), { ends: true }),
  row('LSS', 'rv, m', '0F B2 /r', loadFar(L.SS), { ends: true }),
  row('LFS', 'rv, m', '0F B4 /r', loadFar(L.FS), { ends: true }),
  row('LGS', 'rv, m', '0F B5 /r', loadFar(L.GS), { ends: true }),
  row('MOVZX', 'rv, r/m8', '0F B6 /r', extend(false)),
  row('MOVZX', 'rv, r/m16', '0F B7 /r', extend(false)),
  row('MOVSX', 'rv, r/m8', '0F BE /r', extend(true)),
  row('MOVSX', 'rv, r/m16', '0F BF /r', extend(true)),
  row('CBW', '', '98', cbw, { sized: true }),
  row('CWD', '', '99', cwd, { sized: true }),
  ...conditional,
  row('PUSH', 'rv', '50 +r', (o) => push(o, o.read(0), o.size)),
  row('POP', 'rv', '58 +r', pop),
  row('PUSH', 'immv', '68 iv', (o) => push(o, o.read(0), o.size)),
  row('PUSH', 'simm8', '6A ib', (o) => push(o, o.read(0), o.size), { sized: true }),
  row('PUSH', 'r/mv', 'FF /6', (o) => push(o, o.read(0), o.size)),
  row('POP', 'r/mv', '8F /0', pop),
  row('PUSH', 'ES', '06', pushSegment, { sized: true }),
  row('PUSH', 'CS', '0E', pushSegment, { sized: true }),
  row('PUSH', 'SS', '16', pushSegment, { sized: true }),
  row('PUSH', 'DS', '1E', pushSegment, { sized: true }),
  row('PUSH', 'FS', '0F A0', pushSegment, { sized: true }),
  row('PUSH', 'GS', '0F A8', pushSegment, { sized: true }),
  row('POP', 'ES', '07', popSegment, { sized: true, ends: true }),
  row('POP', 'SS', '17', popSegment, { sized: true, ends: true }),
  row('POP', 'DS', '1F', popSegment, { sized: true, ends: true }),
  row('POP', 'FS', '0F A1', popSegment, { sized: true, ends: true }),
  row('POP', 'GS', '0F A9', popSegment, { sized: true, ends: true }),
  row('PUSHA', '', '60', (o) => o.slow(pusha, o.size), { sized: true }),
  row('POPA', '', '61', (o) => o.slow(popa, o.size), { sized: true }),
  row('PUSHF', '', '9C', pushf, { sized: true, reads: 'OSZAPC' }),
  row('POPF', '', '9D', popf, { sized: true, ends: true, writes: 'OSZAPC' }),
  row('ENTER', 'imm16, imm8', 'C8 iw ib', (o) => o.slow(enterFrame, o.read(0), o.read(1), o.size), { sized: true }),
  row('LEAVE', '', 'C9', leave, { sized: true }),
  row('SAHF', '', '9E', sahf, { writes: 'SZAPC' }),
  row('LAHF', '', '9F', (o) => o.setReg(4, o.eflags(), 1), { reads: 'SZAPC' }),
  row('CMC', '', 'F5', (o) => o.setFlags({ cf: i32.xor(o.carry(), 1) }), { reads: 'C', writes: 'C' }),
  row('CLC', '', 'F8', (o) => o.setFlags({ cf: 0 }), { writes: 'C' }),
  row('STC', '', 'F9', (o) => o.setFlags({ cf: 1 }), { writes: 'C' }),
  row('CLD', '', 'FC', setDirection(0)),
  row('STD', '', 'FD', setDirection(1)),
  row('SALC', '', 'D6', (o) => o.setReg(0, i32.sub(0, o.carry()), 1), { reads: 'C' }),
]
