/** Far transfers: JMP, CALL, RET, IRET through segments, call gates and tasks; SYSENTER (Intel SDM vol 3A, 5.8 and 6.12). */
import { slowPath } from '../ops/runtime.ts'
import { AC, DF, ID, IF, IOPL, NT, RF, STATUS_FLAGS, TF, VIF, VIP, VM } from '../state/cpu-state.ts'
import * as L from '../state/layout.ts'
import type { Cpu } from './cpu.ts'
import { interruptReturnFront, softwareInterruptFront, sysenterFront, sysexitFront } from './gate-fronts.ts'
import { enterGate } from './interrupts.ts'
import type { Descriptor } from './segments.ts'
import {
  checkStackSegment,
  dplOf,
  GP,
  isCode,
  isConforming,
  isPresent,
  isSystem,
  limitOf,
  loadRealSegment,
  markAccessed,
  NP,
  readDescriptor,
  setCodeSegment,
  setFromDescriptor,
  typeOf,
} from './segments.ts'
import { StackFrame } from './stack-frame.ts'
import { switchTask } from './tasks.ts'

function realFar(cpu: Cpu, selector: number, offset: number): void {
  if (offset > cpu.state.segmentLimit(L.CS)) cpu.raise(GP, 0)
  loadRealSegment(cpu, L.CS, selector)
  cpu.state.eip = offset
  cpu.updateMode()
}

const isReal = (cpu: Cpu): boolean => !cpu.state.protectedMode || cpu.state.vm86

/** A code segment as direct target of JMP or CALL at the present privilege. */
function checkDirectCode(cpu: Cpu, selector: number, d: Descriptor): void {
  const { cpl } = cpu.state
  const error = selector & 0xfffc
  if (isConforming(d) ? dplOf(d) > cpl : (selector & 3) > cpl || dplOf(d) !== cpl) cpu.raise(GP, error)
  if (!isPresent(d)) cpu.raise(NP, error)
}

/** Privilege and presence of a gate or TSS descriptor reached by JMP or CALL. */
function checkGate(cpu: Cpu, selector: number, d: Descriptor): void {
  if (dplOf(d) < cpu.state.cpl || dplOf(d) < (selector & 3)) cpu.raise(GP, selector & 0xfffc)
  if (!isPresent(d)) cpu.raise(NP, selector & 0xfffc)
}

const isTss = (type: number): boolean => type === 1 || type === 9
const CALL_GATE_16 = 4
const TASK_GATE = 5
const CALL_GATE_32 = 12

function farTarget(cpu: Cpu, selector: number): Descriptor {
  if (!(selector & 0xfffc)) cpu.raise(GP, 0)
  return readDescriptor(cpu, selector, GP)
}

/** JMP far: (selector, offset, operand size). */
export const jumpFar = slowPath('jump_far', 3, (cpu, selector, offset, size) => {
  offset = size === 2 ? offset & 0xffff : offset >>> 0
  if (isReal(cpu)) return realFar(cpu, selector, offset)
  const d = farTarget(cpu, selector)
  if (!isSystem(d)) {
    if (!isCode(d)) cpu.raise(GP, selector & 0xfffc)
    checkDirectCode(cpu, selector, d)
    return setCodeSegment(cpu, selector, d, cpu.state.cpl, offset)
  }
  const type = typeOf(d)
  if (isTss(type) || type === TASK_GATE) return farTask(cpu, selector, d, 'jump')
  if (type !== CALL_GATE_16 && type !== CALL_GATE_32) cpu.raise(GP, selector & 0xfffc)
  checkGate(cpu, selector, d)
  const target = d.low >>> 16
  const code = gateCode(cpu, target)
  if (isConforming(code) ? dplOf(code) > cpu.state.cpl : dplOf(code) !== cpu.state.cpl) cpu.raise(GP, target & 0xfffc)
  if (!isPresent(code)) cpu.raise(NP, target & 0xfffc)
  setCodeSegment(cpu, target, code, cpu.state.cpl, gateOffset(d))
})

function gateCode(cpu: Cpu, target: number): Descriptor {
  if (!(target & 0xfffc)) cpu.raise(GP, 0)
  const code = readDescriptor(cpu, target, GP)
  if (!isCode(code) || dplOf(code) > cpu.state.cpl) cpu.raise(GP, target & 0xfffc)
  return code
}

const gateOffset = (d: Descriptor): number => ((d.low & 0xffff) | (typeOf(d) >= 8 ? d.high & 0xffff_0000 : 0)) >>> 0

function farTask(cpu: Cpu, selector: number, d: Descriptor, kind: 'jump' | 'call'): void {
  checkGate(cpu, selector, d)
  switchTask(cpu, typeOf(d) === TASK_GATE ? d.low >>> 16 : selector, kind, cpu.state.u32[L.NEXT_EIP >> 2])
}

/** CALL far: (selector, offset, operand size). */
export const callFar = slowPath('call_far', 3, (cpu, selector, offset, size) => {
  const { state } = cpu
  offset = size === 2 ? offset & 0xffff : offset >>> 0
  const returnEip = state.u32[L.NEXT_EIP >> 2]
  const oldCs = state.selector(L.CS)
  if (isReal(cpu)) {
    if (offset > state.segmentLimit(L.CS)) cpu.raise(GP, 0)
    const frame = StackFrame.current(cpu)
    frame.push(oldCs, size)
    frame.push(returnEip, size)
    realFar(cpu, selector, offset)
    return frame.commit()
  }
  const d = farTarget(cpu, selector)
  if (!isSystem(d)) {
    if (!isCode(d)) cpu.raise(GP, selector & 0xfffc)
    checkDirectCode(cpu, selector, d)
    const frame = StackFrame.current(cpu)
    frame.push(oldCs, size)
    frame.push(returnEip, size)
    setCodeSegment(cpu, selector, d, state.cpl, offset)
    return frame.commit()
  }
  const type = typeOf(d)
  if (isTss(type) || type === TASK_GATE) return farTask(cpu, selector, d, 'call')
  if (type !== CALL_GATE_16 && type !== CALL_GATE_32) cpu.raise(GP, selector & 0xfffc)
  checkGate(cpu, selector, d)
  callGate(cpu, d, oldCs, returnEip)
})

function callGate(cpu: Cpu, gate: Descriptor, oldCs: number, returnEip: number): void {
  const { state } = cpu
  const size = typeOf(gate) === CALL_GATE_32 ? 4 : 2
  const target = gate.low >>> 16
  const code = gateCode(cpu, target)
  if (!isPresent(code)) cpu.raise(NP, target & 0xfffc)
  const eip = gateOffset(gate)
  if (isConforming(code) || dplOf(code) === state.cpl) {
    const frame = StackFrame.current(cpu)
    frame.push(oldCs, size)
    frame.push(returnEip, size)
    setCodeSegment(cpu, target, code, state.cpl, eip)
    return frame.commit()
  }
  // To an inner privilege: new stack from the TSS, parameters copied across.
  const cpl = dplOf(code)
  const parameters = gate.high & 31
  const oldSs = state.selector(L.SS)
  const oldEsp = state.reg32(4)
  const frame = StackFrame.fromTss(cpu, cpl)
  const values = peek(cpu, parameters, size)
  frame.push(oldSs, size)
  frame.push(oldEsp, size)
  for (const value of values.reverse()) frame.push(value, size)
  frame.push(oldCs, size)
  frame.push(returnEip, size)
  if (eip > limitOf(code)) cpu.raise(GP, 0)
  const accessed = markAccessed(cpu, code)
  frame.loadSegment(cpl)
  setCodeSegment(cpu, target, accessed, cpl, eip)
  frame.commit()
}

/** After a return to outer privilege: data segments that it may not have become null (SDM vol 2B, RET). */
function dropInnerSegments(cpu: Cpu): void {
  const { state } = cpu
  for (const n of [L.ES, L.DS, L.FS, L.GS]) {
    const attributes = state.segmentAttributes(n)
    const conforming = (attributes & 0xc00) === 0xc00
    if (attributes & 0x8000 && !conforming && ((attributes >>> 13) & 3) < state.cpl) state.setSegment(n, 0, 0, 0, 0)
  }
}

/** Reads `count` values of `size` bytes from the top of the stack. */
function peek(cpu: Cpu, count: number, size: number, skip = 0): number[] {
  const { state } = cpu
  const mask = state.u32[L.STACK_MASK >> 2]
  const ss = L.segmentOffset(L.SS)
  const values: number[] = []
  for (let i = 0; i < count; i++) {
    const at = ((state.reg32(4) + skip + i * size) & mask) >>> 0
    values.push(size === 4 ? cpu.read32(ss, at) : cpu.read16(ss, at))
  }
  return values
}

function setEsp(cpu: Cpu, value: number): void {
  const { state } = cpu
  const mask = state.u32[L.STACK_MASK >> 2]
  state.setReg32(4, ((state.reg32(4) & ~mask) | (value & mask)) >>> 0)
}

/** The code segment that a return goes to: at `rpl`, never inwards. */
function checkReturnCode(cpu: Cpu, selector: number): Descriptor {
  if (!(selector & 0xfffc)) cpu.raise(GP, 0)
  const d = readDescriptor(cpu, selector, GP)
  const rpl = selector & 3
  const error = selector & 0xfffc
  if (!isCode(d) || rpl < cpu.state.cpl || (isConforming(d) ? dplOf(d) > rpl : dplOf(d) !== rpl)) cpu.raise(GP, error)
  if (!isPresent(d)) cpu.raise(NP, error)
  return d
}

/** Completes a far return to `rpl` further out: SS:ESP come from the stack. */
function returnOutward(cpu: Cpu, cs: number, code: Descriptor, eip: number, esp: number, ss: number): void {
  const rpl = cs & 3
  const stack = checkStackSegment(cpu, ss, rpl)
  if (eip > limitOf(code)) cpu.raise(GP, 0)
  const accessed = markAccessed(cpu, code)
  setFromDescriptor(cpu, L.SS, ss, markAccessed(cpu, stack))
  setCodeSegment(cpu, cs, accessed, rpl, eip)
  setEsp(cpu, esp)
  dropInnerSegments(cpu)
}

/** RET far: (bytes of parameters, operand size). */
export const returnFar = slowPath('return_far', 2, (cpu, bytes, size) => {
  const { state } = cpu
  const [eip, csRaw] = peek(cpu, 2, size) as [number, number]
  const cs = csRaw & 0xffff
  if (isReal(cpu)) {
    realFar(cpu, cs, eip)
    return setEsp(cpu, state.reg32(4) + 2 * size + bytes)
  }
  const code = checkReturnCode(cpu, cs)
  if ((cs & 3) === state.cpl) {
    setCodeSegment(cpu, cs, code, state.cpl, eip)
    return setEsp(cpu, state.reg32(4) + 2 * size + bytes)
  }
  const [esp, ss] = peek(cpu, 2, size, 2 * size + bytes) as [number, number]
  returnOutward(cpu, cs, code, eip, esp + bytes, ss & 0xffff)
})

/** Sets EFLAGS from an IRET image: which bits depends on privilege and operand size. */
function restoreFlags(cpu: Cpu, value: number, size: number, cpl: number): void {
  const { state } = cpu
  const old = state.eflags
  let writable = STATUS_FLAGS | TF | DF | NT
  // RF matters to instruction breakpoints alone.
  if (size === 4) writable |= (state.u32[(L.DEBUG_REGISTERS >> 2) + 7] & 0xff ? RF : 0) | AC | ID
  if (cpl <= ((old >>> 12) & 3)) writable |= IF
  if (cpl === 0) {
    writable |= IOPL
    if (size === 4) writable |= VIF | VIP
  }
  writable &= cpu.flagMask
  state.eflags = ((old & ~writable) | (value & writable)) >>> 0
}

/** IRET: (operand size). */
export const interruptReturn = slowPath(
  'iret',
  1,
  (cpu, size) => {
    const { state } = cpu
    cpu.nmiMasked = false
    const hadInterrupts = state.u32[L.EFLAGS >> 2] & IF
    if (isReal(cpu)) realReturn(cpu, size)
    else if (state.u32[L.EFLAGS >> 2] & NT) {
      const back = cpu.readSystem(state.segmentBase(L.TR), 2)
      switchTask(cpu, back, 'iret', state.u32[L.NEXT_EIP >> 2])
    } else protectedReturn(cpu, size)
    cpu.updateMode()
    if (!hadInterrupts && state.u32[L.EFLAGS >> 2] & IF) cpu.interruptChanged()
  },
  interruptReturnFront,
)

function realReturn(cpu: Cpu, size: number): void {
  const { state } = cpu
  if (state.vm86 && (state.u32[L.EFLAGS >> 2] & IOPL) !== IOPL) cpu.raise(GP, 0)
  const [eip, cs, flags] = peek(cpu, 3, size) as [number, number, number]
  realFar(cpu, cs & 0xffff, eip)
  setEsp(cpu, state.reg32(4) + 3 * size)
  const old = state.eflags
  // Virtual-8086 mode keeps IOPL, VM, VIP and VIF; real mode sets everything but VM, VIP and VIF.
  const kept = (state.vm86 ? IOPL : 0) | VM | VIP | VIF | (size === 2 ? 0xffff_0000 : 0) | ~cpu.flagMask
  state.eflags = ((old & kept) | (flags & ~kept)) >>> 0
}

function protectedReturn(cpu: Cpu, size: number): void {
  const { state } = cpu
  const [eip, csRaw, flags] = peek(cpu, 3, size) as [number, number, number]
  const cs = csRaw & 0xffff
  if (size === 4 && flags & VM && state.cpl === 0) return returnToVm86(cpu, eip, cs, flags)
  const code = checkReturnCode(cpu, cs)
  const { cpl } = state
  if ((cs & 3) === cpl) {
    setCodeSegment(cpu, cs, code, cpl, eip)
    setEsp(cpu, state.reg32(4) + 3 * size)
  } else {
    const [esp, ss] = peek(cpu, 2, size, 3 * size) as [number, number]
    returnOutward(cpu, cs, code, eip, esp, ss & 0xffff)
  }
  restoreFlags(cpu, flags, size, cpl)
}

function returnToVm86(cpu: Cpu, eip: number, cs: number, flags: number): void {
  const { state } = cpu
  const [esp, ss, es, ds, fs, gs] = peek(cpu, 6, 4, 12) as [number, number, number, number, number, number]
  if (eip > 0xffff) cpu.raise(GP, 0)
  state.eflags = flags & cpu.flagMask
  state.u32[L.CPL >> 2] = 3
  for (const [n, selector] of [
    [L.CS, cs],
    [L.SS, ss],
    [L.ES, es],
    [L.DS, ds],
    [L.FS, fs],
    [L.GS, gs],
  ] as const)
    loadRealSegment(cpu, n, selector & 0xffff)
  state.eip = eip
  state.setReg32(4, esp)
  cpu.updateMode()
}

/** INT n, INT3, INTO, INT1: (vector, 1 for INT1, which is no software interrupt: no privilege counts for it). */
export const softwareInterrupt = slowPath(
  'software_interrupt',
  2,
  (cpu, vector, hardware) => {
    enterGate(cpu, vector, { source: hardware ? 'fault' : 'software', eip: cpu.state.u32[L.NEXT_EIP >> 2] })
    cpu.skipSingleStep()
  },
  softwareInterruptFront,
)

/** A flat segment as SYSENTER and SYSEXIT make it. */
function setFlat(cpu: Cpu, n: number, selector: number, dpl: number): void {
  cpu.state.setSegment(n, selector, 0, 0xffff_ffff, (n === L.CS ? 0xc0_9b00 : 0xc0_9300) | (dpl << 13))
}

export const sysenter = slowPath(
  'sysenter',
  0,
  (cpu) => {
    const { state } = cpu
    const cs = state.u32[L.SYSENTER >> 2] & 0xffff
    if (!state.protectedMode || !(cs & 0xfffc)) cpu.raise(GP, 0)
    state.u32[L.EFLAGS >> 2] &= ~(VM | IF | RF)
    setFlat(cpu, L.CS, cs & 0xfffc, 0)
    setFlat(cpu, L.SS, (cs & 0xfffc) + 8, 0)
    state.u32[L.CPL >> 2] = 0
    state.setReg32(4, state.u32[(L.SYSENTER >> 2) + 1])
    state.eip = state.u32[(L.SYSENTER >> 2) + 2]
    cpu.updateMode()
  },
  sysenterFront,
)

export const sysexit = slowPath(
  'sysexit',
  0,
  (cpu) => {
    const { state } = cpu
    const cs = state.u32[L.SYSENTER >> 2] & 0xffff
    if (!state.protectedMode || !(cs & 0xfffc) || state.cpl !== 0) cpu.raise(GP, 0)
    setFlat(cpu, L.CS, (cs + 16) | 3, 3)
    setFlat(cpu, L.SS, (cs + 24) | 3, 3)
    state.u32[L.CPL >> 2] = 3
    state.eip = state.reg32(2)
    state.setReg32(4, state.reg32(1))
    cpu.updateMode()
  },
  sysexitFront,
)
