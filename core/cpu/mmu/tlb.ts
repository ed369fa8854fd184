/**
 * The TLB that generated code looks into: direct-mapped by page number, one for each privilege. An entry is four words: tag
 * for reads, tag for writes (a page's linear address, or 0xFFFFFFFF for none), host minus linear address, and the host page.
 * Pages that hold decoded code or need attention on every access (MMIO, breakpoints) have no tag and go the slow way.
 */
import type { GuestMemory } from '../../memory/guest-memory.ts'
import { TLB_BASE_SUPERVISOR, TLB_BASE_USER, TLB_ENTRIES } from '../../memory/layout.ts'

export const TLB_ENTRY_BYTES = 16
const NONE = -1
const LARGE_BITS = 22

export class Tlb {
  readonly #i32: Int32Array
  /** Entries that have been filled since the last flush, so that a flush costs what was used. */
  readonly #used = new Int32Array(2 * TLB_ENTRIES)
  #usedCount = 0
  /** Regions of 4 MiB with entries from large pages. */
  readonly #large = new Set<number>()

  constructor(memory: GuestMemory) {
    this.#i32 = memory.i32
    this.#i32.fill(NONE, TLB_BASE_SUPERVISOR >> 2, (TLB_BASE_SUPERVISOR + TLB_ENTRIES * TLB_ENTRY_BYTES) >> 2)
    this.#i32.fill(NONE, TLB_BASE_USER >> 2, (TLB_BASE_USER + TLB_ENTRIES * TLB_ENTRY_BYTES) >> 2)
  }

  /** Makes `linear`'s page readable (and writable) at host offset `host` (page aligned) for the given privilege. */
  fill(linear: number, host: number, writable: boolean, user: boolean): void {
    const page = linear & 0xffff_f000
    const at = ((user ? TLB_BASE_USER : TLB_BASE_SUPERVISOR) + (((page >>> 12) & (TLB_ENTRIES - 1)) << 4)) >> 2
    if (this.#i32[at] === NONE && this.#usedCount < this.#used.length) this.#used[this.#usedCount++] = at
    this.#i32[at] = page
    this.#i32[at + 1] = writable ? page : NONE
    this.#i32[at + 2] = (host - page) | 0
    this.#i32[at + 3] = host
  }

  /** `linear` lies in a large page: forgetting one address of it must forget all of them. */
  noteLarge(linear: number): void {
    this.#large.add(linear >>> LARGE_BITS)
  }

  flush(): void {
    this.#large.clear()
    for (let i = 0; i < this.#usedCount; i++) {
      const at = this.#used[i]
      this.#i32[at] = NONE
      this.#i32[at + 1] = NONE
    }
    this.#usedCount = 0
  }

  /** Forgets one page (INVLPG). */
  flushPage(linear: number): void {
    if (!this.#large.delete(linear >>> LARGE_BITS)) return this.#forget(linear)
    const first = (linear >>> LARGE_BITS) * 2 ** LARGE_BITS
    for (let at = first; at < first + 2 ** LARGE_BITS; at += 4096) this.#forget(at)
  }

  #forget(linear: number): void {
    const page = linear & 0xffff_f000
    for (const base of [TLB_BASE_SUPERVISOR, TLB_BASE_USER]) {
      const at = (base + (((page >>> 12) & (TLB_ENTRIES - 1)) << 4)) >> 2
      if (this.#i32[at] === page) {
        this.#i32[at + 1] = NONE
        // The read tag stays "used" in the list; clearing it twice is harmless.
        this.#i32[at] = NONE
      }
    }
  }

  /** Takes the write permission of every entry that points at `host` (page aligned): it holds code now. */
  protect(host: number): void {
    for (let i = 0; i < this.#usedCount; i++)
      if (this.#i32[this.#used[i] + 3] === host) this.#i32[this.#used[i] + 1] = NONE
  }
}
