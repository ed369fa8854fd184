/**
 * The shape of a region's control flow that WebAssembly's structured control flow is made from: reverse postorder, dominators,
 * loops. A region with several entries gets a head that leads to each of them, and ways into the middle of a loop go through it.
 *
 * Source: N. Ramsey, "Beyond Relooper: recursive translation of unstructured control flow to structured control flow",
 * ICFP 2022; K. Cooper, T. Harvey, K. Kennedy, "A Simple, Fast Dominance Algorithm".
 */
import type { RegionBlock } from './region-block.ts'
import { emptyBlock } from './region-block.ts'

/**
 * Orders the blocks that `entries` lead to and finds dominators; adds to the entries what must be one. `indirect`: jumps inside
 * the region choose among the entries, so that it has a head even if there is one entry only.
 */
export function shape(entries: RegionBlock[], indirect: boolean): RegionBlock[] {
  const head = emptyBlock()
  for (;;) {
    const several = indirect || entries.length > 1
    if (several) head.edges.splice(0, head.edges.length, ...entries.map((target) => ({ taken: false, target })))
    const blocks = reversePostorder(several ? head : entries[0]!)
    dominators(blocks)
    let added = false
    for (const block of blocks)
      for (const { target } of block.edges)
        if (target.order > block.order) target.forward++
        else if (dominates(blocks, target, block)) target.loop = true
        else if (target.entry < 0) {
          target.entry = entries.push(target) - 1
          added = true
        }
    if (added) continue
    if (several) {
      head.loop = true
      // The head reaches each by a label of its own.
      for (const entry of entries) entry.forward = Math.max(entry.forward, 2)
    }
    return blocks
  }
}

function reversePostorder(root: RegionBlock): RegionBlock[] {
  const done: RegionBlock[] = []
  const seen = new Set<RegionBlock>()
  const visit = (block: RegionBlock): void => {
    seen.add(block)
    for (const { target } of block.edges) if (!seen.has(target)) visit(target)
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

/** Immediate dominators. */
function dominators(blocks: readonly RegionBlock[]): void {
  const before: number[][] = blocks.map(() => [])
  for (const block of blocks) for (const { target } of block.edges) before[target.order]!.push(block.order)
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

export function dominates(blocks: readonly RegionBlock[], a: RegionBlock, b: RegionBlock): boolean {
  let at = b.order
  while (at > a.order) at = blocks[at]!.dominator
  return at === a.order
}
