/**
 * What SSE instructions of a region tell about registers, and want to know: that a register holds no denormal when it is taken for
 * singles or doubles (packed, or one in the lowest lane). Facts are bits of a number: 4 shapes of 8 registers.
 */
import * as D from '../decode/op-layout.ts'
import type { ShapeName } from '../sse/shapes.ts'
import * as L from '../state/layout.ts'
import type { Region, RegionBlock } from './region-block.ts'

export const NAMES: readonly ShapeName[] = ['ps', 'pd', 'ss', 'sd']

export const bitOf = (n: number, shape: ShapeName): number => 1 << (n * 4 + NAMES.indexOf(shape))
const allOf = (n: number): number => 15 << (n * 4)

/** What an instruction does with XMM registers. */
export interface VectorUse {
  readonly registers: readonly { readonly n: number; readonly written: boolean }[]
  /** The first operand, where it is a register, and the second. */
  readonly destination: number | undefined
  readonly source: number | undefined
  /** Shape of its arithmetic (sse/arithmetic.ts). */
  readonly shape: ShapeName | undefined
  /** The operands of its arithmetic are the source and, if so, the destination's old value. */
  readonly plain: boolean
  readonly both: boolean
  /** It writes no register: the destination is an operand like the source. */
  readonly compares: boolean
  /** It copies the source to the destination. */
  readonly copies: boolean
  /** It writes registers that are no operands. */
  readonly forgets: boolean
}

export const ARITHMETIC = /^(ADD|SUB|MUL|DIV|SQRT|U?COMI)(PS|PD|SS|SD)$/
/** Computed with these shapes, but on other values than the operands. */
const HORIZONTAL = /^(?:ADDSUB|HADD|HSUB|DP)(PS|PD)$/
/** Their first operand is not written. */
const READERS = /^(PTEST|MASKMOVDQU)$/
const COPIES = /^MOV(APS|APD|UPS|UPD|DQA|DQU)$/

/** Of each instruction of a block, in order. */
export function usesOf(block: RegionBlock, view: DataView): VectorUse[] {
  return block.forms.map((form, i) => {
    const op = block.address + D.BLOCK_HEADER + i * D.OP_BYTES
    const numbers = form.operands.map((operand) => {
      if (operand.file !== 'xmm' || (operand.source === 'rm' && form.memory) || operand.source === 'memory')
        return undefined
      if (operand.source === 'fixed') return operand.fixed
      return (view.getUint16(op + (operand.source === 'reg' ? D.OP_REG : D.OP_RM), true) - L.XMM) >> 4
    })
    const { mnemonic } = form.row
    const [, operation, suffix] = ARITHMETIC.exec(mnemonic) ?? []
    const shape = suffix ?? HORIZONTAL.exec(mnemonic)?.[1]
    return {
      registers: numbers.flatMap((n, k) =>
        n === undefined ? [] : [{ n, written: k === 0 || form.operands[k]?.source === 'fixed' }],
      ),
      destination: READERS.test(mnemonic) ? undefined : numbers[0],
      source: numbers[1],
      shape: shape?.toLowerCase() as ShapeName | undefined,
      plain: operation !== undefined,
      both: operation !== undefined && operation !== 'SQRT',
      compares: operation?.endsWith('COMI') ?? false,
      copies: COPIES.test(mnemonic) && numbers[0] !== undefined && numbers[1] !== undefined,
      forgets: mnemonic === 'FXRSTOR' || (numbers.length > 2 && numbers[3] !== undefined),
    }
  })
}

/** What is known behind an instruction. */
export function factsBehind(use: VectorUse, known: number): number {
  if (use.forgets) return 0
  const { destination, source, shape } = use
  if (destination === undefined) return known
  let facts = known
  if (use.copies) {
    const bits = (known >>> (source! * 4)) & 15
    return (facts & ~allOf(destination)) | (bits << (destination * 4))
  }
  if (shape && use.plain && source !== undefined) facts |= bitOf(source, shape)
  if (shape && use.compares) return facts | bitOf(destination, shape)
  facts &= ~allOf(destination)
  return shape ? facts | bitOf(destination, shape) : facts
}

/** What is worth knowing before an instruction, when `needed` is behind it. */
function factsBefore(use: VectorUse, needed: number): number {
  if (use.forgets) return 0
  const { destination, source, shape } = use
  if (destination === undefined) return needed
  let facts = use.compares ? needed : needed & ~allOf(destination)
  if (use.copies) return facts | (((needed >>> (destination * 4)) & 15) << (source! * 4))
  if (shape && use.plain) {
    if (use.both) facts |= bitOf(destination, shape)
    if (source !== undefined) facts |= bitOf(source, shape)
  }
  return facts
}

/** What is worth knowing at the beginning of each block: what arithmetic will ask for before registers are written. */
export function factsNeeded(
  region: Region,
  uses: ReadonlyMap<RegionBlock, readonly VectorUse[]>,
): Map<RegionBlock, number> {
  const needs = new Map<RegionBlock, number>()
  for (let changed = true; changed; ) {
    changed = false
    for (const block of [...region.blocks].reverse()) {
      let facts = 0
      for (const { target } of block.edges) facts |= needs.get(target) ?? 0
      for (const use of [...(uses.get(block) ?? [])].reverse()) facts = factsBefore(use, facts)
      if (facts === (needs.get(block) ?? 0)) continue
      needs.set(block, facts)
      changed = true
    }
  }
  return needs
}
