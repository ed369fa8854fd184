/**
 * One call of a firmware service: the caller's registers and flags, its memory, and the steps that a service cannot take
 * alone.
 *
 * Services run between two guest instructions. In real mode they reach ports and memory directly. In virtual-8086 mode a
 * monitor (EMM386, Windows) may trap ports and page memory, and must see every access as an instruction of its guest: there
 * the service suspends (it is a generator), ROM code executes the one instruction, and a trap resumes it.
 */
import * as L from '../cpu/state/layout.ts'
import type { FirmwareMachine } from './machine.ts'
import { TRAP_BYTES } from './trap.ts'

/** What the guest's instruction stream does for a suspended service. */
export type Step =
  | { readonly kind: 'in'; readonly port: number; readonly size: 1 | 2 | 4 }
  | { readonly kind: 'out'; readonly port: number; readonly size: 1 | 2 | 4; readonly value: number }
  | { readonly kind: 'touch'; readonly address: number; readonly write: boolean }
  | { readonly kind: 'pause' }

/** A service in progress. What a step yields back is the value read, where there is one. */
export type Steps<Result = void> = Generator<Step, Result, number>

/** Segment registers by their number in the state layout. */
export const { ES, SS, DS } = L

/** Bits of the caller's FLAGS. */
export const CARRY = 1
const ZERO = 0x40

/** A service: one that finishes at once, or takes steps. */
export type Run = ((call: Call) => Steps) | ((call: Call) => void)

/** A row of the service catalogue: what runs, and whether an interrupt frame (IP, CS, FLAGS) is on top of the stack then. */
export interface ServiceEntry {
  readonly run: Run
  readonly frame: boolean
}

/** The registers at entry, to be changed in place; the dispatcher writes them back when the service is done. */
export class Call {
  readonly machine: FirmwareMachine
  readonly vm86: boolean
  eax: number
  ecx: number
  edx: number
  ebx: number
  ebp: number
  esi: number
  edi: number
  /** The caller's FLAGS, from the interrupt frame at SS:SP (zero for services that have none). */
  flags = 0
  /** Where execution goes on, as an offset in CS. */
  eip: number
  /** CF that the ROM code after the trap sees. */
  romCarry = false
  /** ES that the caller gets back, when the service returns one. */
  returnEs: number | undefined
  /** Set by `wait`: registers stay as they were, and ROM code halts and calls again. */
  waiting = false

  readonly #entry: readonly [number, number, number, number, number, number, number, number]

  constructor(machine: FirmwareMachine) {
    const { cpu } = machine
    this.machine = machine
    this.vm86 = cpu.vm86
    this.eax = cpu.reg32(0)
    this.ecx = cpu.reg32(1)
    this.edx = cpu.reg32(2)
    this.ebx = cpu.reg32(3)
    this.ebp = cpu.reg32(5)
    this.esi = cpu.reg32(6)
    this.edi = cpu.reg32(7)
    this.eip = cpu.eip
    this.#entry = [this.eax, this.ecx, this.edx, this.ebx, this.ebp, this.esi, this.edi, this.eip - TRAP_BYTES]
  }

  /** Back to before the call: registers as they were, the trap as the next instruction. */
  rewind(): void {
    ;[this.eax, this.ecx, this.edx, this.ebx, this.ebp, this.esi, this.edi, this.eip] = this.#entry
  }

  get al(): number {
    return this.eax & 0xff
  }
  set al(value: number) {
    this.eax = ((this.eax & ~0xff) | (value & 0xff)) >>> 0
  }
  get ah(): number {
    return (this.eax >>> 8) & 0xff
  }
  set ah(value: number) {
    this.eax = ((this.eax & ~0xff00) | ((value & 0xff) << 8)) >>> 0
  }
  get ax(): number {
    return this.eax & 0xffff
  }
  set ax(value: number) {
    this.eax = ((this.eax & ~0xffff) | (value & 0xffff)) >>> 0
  }
  get cl(): number {
    return this.ecx & 0xff
  }
  set cl(value: number) {
    this.ecx = ((this.ecx & ~0xff) | (value & 0xff)) >>> 0
  }
  get ch(): number {
    return (this.ecx >>> 8) & 0xff
  }
  set ch(value: number) {
    this.ecx = ((this.ecx & ~0xff00) | ((value & 0xff) << 8)) >>> 0
  }
  get cx(): number {
    return this.ecx & 0xffff
  }
  set cx(value: number) {
    this.ecx = ((this.ecx & ~0xffff) | (value & 0xffff)) >>> 0
  }
  get dl(): number {
    return this.edx & 0xff
  }
  set dl(value: number) {
    this.edx = ((this.edx & ~0xff) | (value & 0xff)) >>> 0
  }
  get dh(): number {
    return (this.edx >>> 8) & 0xff
  }
  set dh(value: number) {
    this.edx = ((this.edx & ~0xff00) | ((value & 0xff) << 8)) >>> 0
  }
  get dx(): number {
    return this.edx & 0xffff
  }
  set dx(value: number) {
    this.edx = ((this.edx & ~0xffff) | (value & 0xffff)) >>> 0
  }
  get bl(): number {
    return this.ebx & 0xff
  }
  set bl(value: number) {
    this.ebx = ((this.ebx & ~0xff) | (value & 0xff)) >>> 0
  }
  get bh(): number {
    return (this.ebx >>> 8) & 0xff
  }
  set bh(value: number) {
    this.ebx = ((this.ebx & ~0xff00) | ((value & 0xff) << 8)) >>> 0
  }
  get bx(): number {
    return this.ebx & 0xffff
  }
  set bx(value: number) {
    this.ebx = ((this.ebx & ~0xffff) | (value & 0xffff)) >>> 0
  }
  get bp(): number {
    return this.ebp & 0xffff
  }
  set bp(value: number) {
    this.ebp = ((this.ebp & ~0xffff) | (value & 0xffff)) >>> 0
  }
  get si(): number {
    return this.esi & 0xffff
  }
  set si(value: number) {
    this.esi = ((this.esi & ~0xffff) | (value & 0xffff)) >>> 0
  }
  get di(): number {
    return this.edi & 0xffff
  }
  set di(value: number) {
    this.edi = ((this.edi & ~0xffff) | (value & 0xffff)) >>> 0
  }

  /** CF that the caller sees after IRET. */
  set carry(on: boolean) {
    this.flags = on ? this.flags | CARRY : this.flags & ~CARRY
  }
  /** ZF that the caller sees after IRET. */
  set zero(on: boolean) {
    this.flags = on ? this.flags | ZERO : this.flags & ~ZERO
  }

  selector(segment: number): number {
    return this.machine.cpu.selector(segment)
  }

  /** Linear address of segment:offset, the offset taken as 16 bits. */
  linear(segment: number, offset: number): number {
    return (this.machine.cpu.segmentBase(segment) + (offset & 0xffff)) >>> 0
  }

  /** Ends the service without result: ROM code waits for an interrupt and calls it again. Registers must be as at entry. */
  wait(): void {
    this.waiting = true
  }

  /** Has ROM code call the service again at once (it traps at the instruction that called it). */
  repeat(): void {
    this.eip -= TRAP_BYTES
  }

  /** Makes `length` bytes accessible: afterwards, and until the next step, they can be accessed without a fault. */
  *touch(address: number, length: number, write: boolean): Steps {
    while (this.vm86 && length > 0) {
      const fault = this.machine.probeLinear(address, length, write)
      if (fault < 0) return
      yield { kind: 'touch', address: fault, write }
    }
  }

  *in8(port: number): Steps<number> {
    if (!this.vm86) return this.machine.ports.read8(port)
    return (yield { kind: 'in', port, size: 1 }) & 0xff
  }

  *in16(port: number): Steps<number> {
    if (!this.vm86) return this.machine.ports.read16(port)
    return (yield { kind: 'in', port, size: 2 }) & 0xffff
  }

  *in32(port: number): Steps<number> {
    if (!this.vm86) return this.machine.ports.read32(port)
    return (yield { kind: 'in', port, size: 4 }) >>> 0
  }

  *out8(port: number, value: number): Steps {
    if (!this.vm86) this.machine.ports.write8(port, value & 0xff)
    else yield { kind: 'out', port, size: 1, value: value & 0xff }
  }

  *out16(port: number, value: number): Steps {
    if (!this.vm86) this.machine.ports.write16(port, value & 0xffff)
    else yield { kind: 'out', port, size: 2, value: value & 0xffff }
  }

  *out32(port: number, value: number): Steps {
    if (!this.vm86) this.machine.ports.write32(port, value >>> 0)
    else yield { kind: 'out', port, size: 4, value: value >>> 0 }
  }

  /**
   * Lets the guest's time pass, some microseconds a step, until `done` yields true. Returns false when `timeoutNs` have passed
   * first. Interrupts stay as the caller had them.
   */
  *until(done: () => Steps<boolean> | boolean, timeoutNs: number): Steps<boolean> {
    const deadlineNs = this.machine.clock.nowNs() + timeoutNs
    for (;;) {
      const result = done()
      if (typeof result === 'boolean' ? result : yield* result) return true
      if (this.machine.clock.nowNs() >= deadlineNs) return false
      yield { kind: 'pause' }
    }
  }
}
