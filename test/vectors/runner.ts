/** Runs instruction vectors on our processor: flat 32-bit segments, CPL 3, code at 0x400800, data at 0x500100. */
import { PortBus } from '../../core/bus/port-bus.ts'
import { Cpu } from '../../core/cpu/exec/cpu.ts'
import { buildInterpreterImage } from '../../core/cpu/exec/image.ts'
import { CPU_PROFILES } from '../../core/cpu/exec/profiles.ts'
import * as L from '../../core/cpu/state/layout.ts'
import { AddressMap } from '../../core/memory/address-map.ts'
import { GuestMemory } from '../../core/memory/guest-memory.ts'
import { plainCpuHost } from '../support/cpu-host.ts'
import type { FpuVector, Vector } from './vector.ts'

const CODE = 0x40_0800
const DATA = 0x50_0100
const RAM_BYTES = 8 << 20
const STATUS = 0xcd5
const TOP_MASK = 0x3800
/** C1 of the x87 status word. */
const ROUNDED_UP = 0x200

const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')

export class VectorRunner {
  readonly cpu: Cpu
  readonly #memory: GuestMemory

  constructor(engine: 'interpreter' | 'compiler' = 'interpreter') {
    this.#memory = new GuestMemory(RAM_BYTES, 1 << 16)
    const map = new AddressMap(this.#memory)
    map.mapMemory(0, RAM_BYTES, this.#memory.ramBase, true)
    this.cpu = new Cpu(buildInterpreterImage(), map, new PortBus(), plainCpuHost(), CPU_PROFILES.max, {
      // The compiler at the first execution of everything.
      hotExecutions: engine === 'compiler' ? 1 : 0,
    })
  }

  #prepare(vector: Vector): void {
    const { cpu } = this
    const { state } = cpu
    const { ram } = this.#memory
    state.u32[L.CR0 >> 2] = 0x31
    state.u32[L.CR4 >> 2] = 0x600
    for (let s = 0; s < 6; s++)
      state.setSegment(s, s === L.CS ? 0x23 : 0x2b, 0, 0xffff_ffff, s === L.CS ? 0xc0_fb00 : 0xc0_f300)
    state.u32[L.CPL >> 2] = 3
    for (const [n, value] of vector.in.r.entries()) state.setReg32(n, value)
    state.eflags = vector.in.f
    state.eip = CODE
    ram.fill(0, DATA & ~0xfff, (DATA & ~0xfff) + 0x1000)
    if (vector.in.mem) ram.set(bytesOf(vector.in.mem), DATA)
    const code = bytesOf(vector.code)
    ram.fill(0, CODE, CODE + 32)
    ram.set(code, CODE)
    cpu.blocks.flush()
    this.#setFpu(vector.in.fx ?? {})
    cpu.updateMode()
  }

  #setFpu(fx: FpuVector): void {
    const { state } = this.cpu
    const sw = fx.sw ?? 0
    const top = (sw & TOP_MASK) >> 11
    const tw = fx.tw ?? 0
    state.u32[L.FPU_CONTROL >> 2] = fx.cw ?? 0x37f
    state.u32[L.FPU_STATUS >> 2] = sw & ~TOP_MASK
    state.u32[L.FPU_TOP >> 2] = top
    state.u32[L.MXCSR >> 2] = fx.mxcsr ?? 0x1f80
    for (let i = 0; i < 8; i++) {
      const physical = (top + i) & 7
      const at = L.fpuRegisterOffset(physical)
      state.u8.fill(0, at, at + 16)
      state.u8.set(bytesOf(fx.st?.[i] ?? ''), at)
      state.u8.fill(0, L.xmmOffset(i), L.xmmOffset(i) + 16)
      state.u8.set(bytesOf(fx.xmm?.[i] ?? ''), L.xmmOffset(i))
    }
    state.u32[L.FPU_TAGS >> 2] = tw
  }

  #fpu(): Required<FpuVector> {
    const { state } = this.cpu
    const word = (offset: number) => state.u32[offset >> 2] ?? 0
    const top = word(L.FPU_TOP)
    const register = (at: number, count: number) => hexOf(state.u8.slice(at, at + count))
    const eight = Array.from({ length: 8 }, (_, i) => i)
    return {
      cw: word(L.FPU_CONTROL),
      sw: (word(L.FPU_STATUS) & ~TOP_MASK) | (top << 11),
      tw: word(L.FPU_TAGS),
      mxcsr: word(L.MXCSR),
      st: eight.map((i) => register(L.fpuRegisterOffset((top + i) & 7), 10)),
      xmm: eight.map((i) => register(L.xmmOffset(i), 16)),
    }
  }

  /** Executes one vector; returns what differs, or undefined when everything is as on the real processor. */
  run(vector: Vector): string | undefined {
    this.#prepare(vector)
    const { cpu } = this
    const { state } = cpu
    let fault = cpu.executeOne()
    // A repeated string instruction may stop between iterations; EIP stays on it then.
    while (!fault && state.eip === CODE && vector.op.includes('string')) fault = cpu.executeOne()
    const wrong: string[] = []
    const hex = (n: number | undefined) => (n === undefined ? 'none' : `0x${(n >>> 0).toString(16)}`)
    const trap = fault?.vector
    if (trap !== vector.out.trap) wrong.push(`trap ${trap} instead of ${vector.out.trap}`)
    vector.in.r.forEach((before, n) => {
      const want = (vector.out.r?.[n] ?? before) >>> 0
      if (state.reg32(n) !== want) wrong.push(`r${n} ${hex(state.reg32(n))} instead of ${hex(want)}`)
    })
    if (vector.out.f !== undefined) {
      const mask = STATUS & ~(vector.undef ?? 0)
      if ((state.eflags & mask) !== (vector.out.f & mask))
        wrong.push(`flags ${hex(state.eflags & mask)} instead of ${hex(vector.out.f & mask)}`)
    }
    if (trap === undefined && vector.out.trap === undefined) {
      const length = vector.out.eip ?? vector.code.length / 2
      if (state.eip !== (CODE + length) >>> 0) wrong.push(`eip +${state.eip - CODE} instead of +${length}`)
    }
    this.#compareMemory(vector, wrong)
    this.#compareFpu(vector, wrong)
    return wrong.length ? wrong.join('; ') : undefined
  }

  #compareMemory(vector: Vector, wrong: string[]): void {
    const want = new Uint8Array(0x1000)
    if (vector.in.mem) want.set(bytesOf(vector.in.mem), 0x100)
    if (vector.out.mem) want.set(bytesOf(vector.out.mem[1]), 0x100 + vector.out.mem[0])
    const page = this.#memory.ram.subarray(DATA & ~0xfff, (DATA & ~0xfff) + 0x1000)
    const first = want.findIndex((b, i) => page[i] !== b)
    if (first < 0) return
    if (
      vector.tol &&
      within(
        hexOf(page.slice(first & ~15, (first & ~15) + 16)),
        hexOf(want.slice(first & ~15, (first & ~15) + 16)),
        vector.tol,
      )
    )
      return
    wrong.push(
      `memory +${first - 0x100}: ${hexOf(page.slice(first, first + 16))} instead of ${hexOf(want.slice(first, first + 16))}`,
    )
  }

  #compareFpu(vector: Vector, wrong: string[]): void {
    const got = this.#fpu()
    const before = vector.in.fx ?? {}
    const after = vector.out.fx ?? {}
    const plain: [keyof FpuVector, number][] = [
      ['cw', 0x37f],
      ['sw', 0],
      ['tw', 0],
      ['mxcsr', 0x1f80],
    ]
    // C1 tells which way a result was rounded: not to be expected where the result itself may differ.
    const free = vector.tol ? ROUNDED_UP : 0
    for (const [key, initial] of plain) {
      const want = (after[key] ?? before[key] ?? initial) as number
      const ignored = key === 'sw' ? free : 0
      if (((got[key] as number) & ~ignored) !== (want & ~ignored))
        wrong.push(`${key} ${hex4(got[key] as number)} instead of ${hex4(want)}`)
    }
    for (const key of ['st', 'xmm'] as const) {
      const want = after[key] ?? before[key]
      if (!want) continue
      want.forEach((value, i) => {
        const mine = got[key][i] ?? ''
        if (mine !== value && !(vector.tol && within(mine, value, vector.tol)))
          wrong.push(`${key}${i} ${mine} instead of ${value}`)
      })
    }
  }
}

const hex4 = (n: number): string => `0x${n.toString(16)}`

/** Whether two results agree within `tol`: units in the last place of an 80-bit number, or for negative `tol` relative 1.5 × 2^tol of floats. */
function within(a: string, b: string, tol: number): boolean {
  if (a.length === 20) {
    // Without the integer bit neighbours differ by one, also across a power of two.
    const value = (hex: string) => {
      const whole = BigInt(`0x${(hex.match(/../g) ?? []).reverse().join('')}`)
      return ((whole >> 64n) << 63n) | BigInt.asUintN(63, whole)
    }
    const difference = value(a) - value(b)
    return difference <= BigInt(tol) && difference >= -BigInt(tol)
  }
  const floats = (hex: string) => new Float32Array(bytesOf(hex).buffer)
  const x = floats(a)
  const y = floats(b)
  return x.every((v, i) => {
    const w = y[i] as number
    return Object.is(v, w) || (Number.isNaN(v) && Number.isNaN(w)) || Math.abs(v - w) <= Math.abs(w) * 1.5 * 2 ** tol
  })
}
