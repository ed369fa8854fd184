/**
 * Blocks that lead back to themselves are made twice: once for the first time round, and once for the loop proper. That one is
 * reached from the same code only, so what has set the flags it begins with is known, and needs no locals that would have to be
 * kept up to date each time round (LazyFlags.enterLoop). What the first time has found out about registers is known, too.
 */
import type { Edge, RegionBlock } from './region-block.ts'
import { block as newBlock } from './region-block.ts'

/** Longer blocks stay as they are: what is saved is the same for each, what it costs is not. */
const MOST_INSTRUCTIONS = 32

/** Adds the blocks for the first time round, which take the place of what they were made from in `entries` and the other `lists`. */
export function peelLoops(
  blocks: readonly RegionBlock[],
  entries: RegionBlock[],
  lists: readonly RegionBlock[][],
): void {
  const added: RegionBlock[] = []
  for (const block of blocks) {
    if (block.count > MOST_INSTRUCTIONS || block.edges.every((edge) => edge.target !== block)) continue
    const first = newBlock(block.address, block.forms, block.delta)
    first.edges.push(...block.edges)
    first.candidates = block.candidates
    first.entry = block.entry
    first.firstOf = block
    block.entry = -1
    block.again = true
    for (const other of [...blocks, ...added]) if (other !== block) replace(other.edges, block, first)
    for (const list of [entries, ...lists]) for (const [i, b] of list.entries()) if (b === block) list[i] = first
    added.push(first)
  }
}

function replace(edges: Edge[], from: RegionBlock, to: RegionBlock): void {
  for (const [i, { taken, target }] of edges.entries()) if (target === from) edges[i] = { taken, target: to }
}
