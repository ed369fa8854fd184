/** Blocks and regions, as discovery finds them and the compiler takes them. */
import type { Form } from '../decode/forms.ts'

/** An edge to a block of the region: the way a branch is taken (true) or goes on (false). */
export interface Edge {
  readonly taken: boolean
  readonly target: RegionBlock
}

export interface RegionBlock {
  /** Its address in the decode cache. */
  readonly address: number
  readonly count: number
  readonly forms: readonly Form[]
  /** Bytes between the region's root and this block's beginning. */
  readonly delta: number
  readonly edges: Edge[]
  /** What its return or indirect jump at the end may go to, among other places. */
  candidates: readonly RegionBlock[]
  /** Its number among the region's entries, or -1. */
  entry: number
  /** Position in reverse postorder; the region's blocks are in this order. */
  order: number
  dominator: number
  /** Forward edges that lead here, and whether some edge leads back here. */
  forward: number
  loop: boolean
  /** It is reached from itself and from what was made for its first time only (region-peel.ts). */
  again: boolean
  /** What it was made for the first time of. */
  firstOf: RegionBlock | undefined
}

export interface Region {
  readonly mode: number
  /** In reverse postorder. With several entries, or indirect jumps inside, the first is a block without code (address 0), which leads to them. */
  readonly blocks: readonly RegionBlock[]
  /** The root is the first. */
  readonly entries: readonly RegionBlock[]
}

/** One without code. */
export function emptyBlock(): RegionBlock {
  return block(0, [], 0)
}

/** A block without edges yet. */
export function block(address: number, forms: readonly Form[], delta: number): RegionBlock {
  return {
    address,
    count: forms.length,
    forms,
    delta,
    edges: [],
    candidates: [],
    entry: -1,
    order: -1,
    dominator: 0,
    forward: 0,
    loop: false,
    again: false,
    firstOf: undefined,
  }
}
