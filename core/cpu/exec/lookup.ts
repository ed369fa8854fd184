/** Finding a decoded block in generated code: BlockCache.lookup for blocks that exist and pages that can be translated. */
import {
  BLOCK_HASH_BASE,
  BLOCK_HASH_ENTRIES,
  JUMP_CACHE_BASE,
  JUMP_CACHE_ENTRIES,
  JUMP_PAGES_BASE,
  JUMPS_GLOBAL_BASE,
  JUMPS_GLOBAL_COUNT,
  JUMPS_USED_BASE,
  JUMPS_USED_COUNT,
} from '../../memory/layout.ts'
import type { I32 } from '../../wasm/expr.ts'
import { select } from '../../wasm/expr.ts'
import type { Callee } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32 } from '../../wasm/ops.ts'
import {
  BLOCK_HOST,
  BLOCK_LENGTH,
  BLOCK_MODE,
  BLOCK_NEXT,
  JUMP_GLOBAL,
  JUMP_LISTED,
  JUMP_LISTED_GLOBAL,
} from '../decode/op-layout.ts'
import { readEntry } from '../mmu/fill.ts'
import { TLB_GLOBAL } from '../mmu/tlb.ts'
import type { Front } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { userMode } from './memory-paths.ts'

/** Address of the jump cache's entry for code at `linear`. */
const jumpEntry = (linear: I32): I32 =>
  i32.add(i32.shl(i32.and(i32.xor(linear, i32.shr_u(linear, 12)), JUMP_CACHE_ENTRIES - 1), 4), JUMP_CACHE_BASE)

export const lookupFront: Front = (f, link, slow) => {
  const decode = () => f.return(callExpr(slow as Callee<'i32'>))
  const mode = f.let(i32.load(0, L.MODE))
  const eip = f.let(i32.load(0, L.EIP))
  const cs = L.segmentOffset(L.CS)
  f.if(i32.or(i32.and(mode, L.MODE_SINGLE), i32.gt_u(eip, i32.load(0, cs + L.SEG_LIMIT))), decode)
  const linear = f.let(i32.add(eip, i32.load(0, cs + L.SEG_BASE)))
  const translation = f.let(callExpr(link.runtime(readEntry), linear, userMode()))
  f.if(i32.or(i32.le_s(translation, 0), i32.eq(linear, -1)), decode)
  const host = f.let(i32.add(linear, i32.load(translation, 8)))
  const hash = i32.xor(i32.xor(host, i32.shr_u(host, 13)), i32.shl(mode, 5))
  const block = f.variable(i32.load(i32.shl(i32.and(hash, BLOCK_HASH_ENTRIES - 1), 2), BLOCK_HASH_BASE))
  f.block((found) => {
    f.loop((again) => {
      f.if(i32.eqz(block), decode)
      f.brIf(found, i32.and(i32.eq(i32.load(block, BLOCK_HOST), host), i32.eq(i32.load(block, BLOCK_MODE), mode)))
      f.set(block, i32.load(block, BLOCK_NEXT))
      f.br(again)
    })
  })
  f.store32(0, 0, L.REMAINING)
  const entry = f.let(jumpEntry(linear))
  const global = f.let(i32.and(i32.load(translation, 12), TLB_GLOBAL))
  const flags = f.let(i32.load(entry, 12))
  const listed = f.let(select(global, i32.const(JUMP_LISTED_GLOBAL), i32.const(JUMP_LISTED)))
  f.if(i32.eqz(i32.and(flags, listed)), () => {
    const list = (count: number, base: number) => {
      const n = f.let(i32.load(0, count))
      f.store32(i32.shl(n, 2), entry, base)
      f.store32(0, i32.add(n, 1), count)
    }
    f.if(
      global,
      () => list(JUMPS_GLOBAL_COUNT, JUMPS_GLOBAL_BASE),
      () => list(JUMPS_USED_COUNT, JUMPS_USED_BASE),
    )
  })
  f.store32(entry, linear)
  f.store32(entry, mode, 4)
  f.store32(entry, block, 8)
  const others = i32.and(flags, JUMP_LISTED | JUMP_LISTED_GLOBAL)
  f.store32(entry, i32.or(others, i32.or(listed, i32.mul(global, JUMP_GLOBAL))), 12)
  const page = f.let(i32.shr_u(linear, 12))
  const word = f.let(i32.shl(i32.shr_u(page, 5), 2))
  f.store32(word, i32.or(i32.load(word, JUMP_PAGES_BASE), i32.shl(1, i32.and(page, 31))), JUMP_PAGES_BASE)
  f.return(block)
}

/** Branches to instructions that cross a page border have no links: the jump cache knows where those lead. */
export const linkFront: Front = (f, _link, slow) => {
  const linear = f.let(i32.add(i32.load(0, L.EIP), i32.load(0, L.segmentOffset(L.CS) + L.SEG_BASE)))
  const entry = f.let(jumpEntry(linear))
  f.if(i32.and(i32.eq(i32.load(entry), linear), i32.eq(i32.load(entry, 4), i32.load(0, L.MODE))), () => {
    const block = f.let(i32.load(entry, 8))
    f.if(i32.eqz(i32.load(block, BLOCK_LENGTH)), () => {
      f.store32(0, 0, L.REMAINING)
      f.return(block)
    })
  })
  f.return(callExpr(slow as Callee<'i32'>, f.param(0, 'i32'), f.param(1, 'i32')))
}
