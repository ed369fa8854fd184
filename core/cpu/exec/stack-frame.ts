/**
 * Pushes of a far transfer, on the present stack or on one of an inner privilege. Everything that can fault happens before
 * `commit`, so that a fault leaves stack pointer and segments as they were.
 */
import * as L from '../state/layout.ts'
import type { Cpu } from './cpu.ts'
import type { Descriptor } from './segments.ts'
import {
  attributesOf,
  baseOf,
  checkStackSegment,
  limitOf,
  markAccessed,
  SS_FAULT,
  setFromDescriptor,
  TS_FAULT,
} from './segments.ts'

export class StackFrame {
  readonly #cpu: Cpu
  readonly #base: number
  readonly #limit: number
  readonly #attributes: number
  readonly #mask: number
  readonly #system: boolean
  /** Error code of stack faults: 0 on the present stack, the new selector otherwise; and the EXT bit. */
  readonly #error: number
  readonly #descriptor: Descriptor | undefined
  #sp: number

  private constructor(
    cpu: Cpu,
    segment: {
      base: number
      limit: number
      attributes: number
      sp: number
      system: boolean
      error: number
      descriptor?: Descriptor
    },
  ) {
    this.#cpu = cpu
    this.#base = segment.base
    this.#limit = segment.limit
    this.#attributes = segment.attributes
    this.#mask = segment.attributes & 0x40_0000 ? -1 : 0xffff
    this.#sp = segment.sp
    this.#system = segment.system
    this.#error = segment.error
    this.#descriptor = segment.descriptor
  }

  /** The present stack. */
  static current(cpu: Cpu, external = 0): StackFrame {
    const { state } = cpu
    return new StackFrame(cpu, {
      base: state.segmentBase(L.SS),
      limit: state.segmentLimit(L.SS),
      attributes: state.segmentAttributes(L.SS),
      sp: state.reg32(4),
      system: state.cpl < 3,
      error: external,
    })
  }

  /** The stack that the present TSS has for privilege `cpl` (SDM vol 3A, 5.8.5). */
  static fromTss(cpu: Cpu, cpl: number, external = 0): StackFrame {
    const { state } = cpu
    const tr = state.selector(L.TR)
    const base = state.segmentBase(L.TR)
    const wide = (state.segmentAttributes(L.TR) & 0x800) !== 0
    const at = wide ? 4 + cpl * 8 : 2 + cpl * 4
    if (at + (wide ? 7 : 3) > state.segmentLimit(L.TR)) cpu.raise(TS_FAULT, (tr & 0xfffc) | external)
    const sp = cpu.readSystem(base + at, wide ? 4 : 2)
    const selector = cpu.readSystem(base + at + (wide ? 4 : 2), 2)
    // Marked now: nothing may fault any more once registers change.
    const descriptor = markAccessed(cpu, checkStackSegment(cpu, selector, cpl, TS_FAULT, external))
    return new StackFrame(cpu, {
      base: baseOf(descriptor),
      limit: limitOf(descriptor),
      attributes: attributesOf(descriptor),
      sp,
      system: cpl < 3,
      error: (selector & 0xfffc) | external,
      descriptor,
    })
  }

  push(value: number, size: number): void {
    const sp = ((this.#sp - size) & this.#mask) >>> 0
    const last = sp + size - 1
    const expandDown = (this.#attributes & 0xc00) === 0x400
    const ok = expandDown
      ? sp > this.#limit && last <= (this.#attributes & 0x40_0000 ? 0xffff_ffff : 0xffff)
      : last <= this.#limit
    if (!ok) this.#cpu.raise(SS_FAULT, this.#error)
    this.#cpu.access.writeLinear(
      (this.#base + sp) >>> 0,
      size as 2 | 4,
      size === 2 ? value & 0xffff : value >>> 0,
      this.#system,
    )
    this.#sp = ((this.#sp & ~this.#mask) | sp) >>> 0
  }

  /** Loads SS with the new stack's segment at privilege `cpl`. */
  loadSegment(cpl: number): void {
    const d = this.#descriptor
    if (d) setFromDescriptor(this.#cpu, L.SS, (d.selector & 0xfffc) | cpl, d)
  }

  /** Sets the stack pointer. */
  commit(): void {
    const { state } = this.#cpu
    if (this.#mask === -1 || this.#descriptor)
      state.setReg32(4, this.#mask === -1 ? this.#sp : ((state.reg32(4) & 0xffff_0000) | (this.#sp & 0xffff)) >>> 0)
    else state.setReg16(4, this.#sp)
  }
}
