/**
 * What accesses of a loop have found in the TLB, in locals, so that the next time round an access to the same page costs an AND
 * and a comparison. The code made for the loop's first time fills them (region-peel.ts); the loop proper looks there first.
 * Whatever may change the TLB empties them: calls of the slow paths, which are few in a loop.
 */
import type { I32 } from '../../wasm/expr.ts'
import type { FunctionBuilder, Local } from '../../wasm/function-builder.ts'
import { i32 } from '../../wasm/ops.ts'

/** Each takes two of the host's registers. */
const MOST = 3
const PAGE_MASK = 0xffff_f000
/** No page, and no bit that an aligned address is compared with. */
const EMPTY = 0x800

interface Page {
  /** Linear address of the page, or EMPTY. */
  readonly linear: Local<'i32'>
  /** Host minus linear address. */
  readonly addend: Local<'i32'>
}

/** The pages of one loop. */
export class PageMemory {
  readonly #f: FunctionBuilder
  readonly #free: Page[]
  readonly #used = new Map<string, Page>()
  /** Whether code is made for the first time round. */
  filling = true

  constructor(f: FunctionBuilder) {
    this.#f = f
    this.#free = Array.from({ length: MOST }, () => ({ linear: f.local('i32'), addend: f.local('i32') }))
  }

  /**
   * An access of `bytes` at `linear`, number `n` of the instruction `op`: `look` gives the host's address minus the linear one, or goes
   * elsewhere. Returns the host address; undefined if there is no room.
   */
  find(op: number, n: number, linear: I32, bytes: number, look: () => I32): I32 | undefined {
    const f = this.#f
    const name = `${op}:${n}`
    const page = this.#used.get(name) ?? (this.filling ? this.#free.pop() : undefined)
    if (!page) return undefined
    const fill = () => {
      f.set(page.addend, look())
      f.set(page.linear, i32.and(linear, PAGE_MASK))
    }
    if (this.filling) {
      this.#used.set(name, page)
      f.set(page.linear, i32.const(EMPTY))
      fill()
    } else
      f.block((known) => {
        // Addresses that are not aligned are not found here.
        f.brIf(known, i32.eq(i32.and(linear, PAGE_MASK | (bytes - 1)), page.linear))
        fill()
      })
    return i32.add(linear, page.addend)
  }

  /** What the TLB holds may have changed. */
  empty(): void {
    for (const { linear } of this.#used.values()) this.#f.set(linear, i32.const(EMPTY))
  }
}
