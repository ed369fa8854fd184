/**
 * Makes the module of a region from the decode cache. It reads the shared memory and nothing else, so that it can do so on another
 * thread while the guest runs: blocks that were decoded, linked or dropped meanwhile are noticed by whoever installs the result.
 */
import type { Form } from '../decode/forms.ts'
import * as D from '../decode/op-layout.ts'
import { findBlock } from '../exec/block-cache.ts'
import type { CodeReader } from './region.ts'
import { findRegion } from './region.ts'
import type { Region } from './region-block.ts'
import { buildRegion } from './region-code.ts'

/** A region that exists in the page of the one to be made. */
export interface KnownRegion {
  readonly root: number
  readonly entries: readonly number[]
  readonly members: readonly number[]
}

/** What is to be compiled. Everything in it can be sent to another thread. */
export interface RegionOrder {
  /** Number of the region: its module is called `region-N`. */
  readonly serial: number
  /** The block that has become hot. */
  readonly root: number
  /** Other blocks that ran fewer times stay outside. */
  readonly least: number
  /** End of the decode cache: blocks behind it are not complete yet. */
  readonly end: number
  /** Address of the validity word. */
  readonly valid: number
  readonly profiling: boolean
  readonly blocksInPage: readonly number[]
  /** Regions of the page and mode. */
  readonly known: readonly KnownRegion[]
}

/** A region to be installed. */
export interface MadeRegion {
  /** Its module. */
  readonly code: Uint8Array<ArrayBuffer>
  readonly root: number
  readonly entries: readonly EntryPlace[]
  readonly members: readonly number[]
  /** Which of the known regions it takes the place of, or -1. */
  readonly replaces: number
}

/** Where a region can be entered: the block, its number among the entries, and its distance from the root in bytes. */
export interface EntryPlace {
  readonly block: number
  readonly entry: number
  readonly delta: number
}

export class RegionMaker {
  readonly #forms: readonly Form[]
  readonly #handlers: ReadonlyMap<Form, number>
  readonly #i32: Int32Array
  readonly #u16: Uint16Array
  readonly #view: DataView

  /** `buffer` is the machine's shared memory; `forms` are in the order of their handlers. */
  constructor(buffer: SharedArrayBuffer, forms: readonly Form[]) {
    this.#forms = forms
    this.#handlers = new Map(forms.map((form, i) => [form, i]))
    this.#i32 = new Int32Array(buffer)
    this.#u16 = new Uint16Array(buffer)
    this.#view = new DataView(buffer)
  }

  /** The region that `order` asks for; undefined when its root is nothing that can be compiled, or no longer there. */
  make(order: RegionOrder): MadeRegion | undefined {
    const found = this.#search(order)
    if (!found) return undefined
    const { region, replaces } = found
    const code = buildRegion(region, this.#view, order.valid, {
      name: `region-${order.serial}`,
      profiling: order.profiling,
      handlerOf: (form) => this.#handlers.get(form)!,
    })
    return {
      code,
      root: region.entries[0]!.address,
      entries: region.entries.map(({ address, entry, delta }) => ({ block: address, entry, delta })),
      members: [...new Set(region.blocks.map(({ address }) => address))].filter(Boolean),
      replaces,
    }
  }

  /**
   * A block that has become hot inside a region, or beside one that would have most of its blocks, becomes an entry of that
   * region instead of the root of another that repeats it.
   */
  #search(order: RegionOrder): { region: Region; replaces: number } | undefined {
    const { root, least, known } = order
    const code = this.#reader(order)
    const inside = known.findLastIndex(({ members }) => members.includes(root))
    const alone = inside < 0 ? findRegion(code, { root, entries: [], members: new Set(), least }) : undefined
    const replaces = alone ? neighbour(alone, known) : inside
    const old = known[replaces]
    if (old) {
      const members = new Set([...old.members, root])
      const entered = old.members.filter((m) => this.#i32[(m + D.BLOCK_EXECUTIONS) >> 2]! >= least)
      const region = findRegion(code, { root: old.root, entries: [...old.entries, root, ...entered], members, least })
      const found = new Set(region?.blocks.map(({ address }) => address))
      if (region && found.has(root) && old.members.every((m) => found.has(m))) return { region, replaces }
    }
    const region = alone ?? findRegion(code, { root, entries: [], members: new Set(), least })
    return region && { region, replaces: -1 }
  }

  #reader({ end, blocksInPage }: RegionOrder): CodeReader {
    return {
      i32: this.#i32,
      u16: this.#u16,
      formAt: (block, i) => this.#formAt(block, i, end),
      blockAt: (host, mode) => findBlock(this.#i32, host, mode),
      blocksInPage,
    }
  }

  /** The form of the instruction `i` of `block`, of which the handler may be a region's by now; undefined when it has changed. */
  #formAt(block: number, i: number, end: number): Form | undefined {
    if (block >= end) return undefined
    const handler = this.#i32[(block + D.BLOCK_HEADER + i * D.OP_BYTES + D.OP_HANDLER) >> 2]!
    // Behind the forms are pseudo handlers, which code has that was dropped, and behind those the regions.
    if (handler < this.#forms.length + D.PSEUDO_HANDLERS || i > 0) return this.#forms[handler]
    const tail = block + D.BLOCK_HEADER + this.#i32[(block + D.BLOCK_COUNT) >> 2]! * D.OP_BYTES
    return this.#forms[this.#u16[(tail + D.TAIL_HANDLER) >> 1]!]
  }
}

/** Index of the known region that has more than half of the blocks of `region`, or -1. */
function neighbour({ blocks }: Region, known: readonly KnownRegion[]): number {
  const own = new Set(blocks.map(({ address }) => address))
  return known.findIndex(({ members }) => members.filter((m) => own.has(m)).length * 2 > own.size)
}
