/**
 * String instructions. A repeated one works through as much as lies in one page of each operand at a time, with bulk copies
 * and fills where source and destination are plain memory; between pieces registers are up to date, so that a fault or an
 * interrupt finds an instruction that can be restarted.
 */
import type { Front } from '../ops/runtime.ts'
import { slowPath } from '../ops/runtime.ts'
import { DF } from '../state/cpu-state.ts'
import * as L from '../state/layout.ts'
import type { Cpu } from './cpu.ts'
import { checkPorts, readPort, writePort } from './port-access.ts'
import { compareFront, loadFront, moveFront, scanFront, storeFront } from './string-fronts.ts'

const EAX = 0
const ECX = 1
const EDX = 2
const ESI = 6
const EDI = 7
const ES_AT = L.segmentOffset(L.ES)
/** Iterations in one go, before interrupts get a chance. */
const MOST = 4096

type Bytes = 1 | 2 | 4

/** Register `n` under the address size. */
function index(cpu: Cpu, n: number, addressBytes: number): number {
  return addressBytes === 2 ? cpu.state.reg16(n) : cpu.state.reg32(n)
}

function setIndex(cpu: Cpu, n: number, addressBytes: number, value: number): void {
  if (addressBytes === 2) cpu.state.setReg16(n, value)
  else cpu.state.setReg32(n, value >>> 0)
}

function accumulator(cpu: Cpu, bytes: Bytes): number {
  return bytes === 1 ? cpu.state.reg8(EAX) : bytes === 2 ? cpu.state.reg16(EAX) : cpu.state.reg32(EAX)
}

const readElement = (cpu: Cpu, segment: number, offset: number, bytes: Bytes): number =>
  cpu.access.read(segment, offset, bytes)

/** Sets flags as CMP a, b does. */
function compareFlags(cpu: Cpu, a: number, b: number, bytes: Bytes): void {
  const shift = 32 - bytes * 8
  const r = (a - b) | 0
  const borrow = (~a & b) | (~(a ^ b) & r)
  cpu.state.i32[L.FLAGS_RESULT >> 2] = (r << shift) >> shift
  cpu.state.i32[L.FLAGS_AUX >> 2] = (borrow & 8) | ((borrow << shift) & 0xc000_0000)
}

/** One iteration: moves the pointers that it uses; returns whether a comparison ended the repetition. */
type Step = (cpu: Cpu, segment: number, bytes: Bytes, address: number, delta: number) => void
/** Several iterations at once where nothing can go wrong; returns how many were done. */
type Bulk = (cpu: Cpu, segment: number, bytes: Bytes, address: number, count: number) => number

/** Host address of `bytes` at `offset` if it is plain memory that allows the access without a fault; else -1. */
function hostOf(cpu: Cpu, segment: number, offset: number, write: boolean): number {
  const { u32 } = cpu.state
  if (offset >= u32[(segment + (write ? L.SEG_WRITE_END : L.SEG_READ_END)) >> 2]) return -1
  const linear = (offset + u32[(segment + L.SEG_BASE) >> 2]) >>> 0
  const entry = (u32[L.TLB >> 2] + ((linear >>> 8) & 0x1_fff0)) >> 2
  const words = cpu.map.memory.i32
  if (words[entry + (write ? 1 : 0)] !== (linear & 0xffff_f000)) return -1
  return (linear + words[entry + 2]) >>> 0
}

/** How many elements from `offset` lie in its page and below the segment's end, going up. */
function room(cpu: Cpu, segment: number, offset: number, bytes: number, address: number): number {
  const linear = (offset + cpu.state.u32[(segment + L.SEG_BASE) >> 2]) >>> 0
  const toPage = 0x1000 - (linear & 0xfff)
  const limit = cpu.state.segmentLimit((segment - L.SEGMENTS) / L.SEGMENT_BYTES)
  const toEnd = Math.min(limit, address === 2 ? 0xffff : 0xffff_ffff) - offset + 1
  return Math.floor(Math.min(toPage, toEnd) / bytes)
}

const moveStep: Step = (cpu, segment, bytes, address, delta) => {
  const si = index(cpu, ESI, address)
  const di = index(cpu, EDI, address)
  cpu.access.write(ES_AT, di, bytes, readElement(cpu, segment, si, bytes))
  setIndex(cpu, ESI, address, si + delta)
  setIndex(cpu, EDI, address, di + delta)
}

const moveBulk: Bulk = (cpu, segment, bytes, address, count) => {
  const si = index(cpu, ESI, address)
  const di = index(cpu, EDI, address)
  const from = hostOf(cpu, segment, si, false)
  const to = hostOf(cpu, ES_AT, di, true)
  if (from < 0 || to < 0) return 0
  const n = Math.min(count, room(cpu, segment, si, bytes, address), room(cpu, ES_AT, di, bytes, address))
  const length = n * bytes
  // Closer than one element, an element overwrites what the next one reads part of: step by step.
  if (n <= 0 || (to > from && to < from + bytes)) return 0
  const memory = cpu.map.memory.u8
  // An overlapping move upwards repeats what it has just written: byte by byte in the architectural order.
  if (to > from && to < from + length) for (let i = 0; i < length; i++) memory[to + i] = memory[from + i]
  else memory.copyWithin(to, from, from + length)
  setIndex(cpu, ESI, address, si + length)
  setIndex(cpu, EDI, address, di + length)
  return n
}

const storeStep: Step = (cpu, _segment, bytes, address, delta) => {
  const di = index(cpu, EDI, address)
  cpu.access.write(ES_AT, di, bytes, accumulator(cpu, bytes))
  setIndex(cpu, EDI, address, di + delta)
}

const storeBulk: Bulk = (cpu, _segment, bytes, address, count) => {
  const di = index(cpu, EDI, address)
  const to = hostOf(cpu, ES_AT, di, true)
  if (to < 0) return 0
  const n = Math.min(count, room(cpu, ES_AT, di, bytes, address))
  if (n <= 0) return 0
  const { memory } = cpu.map
  const value = accumulator(cpu, bytes)
  if (bytes === 1) memory.u8.fill(value, to, to + n)
  else if (bytes === 4 && !(to & 3)) memory.u32.fill(value, to >> 2, (to >> 2) + n)
  else
    for (let i = 0; i < n; i++) {
      if (bytes === 2) memory.view.setUint16(to + i * 2, value, true)
      else memory.view.setUint32(to + i * 4, value, true)
    }
  setIndex(cpu, EDI, address, di + n * bytes)
  return n
}

const loadStep: Step = (cpu, segment, bytes, address, delta) => {
  const si = index(cpu, ESI, address)
  const value = readElement(cpu, segment, si, bytes)
  if (bytes === 1) cpu.state.setReg8(EAX, value)
  else if (bytes === 2) cpu.state.setReg16(EAX, value)
  else cpu.state.setReg32(EAX, value)
  setIndex(cpu, ESI, address, si + delta)
}

const compareStep: Step = (cpu, segment, bytes, address, delta) => {
  const si = index(cpu, ESI, address)
  const di = index(cpu, EDI, address)
  const a = readElement(cpu, segment, si, bytes)
  const b = readElement(cpu, ES_AT, di, bytes)
  compareFlags(cpu, a, b, bytes)
  setIndex(cpu, ESI, address, si + delta)
  setIndex(cpu, EDI, address, di + delta)
}

const scanStep: Step = (cpu, _segment, bytes, address, delta) => {
  const di = index(cpu, EDI, address)
  compareFlags(cpu, accumulator(cpu, bytes), readElement(cpu, ES_AT, di, bytes), bytes)
  setIndex(cpu, EDI, address, di + delta)
}

/** Scans bytes within a page for (REPNE) or past (REPE) the accumulator, and stops before the one that decides. */
const scanBulk =
  (repeatWhileEqual: boolean): Bulk =>
  (cpu, _segment, bytes, address, count) => {
    const di = index(cpu, EDI, address)
    const from = hostOf(cpu, ES_AT, di, false)
    if (from < 0) return 0
    const most = Math.min(count, room(cpu, ES_AT, di, bytes, address)) - 1
    if (most <= 0) return 0
    const { memory } = cpu.map
    const value = accumulator(cpu, bytes)
    let n = 0
    if (bytes === 1) while (n < most && (memory.u8[from + n] === value) === repeatWhileEqual) n++
    else if (bytes === 2)
      while (n < most && (memory.view.getUint16(from + n * 2, true) === value) === repeatWhileEqual) n++
    else while (n < most && (memory.view.getUint32(from + n * 4, true) === value) === repeatWhileEqual) n++
    if (n === 0) return 0
    compareFlags(cpu, value, readElement(cpu, ES_AT, di + (n - 1) * bytes, bytes), bytes)
    setIndex(cpu, EDI, address, di + n * bytes)
    return n
  }

const inputStep: Step = (cpu, _segment, bytes, address, delta) => {
  const di = index(cpu, EDI, address)
  const port = cpu.state.reg16(EDX)
  checkPorts(cpu, port, bytes)
  // The destination is checked before the port is read: reading it may have effects.
  cpu.access.probe(ES_AT, di, bytes, false)
  cpu.access.write(ES_AT, di, bytes, readPort(cpu, port, bytes))
  setIndex(cpu, EDI, address, di + delta)
}

const outputStep: Step = (cpu, segment, bytes, address, delta) => {
  const si = index(cpu, ESI, address)
  const port = cpu.state.reg16(EDX)
  checkPorts(cpu, port, bytes)
  writePort(cpu, port, bytes, readElement(cpu, segment, si, bytes))
  setIndex(cpu, ESI, address, si + delta)
}

/**
 * Runs a string instruction. Returns with EIP at the next instruction, or back at this one when it is to go on later.
 * `repeat`: 0, 0xf3 or 0xf2; `compares`: the repetition also ends on ZF.
 */
function runString(
  cpu: Cpu,
  step: Step,
  bulk: Bulk | undefined,
  compares: boolean,
  segment: number,
  bytes: Bytes,
  address: number,
  repeat: number,
): void {
  const { state } = cpu
  const down = (state.u32[L.EFLAGS >> 2] & DF) !== 0
  const delta = down ? -bytes : bytes
  if (!repeat) {
    step(cpu, segment, bytes, address, delta)
    state.eip = state.u32[L.NEXT_EIP >> 2]
    return
  }
  let left = index(cpu, ECX, address)
  let done = 0
  while (left > 0 && done < MOST) {
    const many = bulk && !down && left > 1 ? bulk(cpu, segment, bytes, address, left) : 0
    if (many > 0) {
      left -= many
      // A page at a time costs about as much as a few single steps do.
      done += 16
    } else {
      step(cpu, segment, bytes, address, delta)
      left--
      done++
    }
    setIndex(cpu, ECX, address, left)
    if (many === 0 && compares && (state.i32[L.FLAGS_RESULT >> 2] === 0) !== (repeat === 0xf3)) {
      left = 0
      break
    }
    if (state.i32[L.BUDGET >> 2] <= 0 && left > 0) break
  }
  cpu.consume(done)
  if (left === 0) state.eip = state.u32[L.NEXT_EIP >> 2]
}

/** (segment of the source, element bytes, address bytes, repeat) */
const stringPath = (name: string, step: Step, bulk?: Bulk, front?: Front, compares = false) =>
  slowPath(
    name,
    4,
    (cpu, segment, bytes, address, repeat) =>
      runString(cpu, step, bulk, compares, segment, bytes as Bytes, address, repeat),
    front,
  )

export const moveString = stringPath('movs', moveStep, moveBulk, moveFront)
export const storeString = stringPath('stos', storeStep, storeBulk, storeFront)
export const loadString = stringPath('lods', loadStep, undefined, loadFront)
export const compareString = stringPath('cmps', compareStep, undefined, compareFront, true)
export const inputString = stringPath('ins', inputStep)
export const outputString = stringPath('outs', outputStep)
export const scanString = slowPath(
  'scas',
  4,
  (cpu, segment, bytes, address, repeat) =>
    runString(cpu, scanStep, scanBulk(repeat === 0xf3), true, segment, bytes as Bytes, address, repeat),
  scanFront,
)
