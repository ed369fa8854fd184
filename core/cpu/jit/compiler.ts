/**
 * Hot code compiled: orders the region of a block that has run often, puts its function where the block's first handler was, and
 * where those of its other entries were. Regions are dropped with any block that they were made from. They are made at once, or
 * on another thread while the guest goes on in the interpreter.
 */
import type { AddressMap } from '../../memory/address-map.ts'
import { COMPILED_COUNT, HOT_THRESHOLD, VALIDITY_BASE } from '../../memory/layout.ts'
import type { Form } from '../decode/forms.ts'
import * as D from '../decode/op-layout.ts'
import * as L from '../state/layout.ts'
import type { EntryPlace, KnownRegion, MadeRegion, RegionOrder } from './region-maker.ts'
import { RegionMaker } from './region-maker.ts'

/** Regions that exist at a time: each holds on to a WebAssembly instance. */
const MOST_REGIONS = 8192

/**
 * A region costs about as much as this many interpreted instructions, so that a guest that does next to nothing does not spend
 * the host's time on compiling what it does. Credit is saved up for the next burst of new code.
 */
const INSTRUCTIONS_PER_REGION = 200_000
const MOST_CREDIT = 64
/** Below this threshold everything is to be compiled: tests. */
const LEAST_THRESHOLD_WITH_CREDIT = 100

/** A region, as a profile tells of it. */
export interface CompiledRegion extends KnownRegion {
  /** Its number, counted from power-on: the module is called `region-N`. */
  readonly serial: number
  /** EIP of its first instruction when it was compiled, and the mode its code is for. */
  readonly eip: number
  readonly mode: number
  /** What the handlers of its entries were. */
  readonly handlers: readonly number[]
  readonly place: number
}

/** Another thread that makes regions. */
export interface RegionThread {
  /** Gives an order. */
  order(order: RegionOrder): void
  /** The next one that was carried out, if any. */
  take(): FinishedOrder | undefined
}

export interface FinishedOrder {
  readonly serial: number
  /** Undefined when there was nothing to be made. */
  readonly made: MadeRegion | undefined
  /** How long it took. */
  readonly ns: number
}

/** An order under way. */
interface Pending {
  readonly order: RegionOrder
  readonly place: number
  readonly eip: number
  readonly mode: number
  /** The regions that the order calls known. */
  readonly known: readonly CompiledRegion[]
}

export interface CompilerParts {
  readonly map: AddressMap
  readonly table: WebAssembly.Table
  readonly forms: readonly Form[]
  readonly runtime: Record<string, unknown>
  readonly slow: Record<string, unknown>
  /** Makes regions elsewhere; without it they are made at once. */
  readonly thread: RegionThread | undefined
  /** The host's monotonic clock, for statistics. */
  nowNs(): number
  /** Instructions executed since power-on. */
  executed(): number
  /** Whether the guest only looks at its clock at present: nothing that it does is worth compiling. */
  idles(): boolean
  readonly code: DecodedCode
}

/** What the compiler asks of the decode cache. */
export interface DecodedCode {
  /** Blocks lie before this address. */
  readonly end: number
  /** The blocks of the page of a host address. */
  blocksInPage(host: number): readonly number[]
}

export class Compiler {
  /** Regions compiled since power-on. */
  compiled = 0
  /** Time spent compiling, in the host's nanoseconds, and the bytes of WebAssembly made, since power-on. */
  compileNs = 0
  codeBytes = 0
  /** Whether regions made from now on count their exits. */
  profiling = false
  /** Whether there is no place for another region: the decode cache wants to be emptied. */
  full = false
  readonly #parts: CompilerParts
  readonly #threshold: number
  readonly #i32: Int32Array
  readonly #firstPlace: number
  readonly #free: number[] = []
  #used = 0
  #credit = MOST_CREDIT
  #serial = 0
  /** Instructions executed when credit was counted last. */
  #executed = 0
  readonly #byEntry = new Map<number, CompiledRegion>()
  readonly #byMember = new Map<number, CompiledRegion[]>()
  /** Orders under way by serial number, and the pages (of a mode) that they are for. */
  readonly #pending = new Map<number, Pending>()
  readonly #pendingPages = new Set<string>()
  /** Blocks that were dropped while orders were under way. */
  readonly #dropped = new Set<number>()
  readonly #imports: WebAssembly.Imports
  readonly #maker: RegionMaker

  /** `threshold`: executions that make a block hot; 1 compiles everything at once. */
  constructor(parts: CompilerParts, threshold: number) {
    this.#parts = parts
    this.#threshold = threshold
    this.#i32 = parts.map.memory.i32
    this.#firstPlace = parts.table.grow(MOST_REGIONS)
    this.#maker = new RegionMaker(parts.map.memory.buffer, parts.forms)
    this.#i32[HOT_THRESHOLD >> 2] = threshold
    this.#imports = {
      env: { memory: parts.map.memory.memory, table: parts.table },
      runtime: parts.runtime,
      slow: parts.slow,
    }
  }

  /** Instructions that compiled code has begun. */
  get instructions(): number {
    const at = COMPILED_COUNT >> 2
    return (this.#i32[at]! >>> 0) + this.#i32[at + 1]! * 0x1_0000_0000
  }

  /** Compiles the region of the block at `root`, or orders it: an execution after that uses it. */
  compile(root: number): void {
    if (this.#byEntry.has(root) || this.#i32[(root + D.BLOCK_LENGTH) >> 2]! === 0) return
    const mode = this.#i32[(root + D.BLOCK_MODE) >> 2]!
    if (mode & L.MODE_SINGLE && this.#threshold > 1) return
    const page = this.#pageOf(root)
    // One order at a time for each page, which the next one builds upon.
    if (this.#pendingPages.has(page)) return this.#retry(root, this.#threshold >> 3)
    if (!this.#affords()) return this.#retry(root)
    const place = this.#free.pop() ?? (this.#used < MOST_REGIONS ? this.#used++ : -1)
    if (place < 0) {
      this.full = true
      return
    }
    const blocksInPage = [...this.#parts.code.blocksInPage(this.#i32[(root + D.BLOCK_HOST) >> 2]! >>> 0)]
    const known = this.#regionsOf(blocksInPage, mode)
    const order: RegionOrder = {
      serial: this.#serial++,
      root,
      least: Math.ceil(this.#threshold / 16),
      end: this.#parts.code.end,
      valid: VALIDITY_BASE + place * 4,
      profiling: this.profiling,
      blocksInPage,
      known: known.map((region) => ({ root: region.root, entries: region.entries, members: region.members })),
    }
    const pending = { order, place, mode, eip: this.#i32[L.BLOCK_EIP >> 2]! >>> 0, known }
    const { thread } = this.#parts
    if (thread) {
      this.#pending.set(order.serial, pending)
      this.#pendingPages.add(page)
      thread.order(order)
      return
    }
    const beganNs = this.#parts.nowNs()
    this.#finish(pending, this.#maker.make(order))
    this.compileNs += this.#parts.nowNs() - beganNs
  }

  /** Takes over what the other thread has made. Between slices only: no region is being executed. */
  poll(): void {
    if (this.#pending.size === 0) return
    for (let done = this.#parts.thread?.take(); done; done = this.#parts.thread?.take()) {
      const pending = this.#pending.get(done.serial)
      // Ordered before the decode cache was emptied.
      if (!pending) continue
      this.#pending.delete(done.serial)
      this.#pendingPages.delete(this.#pageOf(pending.order.root))
      this.compileNs += done.ns
      this.#finish(pending, done.made)
      if (this.#pending.size === 0) this.#dropped.clear()
    }
  }

  /** Installs what was made, unless its code has changed meanwhile. */
  #finish(pending: Pending, made: MadeRegion | undefined): void {
    const { order, place, known } = pending
    const replaced = made && known[made.replaces]
    const stale =
      !made ||
      made.members.some((member) => this.#dropped.has(member)) ||
      (replaced && this.#byEntry.get(replaced.entries[0]!) !== replaced)
    if (stale) {
      this.#free.push(place)
      if (made) this.#retry(order.root)
      return
    }
    if (replaced) this.#release(replaced)
    this.#install(pending, made)
  }

  /** Lets the block become hot again, after so many executions. */
  #retry(root: number, executions = this.#threshold): void {
    this.#i32[(root + D.BLOCK_EXECUTIONS) >> 2] = this.#threshold - Math.max(1, executions)
  }

  #install({ order, place, eip, mode }: Pending, made: MadeRegion): void {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(made.code), this.#imports)
    this.#parts.table.set(this.#firstPlace + place, exports['region'])
    this.#i32[order.valid >> 2] = 1
    const entries = made.entries.filter(({ block }) => !this.#byEntry.has(block))
    const region: CompiledRegion = {
      serial: order.serial,
      eip,
      mode,
      root: made.root,
      entries: entries.map(({ block }) => block),
      handlers: entries.map((entry) => this.#enterAt(entry, place)),
      members: made.members,
      place,
    }
    for (const block of region.entries) this.#byEntry.set(block, region)
    for (const member of region.members) {
      // From now on this counts how often it is entered from outside.
      this.#i32[(member + D.BLOCK_EXECUTIONS) >> 2] = 0
      const regions = this.#byMember.get(member)
      if (regions) regions.push(region)
      else this.#byMember.set(member, [region])
    }
    this.compiled++
    this.codeBytes += made.code.length
  }

  /** The page and mode of a block, as a key. */
  #pageOf(block: number): string {
    return `${this.#i32[(block + D.BLOCK_HOST) >> 2]! >>> 12} ${this.#i32[(block + D.BLOCK_MODE) >> 2]}`
  }

  #regionsOf(blocks: readonly number[], mode: number): CompiledRegion[] {
    const found = new Set<CompiledRegion>()
    for (const block of blocks)
      for (const region of this.#byMember.get(block) ?? []) if (region.mode === mode) found.add(region)
    return [...found].sort((a, b) => a.serial - b.serial)
  }

  /** Whether enough was executed for another region. */
  #affords(): boolean {
    if (this.#threshold < LEAST_THRESHOLD_WITH_CREDIT) return true
    if (this.#parts.idles()) return false
    const executed = this.#parts.executed()
    this.#credit = Math.min(MOST_CREDIT, this.#credit + (executed - this.#executed) / INSTRUCTIONS_PER_REGION)
    this.#executed = executed
    if (this.#credit < 1) return false
    this.#credit--
    return true
  }

  /** The regions that exist now. */
  get regions(): Iterable<CompiledRegion> {
    return new Set(this.#byEntry.values())
  }

  /** Makes a block lead into the region at `place`; returns what its handler was. */
  #enterAt({ block, entry, delta }: EntryPlace, place: number): number {
    const at = (block + D.BLOCK_HEADER + D.OP_HANDLER) >> 2
    const handler = this.#i32[at]!
    this.#i32[at] = this.#firstPlace + place
    this.#i32[(block + D.BLOCK_ENTRY) >> 2] = entry
    this.#i32[(block + D.BLOCK_DELTA) >> 2] = delta
    return handler
  }

  /** `block` is no longer what memory holds: what was made from it goes. Call before its handlers are replaced. */
  drop(block: number): void {
    if (this.#pending.size > 0) this.#dropped.add(block)
    for (const region of this.#byMember.get(block) ?? []) this.#release(region)
  }

  #release(region: CompiledRegion): void {
    this.#i32[(VALIDITY_BASE + region.place * 4) >> 2] = 0
    for (const [i, block] of region.entries.entries()) {
      this.#byEntry.delete(block)
      this.#i32[(block + D.BLOCK_HEADER + D.OP_HANDLER) >> 2] = region.handlers[i]!
      this.#i32[(block + D.BLOCK_EXECUTIONS) >> 2] = 0
    }
    this.#parts.table.set(this.#firstPlace + region.place, null)
    this.#free.push(region.place)
    for (const member of region.members) {
      const others = (this.#byMember.get(member) ?? []).filter((r) => r !== region)
      if (others.length) this.#byMember.set(member, others)
      else this.#byMember.delete(member)
    }
  }

  /** The decode cache is emptied. */
  flush(): void {
    for (const { place } of this.#byEntry.values()) {
      this.#i32[(VALIDITY_BASE + place * 4) >> 2] = 0
      this.#parts.table.set(this.#firstPlace + place, null)
    }
    this.#byEntry.clear()
    this.#byMember.clear()
    this.#pending.clear()
    this.#pendingPages.clear()
    this.#dropped.clear()
    this.#free.length = 0
    this.#used = 0
    this.full = false
  }
}
