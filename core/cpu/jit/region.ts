/**
 * A region: blocks of decoded code that become one function, found from a hot block along the links that execution has set.
 * Links stay inside a page, so all blocks of a region are in the root's page. Where calls return to, and what a jump through
 * a table may lead to, are entries: the region can be entered there, and a return or indirect jump inside it goes there directly.
 */
import type { Form } from '../decode/forms.ts'
import * as D from '../decode/op-layout.ts'
import { block, type Region, type RegionBlock } from './region-block.ts'
import { peelLoops } from './region-peel.ts'
import { shape } from './region-shape.ts'

const MOST_BLOCKS = 128
const MOST_INSTRUCTIONS = 1280
/** Targets that one jump through a table is compared with. */
const MOST_TARGETS = 48

/** What region discovery reads: the decode cache, the forms of its instructions whatever their handlers are now, and blocks by place. */
export interface CodeReader {
  readonly i32: Int32Array
  readonly u16: Uint16Array
  /** The form of the instruction `i` of `block`, or undefined. */
  formAt(block: number, i: number): Form | undefined
  /** The block decoded at a host address in a mode, or 0. */
  blockAt(host: number, mode: number): number
  /** Blocks of the root's page. */
  readonly blocksInPage: readonly number[]
}

/** Where the search for a region begins, and what it takes. */
export interface RegionSeeds {
  /** The first entry: its block becomes the region's root. */
  readonly root: number
  /** Further blocks that are to be entries. */
  readonly entries: readonly number[]
  /** Blocks that are taken however often they ran. */
  readonly members: ReadonlySet<number>
  /** Other blocks that ran fewer times than this stay outside. */
  readonly least: number
}

/** The region around `seeds`; undefined when its root is not what can be compiled. */
export function findRegion(code: CodeReader, seeds: RegionSeeds): Region | undefined {
  return new RegionSearch(code, seeds).region()
}

class RegionSearch {
  readonly #code: CodeReader
  readonly #seeds: RegionSeeds
  readonly #root: number
  readonly #least: number
  readonly #mode: number
  readonly #found = new Map<number, RegionBlock>()
  readonly #entries: RegionBlock[] = []
  /** Where calls of the region return to, and targets of its jumps through tables. */
  readonly #returns: RegionBlock[] = []
  readonly #targets: RegionBlock[] = []
  #instructions = 0

  constructor(code: CodeReader, seeds: RegionSeeds) {
    this.#code = code
    this.#seeds = seeds
    this.#root = seeds.root
    this.#least = seeds.least
    this.#mode = this.#word(seeds.root + D.BLOCK_MODE)
  }

  #word(at: number): number {
    return this.#code.i32[at >> 2]!
  }

  #add(address: number): RegionBlock | undefined {
    const known = this.#found.get(address)
    if (known) return known
    const count = this.#word(address + D.BLOCK_COUNT)
    if (this.#found.size > 0) {
      if (this.#found.size >= MOST_BLOCKS || this.#instructions + count > MOST_INSTRUCTIONS) return undefined
      if (!this.#seeds.members.has(address) && this.#word(address + D.BLOCK_EXECUTIONS) < this.#least) return undefined
    }
    const forms: Form[] = []
    for (let i = 0; i < count; i++) {
      const form = this.#code.formAt(address, i)
      if (!form) return undefined
      forms.push(form)
    }
    this.#instructions += count
    const delta = this.#word(address + D.BLOCK_HOST) - this.#word(this.#root + D.BLOCK_HOST)
    const found = block(address, forms, delta)
    this.#found.set(address, found)
    return found
  }

  #addEntry(address: number, list: RegionBlock[]): void {
    const target = address && this.#add(address)
    if (!target) return
    if (target.entry < 0) target.entry = this.#entries.push(target) - 1
    if (!list.includes(target)) list.push(target)
  }

  region(): Region | undefined {
    const root = this.#add(this.#root)
    if (!root) return undefined
    root.entry = this.#entries.push(root) - 1
    for (const address of this.#seeds.entries) {
      const entry = this.#add(address)
      if (entry && entry.entry < 0) entry.entry = this.#entries.push(entry) - 1
    }
    for (const found of this.#found.values()) this.#follow(found)
    for (const found of this.#found.values()) {
      const kind = indirect(found)
      if (kind) found.candidates = kind === 'return' ? this.#returns : this.#targets
    }
    // Where everything leads to everything, what a loop begins with is known to nobody.
    if (this.#targets.length === 0) peelLoops([...this.#found.values()], this.#entries, [this.#returns])
    return {
      mode: this.#mode,
      blocks: shape(
        this.#entries,
        [...this.#found.values()].some((b) => b.candidates.length > 0),
      ),
      entries: this.#entries,
    }
  }

  #follow(from: RegionBlock): void {
    const last = from.forms.at(-1)!
    const branches = last.operands.some((o) => o.source === 'rel')
    const end = from.address + D.BLOCK_HEADER + from.count * D.OP_BYTES
    if (!last.row.ends || branches) {
      const record = last.row.ends ? end - D.OP_BYTES : end
      for (const taken of branches ? [true, false] : [false]) {
        const link = this.#word(record + (taken ? D.OP_LINK_TAKEN : D.OP_LINK_NEXT))
        const target = link && this.#add(link)
        if (target) from.edges.push({ taken, target })
      }
    }
    if (last.row.mnemonic === 'CALL') {
      const behind = this.#word(from.address + D.BLOCK_HOST) + this.#code.u16[(end + D.OP_DISTANCE) >> 1]!
      if ((behind ^ this.#word(this.#root + D.BLOCK_HOST)) >>> 12 === 0)
        this.#addEntry(this.#code.blockAt(behind, this.#mode), this.#returns)
    }
    if (indirect(from) === 'jump' && this.#targets.length === 0) this.#addTargets()
  }

  /** Code of the page that has run often: where a jump through a table may lead. */
  #addTargets(): void {
    const hot = this.#code.blocksInPage
      .filter((b) => this.#word(b + D.BLOCK_MODE) === this.#mode && this.#word(b + D.BLOCK_EXECUTIONS) >= this.#least)
      .sort((a, b) => this.#word(b + D.BLOCK_EXECUTIONS) - this.#word(a + D.BLOCK_EXECUTIONS))
    for (const address of hot.slice(0, MOST_TARGETS)) this.#addEntry(address, this.#targets)
  }
}

/** How a block ends that goes where a register or memory says. */
function indirect({ forms }: RegionBlock): 'return' | 'jump' | undefined {
  const last = forms.at(-1)!
  if (last.row.mnemonic === 'RET') return 'return'
  return last.row.mnemonic === 'JMP' && last.row.opcode === 'FF /4' ? 'jump' : undefined
}
