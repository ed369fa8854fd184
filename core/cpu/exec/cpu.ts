/**
 * One x86 processor: its state, the generated interpreter instantiated on the machine's memory, and the loop that runs
 * slices of guest code and delivers faults and interrupts between them.
 */
import type { PortBus } from '../../bus/port-bus.ts'
import type { AddressMap } from '../../memory/address-map.ts'
import { TLB_BASE_SUPERVISOR, TLB_BASE_USER } from '../../memory/layout.ts'
import { Decoder } from '../decode/decoder.ts'
import { Compiler } from '../jit/compiler.ts'
import { PageWalk } from '../mmu/paging.ts'
import { Tlb } from '../mmu/tlb.ts'
import { frontName } from '../ops/runtime.ts'
import { AC, CpuState, ID, IF, RF, TF, VM } from '../state/cpu-state.ts'
import * as L from '../state/layout.ts'
import { BlockCache } from './block-cache.ts'
import { EXECUTION, type ExecutionOptions } from './execution.ts'
import type { InterpreterImage } from './image.ts'
import type { EnterGate } from './interrupts.ts'
import { deliverFault, deliverInterrupt } from './interrupts.ts'
import { MemoryAccess } from './memory-access.ts'
import type { CpuProfile } from './profiles.ts'
import { GUEST_FAULT, importSlowPath } from './slow-import.ts'
import { createWriteGate } from './write-gate.ts'

/** Pseudo vector: the instruction waits at its place until an interrupt comes. */
const STALL = 256

const CR0_PE = 1
const CR0_AM = 0x4_0000
const CR0_PG = 0x8000_0000
const CR4_DE = 8
const CR4_PGE = 0x80
const CR4_OSFXSR = 0x200
const DR7_GD = 0x2000
/** CPUID feature bit of 36-bit addresses in 4 MiB pages. */
const PSE36 = 1 << 17
const DR6_SINGLE_STEP = 0x4000

/** What the processor needs from the machine around it. */
export interface CpuHost {
  /** INTA cycle: the vector of the highest pending interrupt. */
  acknowledgeInterrupt(): number
  /** Whether the interrupt controller asserts INTR. */
  interruptPending(): boolean
  /** The x87 error signal (FERR#) for machines with CR0.NE clear: IRQ 13. */
  numericError(): void
  /** Whether ROM code at this linear address may trap into the firmware. */
  isTrapAddress(linear: number): boolean
  /** A firmware service was called (trap instruction in ROM). */
  firmwareTrap(service: number): void
  /** Clocks of the time-stamp counter since power-on, at the profile's frequency. */
  timeStamp(): number
  /** Shutdown after a triple fault. */
  shutdown(): void
}

/** What a processor keeps outside of the shared memory: instructions executed, a waiting NMI, breakpoints that wait (DR6 bits). */
export interface CpuCounters {
  readonly retired: number
  readonly nmiPending: boolean
  readonly debugTrap: number
}

export class Cpu {
  readonly state: CpuState
  readonly map: AddressMap
  readonly ports: PortBus
  readonly host: CpuHost
  readonly profile: CpuProfile
  readonly walk: PageWalk
  readonly tlb: Tlb
  readonly access: MemoryAccess
  readonly blocks: BlockCache
  readonly compiler: Compiler | undefined
  /** Whether #AC is checked at present (CR0.AM, EFLAGS.AC, CPL 3). */
  alignmentChecks = false
  /** Whether the run loop executes one instruction: blocks of the mode SINGLE run only then. */
  stepping = false
  /** Whether the guest only looks at its clock at present: the run loop sees it. */
  idles = false
  /** Flags that exist on this processor. */
  readonly flagMask: number

  readonly #dispatch: () => void
  /** `enterGateFast` of gate-fronts.ts. */
  readonly enterGate: EnterGate
  /** Runtime functions exported by the interpreter. */
  readonly exports: Readonly<Record<string, unknown>>
  /** Instructions executed in earlier slices. */
  #retired = 0
  /** What BUDGET was at the start of the present count. */
  #granted = 0
  /** Budget taken away by `requestExit`, given back at the loop. */
  #withheld = 0
  #nmiPending = false
  #debugTrap = 0

  constructor(
    image: InterpreterImage,
    map: AddressMap,
    ports: PortBus,
    host: CpuHost,
    profile: CpuProfile,
    execution: ExecutionOptions = EXECUTION.interpreter,
  ) {
    this.map = map
    this.ports = ports
    this.host = host
    this.profile = profile
    this.flagMask = ~((profile.disabledFeatures.has('486') ? AC : 0) | (profile.maxLeaf ? 0 : ID))
    const { memory } = map
    this.state = new CpuState(memory)
    this.walk = new PageWalk(map, this.state, (profile.featuresEdx & PSE36) !== 0)
    this.tlb = new Tlb(memory)
    this.access = new MemoryAccess(this, map)
    this.blocks = new BlockCache(
      this,
      map,
      new Decoder(image.tables, memory.buffer, profile.disabledFeatures),
      image.handlers,
    )
    const slow: Record<string, (...args: number[]) => number | undefined> = {}
    for (const path of image.slowPaths) slow[path.name] = importSlowPath(this, path)
    const instance = new WebAssembly.Instance(image.module, { env: { memory: memory.memory }, slow })
    this.exports = instance.exports
    // Regions call what the interpreter calls: the part in generated code, where there is one.
    for (const path of image.slowPaths) {
      const front = instance.exports[frontName(path)] as (typeof slow)[string] | undefined
      if (front) slow[path.name] = front
    }
    if (execution.hotExecutions > 0)
      this.compiler = new Compiler(
        {
          map,
          table: instance.exports['table'] as WebAssembly.Table,
          forms: image.forms,
          runtime: instance.exports,
          slow,
          nowNs: execution.nowNs ?? (() => 0),
          executed: () => this.instructions,
          idles: () => this.idles,
          code: this.blocks,
          thread: execution.thread?.(map.memory.buffer),
        },
        execution.hotExecutions,
      )
    this.enterGate = (instance.exports['enter_gate'] ?? (() => 0)) as EnterGate
    this.#dispatch = instance.exports['dispatch'] as () => void
    map.onChange = () => this.flushTlb()
    map.onDeviceWrite = (at, length) => this.blocks.invalidate(at, length)
    memory.writes.gate = createWriteGate(memory, this.tlb, this.blocks)
    this.reset()
  }

  /** State after RESET# (SDM vol 3A, table 10-1). */
  reset(): void {
    const { state } = this
    state.u8.fill(0, 0, L.SCRATCH)
    for (let s = 0; s < 6; s++) state.setSegment(s, 0, 0, 0xffff, 0x9300)
    state.setSegment(L.CS, 0xf000, 0xffff_0000, 0xffff, 0x9300)
    state.setSegment(L.LDTR, 0, 0, 0xffff, 0x8200)
    state.setSegment(L.TR, 0, 0, 0xffff, 0x8b00)
    state.u32[L.GDTR_LIMIT >> 2] = 0xffff
    state.u32[L.IDTR_LIMIT >> 2] = 0xffff
    state.u32[L.CR0 >> 2] = 0x6000_0010
    state.u32[(L.DEBUG_REGISTERS >> 2) + 6] = 0xffff_0ff0
    state.u32[(L.DEBUG_REGISTERS >> 2) + 7] = 0x400
    state.eip = 0xfff0
    state.setReg32(2, this.profile.signature)
    state.eflags = 2
    state.u32[L.FPU_CONTROL >> 2] = 0x40
    state.u32[L.FPU_TAGS >> 2] = 0xff
    state.u32[L.MXCSR >> 2] = 0x1f80
    state.u32[L.IA32_APIC_BASE >> 2] = 0xfee0_0900
    state.u32[L.IA32_PAT >> 2] = 0x0007_0406
    state.u32[(L.IA32_PAT >> 2) + 1] = 0x0007_0406
    state.u32[L.FLAG_MASK >> 2] = this.flagMask
    this.#nmiPending = false
    this.#debugTrap = 0
    state.u32[L.INTR >> 2] = this.host.interruptPending() ? 1 : 0
    this.updateMode()
    this.flushTlb()
  }

  // Faults

  /** Ends the current instruction with a fault. */
  raise(vector: number, errorCode = 0): never {
    this.state.fault(vector, errorCode)
    throw GUEST_FAULT
  }

  /** FERR# without CR0.NE: asserts it and stands still at the present instruction until an interrupt comes (IRQ 13, as a rule). */
  waitForFpuInterrupt(): never {
    this.host.numericError()
    this.raise(STALL)
  }

  /** Runs `body`; returns the fault it raised as vector + 1, or 0. The fault is no longer pending. */
  attempt(body: () => void): { vector: number; errorCode: number } | undefined {
    try {
      body()
      return undefined
    } catch (error) {
      if (error !== GUEST_FAULT) throw error
      const vector = this.state.u32[L.FAULT >> 2] - 1
      const errorCode = this.state.u32[L.FAULT_ERROR >> 2]
      this.state.u32[L.FAULT >> 2] = 0
      return { vector, errorCode }
    }
  }

  // Memory, for slow paths: addresses are (state offset of the segment, offset)

  read8(segment: number, offset: number): number {
    return this.access.read(segment, offset >>> 0, 1)
  }
  read16(segment: number, offset: number): number {
    return this.access.read(segment, offset >>> 0, 2)
  }
  read32(segment: number, offset: number): number {
    return this.access.read(segment, offset >>> 0, 4)
  }
  write8(segment: number, offset: number, value: number): void {
    this.access.write(segment, offset >>> 0, 1, value)
  }
  write16(segment: number, offset: number, value: number): void {
    this.access.write(segment, offset >>> 0, 2, value)
  }
  write32(segment: number, offset: number, value: number): void {
    this.access.write(segment, offset >>> 0, 4, value)
  }

  /** Reads descriptor tables and task state with the supervisor's rights. */
  readSystem(linear: number, bytes: 1 | 2 | 4): number {
    return this.access.readLinear(linear >>> 0, bytes, true)
  }

  writeSystem(linear: number, bytes: 1 | 2 | 4, value: number): void {
    this.access.writeLinear(linear >>> 0, bytes, value, true)
  }

  /** After anything that address translation depends on. */
  flushTlb(): void {
    this.tlb.flush()
    this.blocks.flushJumps()
  }

  /** After a load of CR3: pages that are global under CR4.PGE stay. */
  flushSpace(): void {
    const keepGlobal = (this.state.u32[L.CR4 >> 2] & CR4_PGE) !== 0
    this.tlb.flush(keepGlobal)
    this.blocks.flushJumps(keepGlobal)
  }

  flushPage(linear: number): void {
    const large = this.tlb.inLargePage(linear)
    this.tlb.flushPage(linear)
    this.blocks.flushJumpsOf(linear, large)
  }

  // Mode

  /** Recomputes everything that is derived from CR0, CR4, EFLAGS, CPL and the segments. Call after changing any of them. */
  updateMode(): void {
    const { u32, i32 } = this.state
    const cr0 = u32[L.CR0 >> 2]
    const cr4 = u32[L.CR4 >> 2]
    const eflags = u32[L.EFLAGS >> 2]
    const vm86 = (eflags & VM) !== 0
    const cpl = u32[L.CPL >> 2]
    const csAttributes = this.state.segmentAttributes(L.CS)
    const ssAttributes = this.state.segmentAttributes(L.SS)
    let mode = this.state.flatMode
    if (csAttributes & 0x40_0000) mode |= L.MODE_CODE32
    if (ssAttributes & 0x40_0000) mode |= L.MODE_STACK32
    if (cr0 & CR0_PE) mode |= vm86 ? L.MODE_PROTECTED | L.MODE_VM86 : L.MODE_PROTECTED
    if (cpl === 3) mode |= L.MODE_USER
    // RF lasts for one instruction.
    if (eflags & (TF | RF) || u32[(L.DEBUG_REGISTERS >> 2) + 7] & 0xff) mode |= L.MODE_SINGLE
    i32[L.MODE >> 2] = mode
    i32[L.STACK_MASK >> 2] = ssAttributes & 0x40_0000 ? -1 : 0xffff
    i32[L.TLB >> 2] = cpl === 3 ? TLB_BASE_USER : TLB_BASE_SUPERVISOR
    const em = (cr0 & 4) !== 0
    const ts = (cr0 & 8) !== 0
    let traps = 0
    if (em || ts) traps |= L.UNIT_X87_NM
    if (cr0 & 2 && ts) traps |= L.UNIT_WAIT_NM
    if (em) traps |= L.UNIT_MMX_UD
    if (ts) traps |= L.UNIT_MMX_NM | L.UNIT_SSE_NM
    if (em || !(cr4 & CR4_OSFXSR)) traps |= L.UNIT_SSE_UD
    i32[L.UNIT_TRAPS >> 2] = traps
    const checks = (cr0 & CR0_AM) !== 0 && (eflags & 0x4_0000) !== 0 && cpl === 3
    u32[L.ACCESS_CHECKS >> 2] = checks || u32[(L.DEBUG_REGISTERS >> 2) + 7] & 0xff ? 1 : 0
    if (checks !== this.alignmentChecks) {
      this.alignmentChecks = checks
      this.flushTlb()
    }
  }

  get paging(): boolean {
    return (this.state.u32[L.CR0 >> 2] & CR0_PG) !== 0
  }

  // Debug registers

  /** Whether the page of `linear` has an armed data breakpoint: accesses to it take the slow way (and unaligned checks all do). */
  watched(linear: number): boolean {
    if (this.alignmentChecks) return true
    const dr = L.DEBUG_REGISTERS >> 2
    const dr7 = this.state.u32[dr + 7]
    if (!(dr7 & 0xff)) return false
    for (let i = 0; i < 4; i++)
      if (dr7 & (3 << (i * 2)) && (dr7 >>> (16 + i * 4)) & 3 && (this.state.u32[dr + i] ^ linear) >>> 12 === 0)
        return true
    return false
  }

  /** Notes data breakpoints that an access hits; the trap follows the instruction (SDM vol 3B, 17.2). */
  watch(linear: number, bytes: number, write: boolean): void {
    const dr = L.DEBUG_REGISTERS >> 2
    const dr7 = this.state.u32[dr + 7]
    if (!(dr7 & 0xff)) return
    for (let i = 0; i < 4; i++) {
      if (!(dr7 & (3 << (i * 2)))) continue
      const kind = (dr7 >>> (16 + i * 4)) & 3
      if (kind === 0 || kind === 2 || (kind === 1 && !write)) continue
      const length = [1, 2, 8, 4][(dr7 >>> (18 + i * 4)) & 3]
      const address = (this.state.u32[dr + i] & ~(length - 1)) >>> 0
      if (linear < address + length && linear + bytes > address) {
        this.#debugTrap |= 1 << i
        this.requestExit()
      }
    }
  }

  /** Notes I/O breakpoints (CR4.DE) that an access to `bytes` ports from `port` hits. */
  watchPorts(port: number, bytes: number): void {
    const { u32 } = this.state
    const dr = L.DEBUG_REGISTERS >> 2
    const dr7 = u32[dr + 7]
    if (!(dr7 & 0xff) || !(u32[L.CR4 >> 2] & CR4_DE)) return
    for (let i = 0; i < 4; i++) {
      if (!(dr7 & (3 << (i * 2))) || ((dr7 >>> (16 + i * 4)) & 3) !== 2) continue
      const length = [1, 2, 8, 4][(dr7 >>> (18 + i * 4)) & 3]
      const first = (u32[dr + i] & ~(length - 1)) >>> 0
      if (port < first + length && port + bytes > first) this.#debugTrap |= 1 << i
    }
  }

  /** The instruction has changed TF for its successors (software interrupt, task switch): it is not followed by a trap. */
  skipSingleStep(): void {
    this.state.u32[L.STEP_DONE >> 2] = 1
  }

  /** Instruction breakpoints at `linear`: bits 0 to 3, or 0. */
  #codeBreakpoint(linear: number): number {
    const dr = L.DEBUG_REGISTERS >> 2
    const dr7 = this.state.u32[dr + 7]
    let hit = 0
    for (let i = 0; i < 4; i++)
      if (dr7 & (3 << (i * 2)) && !((dr7 >>> (16 + i * 4)) & 3) && this.state.u32[dr + i] === linear) hit |= 1 << i
    return hit
  }

  #raiseDebug(bits: number): void {
    const { u32 } = this.state
    u32[(L.DEBUG_REGISTERS >> 2) + 6] |= bits
    // The handler may use the debug registers.
    u32[(L.DEBUG_REGISTERS >> 2) + 7] &= ~DR7_GD
    // A handler that is its own breakpoint must not hold up the run loop for ever.
    this.state.i32[L.BUDGET >> 2]--
    u32[L.HALTED >> 2] = 0
    deliverFault(this, 1, 0, false)
  }

  // Running

  /** Set while the NMI handler runs: further NMIs wait for IRET. */
  get nmiMasked(): boolean {
    return this.state.u32[L.NMI_MASKED >> 2] !== 0
  }

  set nmiMasked(masked: boolean) {
    this.state.u32[L.NMI_MASKED >> 2] = masked ? 1 : 0
  }

  /** Ends the running slice at the next block border, so that the run loop looks at what has changed. */
  requestExit(): void {
    const { i32 } = this.state
    this.#withheld += i32[L.BUDGET >> 2]
    i32[L.BUDGET >> 2] = 0
  }

  /** Instructions executed since power-on. Exact inside slow paths, too. */
  get instructions(): number {
    const { i32 } = this.state
    return this.#retired + this.#granted - i32[L.BUDGET >> 2] - this.#withheld - i32[L.REMAINING >> 2]
  }

  /** What is kept outside of the shared memory, between slices. */
  get counters(): CpuCounters {
    return { retired: this.#retired, nmiPending: this.#nmiPending, debugTrap: this.#debugTrap }
  }

  /** Goes on with `counters` and the state that stands in memory by now; nothing derived from what was there before stays. */
  resume({ retired, nmiPending, debugTrap }: CpuCounters): void {
    this.#retired = retired
    this.#nmiPending = nmiPending
    this.#debugTrap = debugTrap
    this.state.u32[L.INTR >> 2] = this.host.interruptPending() ? 1 : 0
    this.state.u32[L.INHIBIT_EIP >> 2] = this.state.eip
    this.updateMode()
    this.blocks.flush()
    this.flushTlb()
  }

  /** Ends the present slice for good: `run` returns after the current instruction. */
  stopSlice(): void {
    this.requestExit()
    this.#stop = true
  }
  #stop = false

  /** Takes `count` more instructions off the budget: iterations of string instructions, that time passes for them. */
  consume(count: number): void {
    this.state.i32[L.BUDGET >> 2] -= count
  }

  timeStamp(): number {
    return this.host.timeStamp()
  }

  get halted(): boolean {
    return this.state.u32[L.HALTED >> 2] !== 0
  }

  /** A non-maskable interrupt is requested. */
  requestNmi(): void {
    this.#nmiPending = true
    this.requestExit()
  }

  /** The interrupt controller's output changed. */
  interruptChanged(): void {
    const pending = this.host.interruptPending()
    this.state.u32[L.INTR >> 2] = pending ? 1 : 0
    if (pending) this.requestExit()
  }

  /** Whether an interrupt could be delivered now: what wakes a halted processor. */
  get interruptDeliverable(): boolean {
    return (
      (this.#nmiPending && !this.nmiMasked) ||
      ((this.state.u32[L.EFLAGS >> 2] & IF) !== 0 && this.host.interruptPending())
    )
  }

  /**
   * Executes about `budget` instructions (a block may overshoot by 63), less when the processor halts or `stopSlice` is
   * called. Faults and interrupts are delivered on the way.
   */
  run(budget: number): void {
    const { state } = this
    const { i32, u32 } = state
    i32[L.REMAINING >> 2] = 0
    i32[L.BUDGET >> 2] = budget
    this.#granted = budget
    this.#withheld = 0
    this.#stop = false
    u32[L.INTR >> 2] = this.host.interruptPending() ? 1 : 0
    for (;;) {
      i32[L.BUDGET >> 2] += this.#withheld
      this.#withheld = 0
      if (this.#stop) break
      this.compiler?.poll()
      if (this.compiler?.full) this.blocks.flush()
      const inhibited = this.#inhibited()
      if (!inhibited) this.#deliverPending()
      if (u32[L.HALTED >> 2] || i32[L.BUDGET >> 2] <= 0) break
      if (inhibited || i32[L.MODE >> 2] & L.MODE_SINGLE) this.#step()
      else {
        this.#dispatch()
        this.#settle()
      }
    }
    this.#retired += this.#granted - i32[L.BUDGET >> 2] - this.#withheld
    this.#withheld = 0
    this.#granted = 0
    i32[L.BUDGET >> 2] = 0
    i32[L.REMAINING >> 2] = 0
    this.#inhibited()
  }

  /** Whether the next instruction is the one that STI or a load of SS keep interrupts away from. */
  #inhibited(): boolean {
    const { u32 } = this.state
    if (u32[L.INHIBIT >> 2] === 0) return false
    if (u32[L.EIP >> 2] === u32[L.INHIBIT_EIP >> 2]) return true
    u32[L.INHIBIT >> 2] = 0
    return false
  }

  #deliverPending(): void {
    const { u32 } = this.state
    if (this.#nmiPending && !this.nmiMasked) {
      this.#nmiPending = false
      this.nmiMasked = true
      u32[L.HALTED >> 2] = 0
      deliverInterrupt(this, 2)
    } else if (u32[L.EFLAGS >> 2] & IF && this.host.interruptPending()) {
      u32[L.HALTED >> 2] = 0
      const vector = this.host.acknowledgeInterrupt()
      u32[L.INTR >> 2] = this.host.interruptPending() ? 1 : 0
      deliverInterrupt(this, vector)
    }
  }

  /** Delivers a fault that generated code left with, and gives back what the budget counted too early. */
  #settle(): boolean {
    const { i32, u32 } = this.state
    const pending = u32[L.FAULT >> 2]
    if (!pending) return false
    // The attempt counts as one: a handler that faults at its own first instruction must not hold up the run loop for ever.
    i32[L.BUDGET >> 2] += i32[L.REMAINING >> 2] - 1
    i32[L.REMAINING >> 2] = 0
    u32[L.FAULT >> 2] = 0
    if (pending - 1 === STALL) u32[L.HALTED >> 2] = 1
    else deliverFault(this, pending - 1, u32[L.FAULT_ERROR >> 2])
    return true
  }

  /** Executes exactly one instruction, without interrupts or traps. Returns the fault that it ended with; EIP is the instruction's then. */
  executeOne(): { vector: number; errorCode: number } | undefined {
    const { i32, u32 } = this.state
    i32[L.BUDGET >> 2] = 1
    this.#dispatchOne()
    const pending = u32[L.FAULT >> 2]
    u32[L.FAULT >> 2] = 0
    return pending ? { vector: pending - 1, errorCode: u32[L.FAULT_ERROR >> 2] } : undefined
  }

  #dispatchOne(): void {
    this.state.i32[L.MODE >> 2] |= L.MODE_SINGLE
    this.stepping = true
    try {
      this.#dispatch()
    } finally {
      this.stepping = false
    }
    this.updateMode()
  }

  /** Executes one instruction with the checks that only matter then: inhibited interrupts, single step, breakpoints. */
  #step(): void {
    const { state } = this
    const { i32, u32 } = state
    const rest = i32[L.BUDGET >> 2] - 1
    const flags = u32[L.EFLAGS >> 2]
    const afterStackLoad = u32[L.INHIBIT >> 2] === 2
    if (!(flags & RF) && !afterStackLoad) {
      const hit = this.#codeBreakpoint((state.segmentBase(L.CS) + state.eip) >>> 0)
      if (hit) {
        u32[L.INHIBIT >> 2] = 0
        i32[L.BUDGET >> 2] = rest
        return this.#raiseDebug(hit)
      }
    }
    u32[L.EFLAGS >> 2] &= ~RF
    u32[L.INHIBIT >> 2] = 0
    i32[L.BUDGET >> 2] = 1
    if (!afterStackLoad) this.#debugTrap = 0
    u32[L.STEP_DONE >> 2] = 0
    this.#dispatchOne()
    i32[L.BUDGET >> 2] += this.#withheld + rest
    this.#withheld = 0
    if (this.#settle()) return
    // Breakpoints that the load of SS met strike after the next instruction.
    if (u32[L.INHIBIT >> 2] === 2) return
    const trap = this.#debugTrap | (flags & TF && !u32[L.STEP_DONE >> 2] ? DR6_SINGLE_STEP : 0)
    this.#debugTrap = 0
    if (trap) this.#raiseDebug(trap)
  }
}
