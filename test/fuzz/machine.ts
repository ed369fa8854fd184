/** The fuzzer's little machine: a processor with RAM, a device in memory and on ports, and the tables that programs run under. */
import { PortBus } from '../../core/bus/port-bus.ts'
import { Cpu } from '../../core/cpu/exec/cpu.ts'
import { buildInterpreterImage } from '../../core/cpu/exec/image.ts'
import { CPU_PROFILES } from '../../core/cpu/exec/profiles.ts'
import * as L from '../../core/cpu/state/layout.ts'
import { AddressMap } from '../../core/memory/address-map.ts'
import { GuestMemory } from '../../core/memory/guest-memory.ts'
import { ROM_BASE } from '../../core/memory/layout.ts'
import { plainCpuHost } from '../support/cpu-host.ts'
import { lateRegionThread } from '../support/late-region-thread.ts'
import { Random } from '../support/random.ts'
import type { CodeItem } from './code-writer.ts'
import { protectedHandlers, realHandlers } from './handlers.ts'
import * as M from './layout.ts'
import type { Program } from './program.ts'

const image = buildInterpreterImage()
const PROTECTED = protectedHandlers()
const REAL = realHandlers()

/** Interrupts asserted between slices: after so many instructions, the vector. */
export interface Slice {
  readonly budget: number
  readonly vector: number | undefined
}

const NOP = 0x90

export class FuzzMachine {
  readonly cpu: Cpu
  readonly memory: GuestMemory
  readonly map: AddressMap
  /** A sum over everything devices saw, with the instruction counts they saw it at. */
  seen = 0
  shutdowns = 0
  #pending: number | undefined
  #began = 0
  #answers = 0

  /** `late`: code is compiled elsewhere, and comes later. */
  constructor(hotExecutions: number, late = false) {
    this.memory = new GuestMemory(M.RAM_BYTES, 1 << 16)
    this.map = new AddressMap(this.memory)
    this.map.mapMemory(0, M.RAM_BYTES, this.memory.ramBase, true)
    this.map.mapMemory(M.ROM, 0x1000, ROM_BASE, false)
    this.map.mapMmio(M.MMIO, 0x1000, {
      read: (gpa, size) => this.#answer(gpa, size),
      write: (gpa, size, value) => this.#take(gpa, size, value),
    })
    const ports = new PortBus()
    ports.register(0x60, 16, {
      read8: (port) => this.#answer(port, 1),
      write8: (port, value) => this.#take(port, 1, value),
    })
    this.cpu = new Cpu(
      image,
      this.map,
      ports,
      plainCpuHost({
        acknowledgeInterrupt: () => {
          const vector = this.#pending ?? 0x2f
          this.#pending = undefined
          return vector
        },
        interruptPending: () => this.#pending !== undefined,
        numericError: () => this.#note(0xfe),
        timeStamp: () => this.instructions * 3,
        shutdown: () => {
          this.shutdowns++
          this.cpu.stopSlice()
        },
      }),
      CPU_PROFILES.max,
      { hotExecutions, thread: late ? (memory) => lateRegionThread(memory, image.forms) : undefined },
    )
  }

  /** Instructions since the program was loaded. */
  get instructions(): number {
    return this.cpu.instructions - this.#began
  }

  #note(value: number): void {
    this.seen = (Math.imul(this.seen ^ value, 0x0100_0193) + this.instructions) | 0
  }

  #answer(at: number, size: number): number {
    this.#note(at * 8 + size)
    this.#answers = (Math.imul(this.#answers, 1_664_525) + 1_013_904_223) | 0
    return (this.#answers >>> 8) & (size === 4 ? -1 : (1 << (size * 8)) - 1)
  }

  #take(at: number, size: number, value: number): void {
    this.#note(at * 8 + size)
    this.#note(value)
    // Some writes make the device ask for attention at once.
    if ((value & 7) === 3) this.interrupt(0x21)
  }

  interrupt(vector: number): void {
    this.#pending = vector
    this.cpu.interruptChanged()
  }

  /** Prepares everything for `program`; `removed` instructions are replaced by NOPs. */
  load(program: Program, seed: number, removed: ReadonlySet<CodeItem> = new Set()): void {
    const random = new Random(seed)
    const { ram } = this.memory
    ram.fill(0)
    this.memory.rom.fill(0x5a, 0, 0x1000)
    this.seen = 0
    this.shutdowns = 0
    this.#pending = undefined
    this.#answers = seed
    this.#began = this.cpu.instructions
    // Data whose floating-point values are ordinary as often as they are odd.
    const data = new DataView(ram.buffer, ram.byteOffset)
    for (let at = M.SPARE; at < M.DATA + M.DATA_BYTES; at += 8) {
      const kind = random.below(4)
      if (kind === 0) data.setFloat64(at, (random.next() - 2 ** 31) / 2 ** random.below(40), true)
      else if (kind === 1) {
        data.setFloat32(at, random.next() / 2 ** 20 - 1000, true)
        data.setFloat32(at + 4, random.below(1000) - 500, true)
      } else {
        data.setUint32(at, random.next(), true)
        data.setUint32(at + 4, kind === 2 ? random.next() : random.below(100), true)
      }
    }
    ram.set(PROTECTED.code, M.HANDLERS)
    ram.set(REAL.code, M.REAL_HANDLERS)
    for (const item of program.items) {
      if (!removed.has(item)) {
        ram.set(item.bytes, item.at)
        ram[M.LENGTHS + (item.at & 0x3fff)] = item.bytes.length
      } else {
        ram.fill(NOP, item.at, item.at + item.bytes.length)
        ram.fill(1, M.LENGTHS + (item.at & 0x3fff), M.LENGTHS + (item.at & 0x3fff) + item.bytes.length)
      }
    }
    for (const [i, at] of program.targets.entries())
      data.setUint32(M.TARGETS + i * 4, at - program.setting.codeBase, true)
    this.#tables(data, random)
    data.setUint32(M.RESTART_EIP, program.entry - program.setting.codeBase, true)
    data.setUint32(M.CODE_WINDOW, (M.CODE - program.setting.codeBase) >>> 14, true)
    data.setUint32(M.TRACE_COUNT, random.below(12), true)
    data.setUint32(M.REPAIRS, random.below(2), true)
    this.cpu.blocks.flush()
    this.cpu.reset()
    this.#registers(program, data, random)
    this.cpu.updateMode()
    this.cpu.flushTlb()
  }

  #tables(data: DataView, random: Random): void {
    const descriptor = (selector: number, base: number, limit: number, access: number, flags: number) => {
      const at = M.GDT + (selector & ~7)
      data.setUint32(at, (limit & 0xffff) | (base << 16), true)
      data.setUint32(
        at + 4,
        ((base >>> 16) & 0xff) | (access << 8) | (limit & 0xf_0000) | (flags << 20) | (base & 0xff00_0000),
        true,
      )
    }
    descriptor(M.FLAT_CODE, 0, 0xf_ffff, 0x9b, 0xc)
    descriptor(M.FLAT_DATA, 0, 0xf_ffff, 0x93, 0xc)
    descriptor(M.USER_CODE, 0, 0xf_ffff, 0xfb, 0xc)
    descriptor(M.USER_DATA, 0, 0xf_ffff, 0xf3, 0xc)
    descriptor(M.CODE16, 0, 0xffff, 0x9b, 0)
    descriptor(M.BASED_DATA, M.DATA, 0x7fff, 0x93, 4)
    descriptor(M.LIMITED_DATA, 0, M.DATA + 0x37ff, 0x93, 4)
    descriptor(M.READ_ONLY, 0, 0xf_ffff, 0x91, 0xc)
    descriptor(M.READABLE_CODE, 0, 0xf_ffff, 0x9b, 0xc)
    descriptor(M.EXPAND_DOWN, 0, M.DATA + 0x2000, 0x97, 4)
    descriptor(M.TASK, M.TSS, 0xff, 0x8b, 0)
    descriptor(M.BASED_CODE, M.CODE, 0x3fff, 0x9b, 4)
    descriptor(M.USER_BASED, M.DATA, 0x4fff, 0xf3, 4)
    descriptor(M.USER_CODE16, 0, 0xffff, 0xfb, 0)
    PROTECTED.entries.forEach((entry, vector) => {
      const open = vector >= 32 || vector === 3 || vector === 4
      const gate = vector & 1 ? 0x8f00 : 0x8e00
      data.setUint32(M.IDT + vector * 8, (M.FLAT_CODE << 16) | (entry & 0xffff), true)
      data.setUint32(M.IDT + vector * 8 + 4, (entry & 0xffff_0000) | gate | (open ? 0x6000 : 0), true)
    })
    for (const [vector, entry] of REAL.entries.entries()) data.setUint32(vector * 4, entry, true)
    data.setUint32(M.TSS + 4, M.KERNEL_STACK, true)
    data.setUint16(M.TSS + 8, M.FLAT_DATA, true)
    // Ports 60h to 67h are open to everybody, by the bit map.
    data.setUint16(M.TSS + 102, 104, true)
    for (let i = 0; i < 32; i++) data.setUint8(M.TSS + 104 + i, i === 12 ? 0 : 0xff)
    this.#pages(data, random)
  }

  #pages(data: DataView, random: Random): void {
    data.setUint32(M.PAGE_DIRECTORY, M.PAGE_TABLES | 7, true)
    data.setUint32(M.PAGE_DIRECTORY + 4, (M.PAGE_TABLES + 0x1000) | 7, true)
    data.setUint32(M.PAGE_DIRECTORY + 8, random.below(2) ? 0x87 : 0x83, true)
    const table = (linear: number, entry: number) => data.setUint32(M.PAGE_TABLES + (linear >>> 12) * 4, entry, true)
    for (let page = 0; page < 0x4_2000; page += 0x1000) {
      const system = (page >= 0x1000 && page < M.CODE) || (page >= M.PAGE_TABLES && page <= M.PAGE_DIRECTORY)
      table(page, page | (system ? 3 : 7))
    }
    for (let page = M.DATA; page < M.DATA + M.DATA_BYTES; page += 0x1000)
      table(page, page | [7, 7, 7, 7, 7, 5, 3, 6, 4, 0x67][random.below(10)]!)
    if (random.below(4) === 0) table(M.CODE + 0x1000, (M.CODE + 0x1000) | 5)
    for (let i = 0; i < 3; i++) table(M.ALIAS + i * 0x1000, (M.CODE + i * 0x1000) | 7)
    table(M.ALIAS_TWIN, M.TWINS[0] | 7)
    const frames = [M.DATA, M.DATA + 0x1000, M.DATA + 0x5000, M.SPARE, M.CODE, M.CODE + 0x1000, M.MMIO, M.ROM]
    for (let i = 4; i < 16; i++)
      table(M.ALIAS + i * 0x1000, frames[random.below(frames.length)]! | [7, 7, 7, 5, 3, 6, 0][random.below(7)]!)
  }

  #registers({ mode, entry, setting }: Program, data: DataView, random: Random): void {
    const { state } = this.cpu
    const pointer = () => M.DATA - setting.dataBase + random.below(M.DATA_BYTES)
    for (let n = 0; n < 8; n++) state.setReg32(n, n === 3 || n > 4 ? pointer() : random.next())
    const real = mode === 'real' || mode === 'vm86'
    const stack = real ? M.STACK_TOP - M.CODE : M.STACK_TOP
    state.setReg32(4, stack)
    data.setUint32(M.RESTART_ESP, stack, true)
    state.eip = entry - setting.codeBase
    // Mostly all exceptions masked.
    state.u32[L.FPU_CONTROL >> 2] = random.below(4) ? 0x37f : 0x40 | (random.next() & 0xf3f)
    state.u32[L.MXCSR >> 2] = random.below(4) ? 0x1f80 : 0x1f80 & random.next()
    if (random.below(8) === 0) state.u32[L.MXCSR >> 2]! |= random.next() & 0xe040
    for (let n = 0; n < 8; n++)
      for (let i = 0; i < 2; i++)
        state.f64[(L.xmmOffset(n) >> 3) + i] = (random.next() - 2 ** 31) / 2 ** random.below(36)
    if (mode === 'real') {
      for (let n = 0; n < 6; n++) state.setRealSegment(n, M.DATA >>> 4)
      state.setRealSegment(L.CS, M.CODE >>> 4)
      state.setRealSegment(L.SS, M.CODE >>> 4)
      state.u32[L.IDTR_LIMIT >> 2] = 0x3ff
      state.u32[L.CR0 >> 2] = 0x30
      state.u32[L.CR4 >> 2] = 0x600
      state.eflags = 0x202
      return
    }
    const user = mode === 'user'
    state.u32[L.GDTR_BASE >> 2] = M.GDT
    state.u32[L.GDTR_LIMIT >> 2] = 0x7f
    state.u32[L.IDTR_BASE >> 2] = M.IDT
    state.u32[L.IDTR_LIMIT >> 2] = PROTECTED.entries.length * 8 - 1
    state.u32[L.CR3 >> 2] = M.PAGE_DIRECTORY
    state.u32[L.CR4 >> 2] = 0x610
    const alignment = random.below(6) === 0 ? 0x4_0000 : 0
    state.u32[L.CR0 >> 2] =
      (0x31 | alignment | (setting.paged ? 0x8000_0000 : 0) | (random.below(2) ? 0x1_0000 : 0)) >>> 0
    state.setSegment(L.TR, M.TASK, M.TSS, 0xff, 0x8b00)
    state.u32[L.CPL >> 2] = user || mode === 'vm86' ? 3 : 0
    const ioPrivilege = random.below(2) ? 0x3000 : 0
    state.eflags = (0x202 | ioPrivilege | (mode === 'vm86' ? 0x2_0000 : 0)) >>> 0
    if (mode === 'vm86') {
      for (let n = 0; n < 6; n++) state.setSegment(n, M.DATA >>> 4, M.DATA, 0xffff, 0xf300)
      for (const n of [L.CS, L.SS]) state.setSegment(n, M.CODE >>> 4, M.CODE, 0xffff, 0xf300)
      return
    }
    const [dataSelector, codeSelector] = user
      ? [M.USER_DATA, M.USER_CODE]
      : [M.FLAT_DATA, mode === 'based' ? M.BASED_CODE : mode === 'code16' ? M.CODE16 : M.FLAT_CODE]
    const rights = user ? 0x6000 : 0
    for (let n = 0; n < 6; n++) state.setSegment(n, dataSelector, 0, 0xffff_ffff, 0xc0_9300 | rights)
    if (mode === 'based') for (const n of [L.ES, L.DS]) state.setSegment(n, M.BASED_DATA, M.DATA, 0x7fff, 0x40_9300)
    if (mode === 'based') state.setSegment(L.CS, codeSelector, M.CODE, 0x3fff, 0x40_9b00)
    else if (mode === 'code16') state.setSegment(L.CS, codeSelector, 0, 0xffff, 0x9b00)
    else state.setSegment(L.CS, codeSelector, 0, 0xffff_ffff, 0xc0_9b00 | rights)
  }

  /**
   * Whether page tables have been executed. Nobody promises when the accessed and dirty bits that page walks set in code are
   * noticed by that code.
   */
  get executedPageTables(): boolean {
    const { blocks } = this.cpu
    for (let page = M.PAGE_TABLES; page <= M.PAGE_DIRECTORY; page += 0x1000)
      if (blocks.holdsCode(this.memory.ramBase + page)) return true
    return false
  }

  run({ budget, vector }: Slice): void {
    if (vector !== undefined) this.interrupt(vector)
    this.cpu.run(budget)
  }
}
