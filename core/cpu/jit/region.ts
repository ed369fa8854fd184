/**
 * A region: blocks of decoded code that become one function, found from a hot block along the links that execution has set, and
 * the shape of their control flow (reverse postorder, dominators, loops) that WebAssembly's structured control flow is made from.
 * Links stay inside a page, so all blocks of a region are in the root's page.
 *
 * Source of the structuring: N. Ramsey, "Beyond Relooper: recursive translation of unstructured control flow to structured
 * control flow", ICFP 2022.
 */
import type { Form } from '../decode/forms.ts'
import * as D from '../decode/op-layout.ts'

const MOST_BLOCKS = 32
const MOST_INSTRUCTIONS = 320

/** An edge to a block of the region: the way a branch is taken (true) or goes on (false). */
export interface Edge {
  readonly taken: boolean
  readonly target: number
}

export interface RegionBlock {
  /** Its address in the decode cache. */
  readonly address: number
  readonly count: number
  readonly forms: readonly Form[]
  /** Bytes between the region's first instruction and this block's. */
  readonly delta: number
  readonly edges: Edge[]
  /** Position in reverse postorder; the region's blocks are in this order. */
  order: number
  dominator: number
  /** Forward edges that lead here, and whether some edge leads back here. */
  forward: number
  loop: boolean
}

export interface Region {
  readonly mode: number
  /** In reverse postorder: the root is the first. */
  readonly blocks: readonly RegionBlock[]
}

/** What region discovery reads: the decode cache, and the form of a record whatever its handler is now. */
export interface CodeReader {
  readonly i32: Int32Array
  formAt(record: number): Form | undefined
}

/** The region that starts with the block at `root`. Blocks that ran fewer than `least` times stay outside. */
export function findRegion(code: CodeReader, root: number, least: number): Region | undefined {
  const word = (at: number) => code.i32[at >> 2]!
  const found = new Map<number, RegionBlock>()
  const rootHost = word(root + D.BLOCK_HOST)
  let instructions = 0
  const add = (address: number): RegionBlock | undefined => {
    const known = found.get(address)
    if (known) return known
    const count = word(address + D.BLOCK_COUNT)
    if (found.size >= MOST_BLOCKS || (found.size && instructions + count > MOST_INSTRUCTIONS)) return undefined
    if (found.size && word(address + D.BLOCK_EXECUTIONS) < least) return undefined
    const forms: Form[] = []
    for (let i = 0; i < count; i++) {
      const form = code.formAt(address + D.BLOCK_HEADER + i * D.OP_BYTES)
      if (!form) return undefined
      forms.push(form)
    }
    instructions += count
    const delta = word(address + D.BLOCK_HOST) - rootHost
    const block = { address, count, forms, delta, edges: [], order: -1, dominator: 0, forward: 0, loop: false }
    found.set(address, block)
    return block
  }
  const first = add(root)
  if (!first) return undefined
  for (const block of found.values()) {
    const last = block.forms.at(-1)!
    const branches = last.operands.some((o) => o.source === 'rel')
    if (last.row.ends && !branches) continue
    const record = block.address + D.BLOCK_HEADER + (block.count - (last.row.ends ? 1 : 0)) * D.OP_BYTES
    for (const taken of branches ? [true, false] : [false]) {
      const link = word(record + (taken ? D.OP_LINK_TAKEN : D.OP_LINK_NEXT))
      const target = link && add(link)
      if (target) block.edges.push({ taken, target: target.address })
    }
  }
  return { mode: word(root + D.BLOCK_MODE), blocks: shape(first, found) }
}

/** Orders the blocks and finds dominators. Edges into the middle of a loop are removed: they leave the region. */
function shape(root: RegionBlock, found: ReadonlyMap<number, RegionBlock>): RegionBlock[] {
  for (;;) {
    const blocks = reversePostorder(root, found)
    dominators(blocks, found)
    let removed = false
    for (const block of blocks)
      for (const edge of [...block.edges]) {
        const target = found.get(edge.target)!
        if (target.order > block.order) target.forward++
        else if (dominates(blocks, target, block)) target.loop = true
        else {
          block.edges.splice(block.edges.indexOf(edge), 1)
          removed = true
        }
      }
    if (!removed) return blocks
  }
}

function reversePostorder(root: RegionBlock, found: ReadonlyMap<number, RegionBlock>): RegionBlock[] {
  const done: RegionBlock[] = []
  const seen = new Set<RegionBlock>()
  const visit = (block: RegionBlock): void => {
    seen.add(block)
    for (const { target } of block.edges) {
      const next = found.get(target)!
      if (!seen.has(next)) visit(next)
    }
    done.push(block)
  }
  visit(root)
  done.reverse()
  for (const [i, block] of done.entries()) {
    block.order = i
    block.forward = 0
    block.loop = false
  }
  return done
}

/** Immediate dominators (Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm"). */
function dominators(blocks: readonly RegionBlock[], found: ReadonlyMap<number, RegionBlock>): void {
  const before: number[][] = blocks.map(() => [])
  for (const block of blocks) for (const { target } of block.edges) before[found.get(target)!.order]!.push(block.order)
  const immediate: number[] = blocks.map((_, i) => (i === 0 ? 0 : -1))
  const meet = (a: number, b: number): number => {
    while (a !== b) {
      while (a > b) a = immediate[a]!
      while (b > a) b = immediate[b]!
    }
    return a
  }
  for (let changed = true; changed; ) {
    changed = false
    for (let i = 1; i < blocks.length; i++) {
      let best = -1
      for (const p of before[i]!) if (immediate[p]! >= 0) best = best < 0 ? p : meet(p, best)
      if (best !== immediate[i]) {
        immediate[i] = best
        changed = true
      }
    }
  }
  for (const [i, block] of blocks.entries()) block.dominator = immediate[i]!
}

function dominates(blocks: readonly RegionBlock[], a: RegionBlock, b: RegionBlock): boolean {
  let at = b.order
  while (at > a.order) at = blocks[at]!.dominator
  return at === a.order
}
