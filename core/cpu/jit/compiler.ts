/**
 * Hot code compiled: finds the region of a block that has run often, makes its module, and puts its function where the block's
 * first handler was, and where those of its other entries were. Regions are dropped with any block that they were made from.
 */
import type { AddressMap } from '../../memory/address-map.ts'
import { COMPILED_COUNT, HOT_THRESHOLD, VALIDITY_BASE } from '../../memory/layout.ts'
import type { Form } from '../decode/forms.ts'
import * as D from '../decode/op-layout.ts'
import * as L from '../state/layout.ts'
import type { CodeReader } from './region.ts'
import { findRegion } from './region.ts'
import type { Region, RegionBlock } from './region-block.ts'
import { buildRegion } from './region-code.ts'

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
export interface CompiledRegion {
  /** Its number, counted from power-on: the module is called `region-N`. */
  readonly serial: number
  /** EIP of its first instruction when it was compiled, and the mode its code is for. */
  readonly eip: number
  readonly mode: number
  readonly root: number
  /** Blocks that lead into it, and what their handlers were. */
  readonly entries: readonly { readonly block: number; readonly handler: number }[]
  readonly members: readonly number[]
  readonly place: number
}

export interface CompilerParts {
  readonly map: AddressMap
  readonly table: WebAssembly.Table
  readonly forms: readonly Form[]
  readonly runtime: Record<string, unknown>
  readonly slow: Record<string, unknown>
  /** The host's monotonic clock, for statistics. */
  nowNs(): number
  /** Instructions executed since power-on. */
  executed(): number
  /** Whether the guest only looks at its clock at present: nothing that it does is worth compiling. */
  idles(): boolean
  readonly code: Pick<CodeReader, 'blockAt' | 'blocksInPage'>
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
  /** Instructions executed when credit was counted last. */
  #executed = 0
  readonly #byEntry = new Map<number, CompiledRegion>()
  readonly #byMember = new Map<number, CompiledRegion[]>()
  readonly #imports: WebAssembly.Imports
  readonly #reader: CodeReader
  readonly #handlers: ReadonlyMap<Form, number>

  /** `threshold`: executions that make a block hot; 1 compiles everything at once. */
  constructor(parts: CompilerParts, threshold: number) {
    this.#parts = parts
    this.#threshold = threshold
    this.#handlers = new Map(parts.forms.map((form, i) => [form, i]))
    this.#i32 = parts.map.memory.i32
    this.#firstPlace = parts.table.grow(MOST_REGIONS)
    const u16 = new Uint16Array(parts.map.memory.buffer)
    this.#reader = {
      i32: this.#i32,
      u16,
      formAt: (record) => this.#formAt(record),
      blockAt: (host, mode) => parts.code.blockAt(host, mode),
      blocksInPage: (host) => parts.code.blocksInPage(host),
    }
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

  /** Compiles the region of the block at `root`, whose next execution uses it. */
  compile(root: number): void {
    if (this.#byEntry.has(root) || this.#i32[(root + D.BLOCK_LENGTH) >> 2]! === 0) return
    const mode = this.#i32[(root + D.BLOCK_MODE) >> 2]!
    if (mode & L.MODE_SINGLE && this.#threshold > 1) return
    if (!this.#affords()) {
      this.#i32[(root + D.BLOCK_EXECUTIONS) >> 2] = 0
      return
    }
    const place = this.#free.pop() ?? (this.#used < MOST_REGIONS ? this.#used++ : -1)
    if (place < 0) {
      this.full = true
      return
    }
    const found = this.#search(root)
    if (!found) {
      this.#free.push(place)
      return
    }
    const { region, replaces } = found
    const valid = VALIDITY_BASE + place * 4
    const beganNs = this.#parts.nowNs()
    const serial = this.compiled++
    const handlerOf = (form: Form) => this.#handlers.get(form)!
    const options = { name: `region-${serial}`, profiling: this.profiling, handlerOf }
    const bytes = buildRegion(region, this.#parts.map.memory.view, valid, options)
    const module = new WebAssembly.Module(bytes)
    const { exports } = new WebAssembly.Instance(module, this.#imports)
    this.#parts.table.set(this.#firstPlace + place, exports['region'])
    this.#i32[valid >> 2] = 1
    for (const old of replaces) this.#release(old)
    const eip = this.#i32[L.BLOCK_EIP >> 2]! >>> 0
    const free = region.entries.filter((entry) => !this.#byEntry.has(entry.address))
    const entries = free.map((entry) => ({ block: entry.address, handler: this.#enterAt(entry, place) }))
    const members = region.blocks.filter((b) => b.address).map((b) => b.address)
    const compiled = { serial, eip, mode, root, entries, members, place }
    for (const { block } of entries) this.#byEntry.set(block, compiled)
    for (const member of members) {
      // From now on this counts how often it is entered from outside.
      this.#i32[(member + D.BLOCK_EXECUTIONS) >> 2] = 0
      const regions = this.#byMember.get(member)
      if (regions) regions.push(compiled)
      else this.#byMember.set(member, [compiled])
    }
    this.codeBytes += bytes.length
    this.compileNs += this.#parts.nowNs() - beganNs
  }

  /**
   * The region of the block at `root`, and the regions it takes the place of. A block that has become hot inside a region, or beside
   * one that would have most of its blocks, becomes an entry of that region instead of the root of another that repeats it.
   */
  #search(root: number): { region: Region; replaces: CompiledRegion[] } | undefined {
    const least = Math.ceil(this.#threshold / 16)
    const inside = this.#byMember.get(root)?.at(-1)
    const alone = inside ? undefined : findRegion(this.#reader, { root, entries: [], members: new Set(), least })
    const old = inside ?? (alone && this.#neighbour(alone))
    if (old && this.#isIn(old, root)) {
      const members = new Set([...old.members, root])
      const entered = old.members.filter((m) => this.#i32[(m + D.BLOCK_EXECUTIONS) >> 2]! >= least)
      const entries = [...new Set([...old.entries.map(({ block }) => block), root, ...entered])]
      const region = findRegion(this.#reader, { root: old.root, entries, members, least })
      if (region) {
        const found = new Set(region.blocks.map(({ address }) => address))
        if (found.has(root) && old.members.every((m) => found.has(m))) return { region, replaces: [old] }
      }
    }
    const region = alone ?? findRegion(this.#reader, { root, entries: [], members: new Set(), least })
    return region && { region, replaces: [] }
  }

  /** Whether `root` is code of the mode that `region` is for. */
  #isIn(region: CompiledRegion, root: number): boolean {
    return region.mode === this.#i32[(root + D.BLOCK_MODE) >> 2]
  }

  /** The region that has more than half of the blocks of `region`. */
  #neighbour({ blocks }: Region): CompiledRegion | undefined {
    const shared = new Map<CompiledRegion, number>()
    for (const { address } of blocks)
      for (const other of this.#byMember.get(address) ?? []) shared.set(other, (shared.get(other) ?? 0) + 1)
    for (const [other, count] of shared) if (count * 2 > blocks.length) return other
    return undefined
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

  /** Makes the block at `entry` lead into the region at `place`; returns what its handler was. */
  #enterAt({ address, entry, delta }: RegionBlock, place: number): number {
    const at = (address + D.BLOCK_HEADER + D.OP_HANDLER) >> 2
    const handler = this.#i32[at]!
    this.#i32[at] = this.#firstPlace + place
    this.#i32[(address + D.BLOCK_ENTRY) >> 2] = entry
    this.#i32[(address + D.BLOCK_DELTA) >> 2] = delta
    return handler
  }

  /** The form of a record, of which the handler may be a region's by now; undefined for pseudo handlers. */
  #formAt(record: number): Form | undefined {
    const handler = this.#i32[(record + D.OP_HANDLER) >> 2]!
    if (handler < this.#firstPlace) return this.#parts.forms[handler]
    const block = record - D.BLOCK_HEADER
    const entry = this.#byEntry.get(block)?.entries.find((e) => e.block === block)
    return entry && this.#parts.forms[entry.handler]
  }

  /** `block` is no longer what memory holds: what was made from it goes. Call before its handlers are replaced. */
  drop(block: number): void {
    for (const region of this.#byMember.get(block) ?? []) this.#release(region)
  }

  #release(region: CompiledRegion): void {
    this.#i32[(VALIDITY_BASE + region.place * 4) >> 2] = 0
    for (const { block, handler } of region.entries) {
      this.#byEntry.delete(block)
      this.#i32[(block + D.BLOCK_HEADER + D.OP_HANDLER) >> 2] = handler
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
    this.#free.length = 0
    this.#used = 0
    this.full = false
  }
}
