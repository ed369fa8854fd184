/** Delivery of interrupts and exceptions in all modes, double faults and shutdown (Intel SDM vol 3A, chapter 6). */
import { AC, IF, IOPL, NT, RF, TF, VM } from '../state/cpu-state.ts'
import * as L from '../state/layout.ts'
import type { Cpu } from './cpu.ts'
import type { Descriptor } from './segments.ts'
import {
  dplOf,
  GP,
  isCode,
  isConforming,
  isPresent,
  limitOf,
  loadRealSegment,
  markAccessed,
  NP,
  readDescriptor,
  setCodeSegment,
} from './segments.ts'
import { StackFrame } from './stack-frame.ts'
import { switchTask } from './tasks.ts'

/** What generated code knows of entering a handler: (vector, return address, software, has error code, error code, resume); 0 when it leaves it to `enterGate`. */
export type EnterGate = (
  vector: number,
  returnTo: number,
  software: number,
  hasError: number,
  error: number,
  resume: number,
) => number

/** What is delivered: software interrupts are subject to the gate's privilege, the others set the EXT bit of error codes. */
export interface Delivery {
  readonly source: 'software' | 'external' | 'fault'
  /** Return address. */
  readonly eip: number
  readonly errorCode?: number
  /** Whether the flags pushed have RF set (SDM vol 3B, 17.3.1.1). */
  readonly resume?: boolean
}

const DOUBLE_FAULT = 8
const PAGE_FAULT = 14
const WITH_ERROR_CODE = (1 << 8) | (1 << 10) | (1 << 11) | (1 << 12) | (1 << 13) | (1 << 14) | (1 << 17)
const CONTRIBUTORY = (1 << 0) | (1 << 10) | (1 << 11) | (1 << 12) | (1 << 13)

const is = (set: number, vector: number): boolean => vector < 32 && (set & (1 << vector)) !== 0

/**
 * Delivers a fault whose return address is EIP; faults on the way become double faults, and then shutdown. Those that restart
 * their instruction carry RF, so that its breakpoint does not strike twice; traps and breakpoints themselves do not.
 */
export function deliverFault(cpu: Cpu, vector: number, errorCode: number, restarts = true): void {
  const { state } = cpu
  const hasError = is(WITH_ERROR_CODE, vector) ? 1 : 0
  if (cpu.enterGate(vector, state.eip, 0, hasError, errorCode, restarts ? RF : 0)) return
  let current = vector
  let error = errorCode
  for (;;) {
    const { eip } = state
    const delivery: Delivery = {
      source: 'fault',
      eip,
      resume: current !== vector || restarts,
      ...(is(WITH_ERROR_CODE, current) ? { errorCode: error } : {}),
    }
    const nested = cpu.attempt(() => enterGate(cpu, current, delivery))
    if (!nested) return
    if (current === DOUBLE_FAULT) return cpu.host.shutdown()
    const second = nested.vector
    const combines =
      (is(CONTRIBUTORY, current) && is(CONTRIBUTORY, second)) ||
      (current === PAGE_FAULT && (second === PAGE_FAULT || is(CONTRIBUTORY, second)))
    current = combines ? DOUBLE_FAULT : second
    error = combines ? 0 : nested.errorCode
  }
}

/** Delivers an external interrupt. */
export function deliverInterrupt(cpu: Cpu, vector: number): void {
  if (cpu.enterGate(vector, cpu.state.eip, 0, 0, 0, 0)) return
  const nested = cpu.attempt(() => enterGate(cpu, vector, { source: 'external', eip: cpu.state.eip }))
  if (nested) deliverFault(cpu, nested.vector, nested.errorCode)
}

/** Enters the handler of `vector`. Raises what goes wrong, with nothing changed. */
export function enterGate(cpu: Cpu, vector: number, delivery: Delivery): void {
  if (!cpu.state.protectedMode) enterReal(cpu, vector, delivery)
  else enterProtected(cpu, vector, delivery)
  if (delivery.source === 'software') cpu.skipSingleStep()
}

function enterProtected(cpu: Cpu, vector: number, delivery: Delivery): void {
  const { state } = cpu
  const external = delivery.source === 'software' ? 0 : 1
  const error = vector * 8 + 2 + external
  if (vector * 8 + 7 > state.u32[L.IDTR_LIMIT >> 2]) cpu.raise(GP, error)
  const at = (state.u32[L.IDTR_BASE >> 2] + vector * 8) >>> 0
  const gate: Descriptor = { selector: vector, low: cpu.readSystem(at, 4), high: cpu.readSystem(at + 4, 4), at }
  const type = (gate.high >>> 8) & 31
  if (type !== 5 && type !== 6 && type !== 7 && type !== 14 && type !== 15) cpu.raise(GP, error)
  if (delivery.source === 'software' && dplOf(gate) < state.cpl) cpu.raise(GP, error)
  if (!isPresent(gate)) cpu.raise(NP, error)
  if (type === 5) {
    switchTask(cpu, gate.low >>> 16, 'interrupt', delivery.eip, external, delivery.resume)
    if (delivery.errorCode !== undefined) {
      const wide = (state.segmentAttributes(L.TR) & 0x800) !== 0
      const frame = StackFrame.current(cpu, external)
      frame.push(delivery.errorCode, wide ? 4 : 2)
      frame.commit()
    }
    return
  }
  enterHandler(cpu, gate, type, external, delivery)
}

function enterReal(cpu: Cpu, vector: number, delivery: Delivery): void {
  const { state } = cpu
  if (vector * 4 + 3 > state.u32[L.IDTR_LIMIT >> 2]) cpu.raise(GP, 0)
  const at = (state.u32[L.IDTR_BASE >> 2] + vector * 4) >>> 0
  const ip = cpu.readSystem(at, 2)
  const cs = cpu.readSystem(at + 2, 2)
  const frame = StackFrame.current(cpu)
  frame.push(state.eflags, 2)
  frame.push(state.selector(L.CS), 2)
  frame.push(delivery.eip, 2)
  frame.commit()
  state.u32[L.EFLAGS >> 2] &= ~(IF | TF | AC | RF)
  loadRealSegment(cpu, L.CS, cs)
  state.eip = ip
  cpu.updateMode()
}

function enterHandler(cpu: Cpu, gate: Descriptor, type: number, external: number, delivery: Delivery): void {
  const { state } = cpu
  const size = type >= 14 ? 4 : 2
  const target = gate.low >>> 16
  const eip = ((gate.low & 0xffff) | (size === 4 ? gate.high & 0xffff_0000 : 0)) >>> 0
  if (!(target & 0xfffc)) cpu.raise(GP, external)
  const code = readDescriptor(cpu, target, GP, external)
  const error = (target & 0xfffc) | external
  const { cpl } = state
  if (!isCode(code) || dplOf(code) > cpl) cpu.raise(GP, error)
  if (!isPresent(code)) cpu.raise(NP, error)
  const accessed = markAccessed(cpu, code)
  const vm86 = state.vm86
  const inner = !isConforming(code) && dplOf(code) < cpl
  if (vm86 && (!inner || dplOf(code) !== 0)) cpu.raise(GP, error)
  const newCpl = inner ? dplOf(code) : cpl
  const flags = state.eflags | (delivery.resume ? RF : 0)
  const frame = inner ? StackFrame.fromTss(cpu, newCpl, external) : StackFrame.current(cpu, external)
  if (vm86) for (const n of [L.GS, L.FS, L.DS, L.ES]) frame.push(state.selector(n), size)
  if (inner) {
    frame.push(state.selector(L.SS), size)
    frame.push(state.reg32(4), size)
  }
  frame.push(flags, size)
  frame.push(state.selector(L.CS), size)
  frame.push(delivery.eip, size)
  if (delivery.errorCode !== undefined) frame.push(delivery.errorCode, size)
  if (eip > limitOf(code)) cpu.raise(GP, external)
  if (vm86) for (const n of [L.GS, L.FS, L.DS, L.ES]) state.setSegment(n, 0, 0, 0, 0)
  let cleared = TF | NT | RF | VM
  if (type === 6 || type === 14) cleared |= IF
  state.u32[L.EFLAGS >> 2] &= ~cleared
  if (inner) frame.loadSegment(newCpl)
  setCodeSegment(cpu, target, accessed, newCpl, eip)
  frame.commit()
}

/** Whether CLI, STI, PUSHF and the like are allowed: CPL (3 in virtual-8086 mode) against IOPL. */
export function ioPrivileged(cpu: Cpu): boolean {
  return cpu.state.cpl <= (cpu.state.u32[L.EFLAGS >> 2] & IOPL) >>> 12
}
