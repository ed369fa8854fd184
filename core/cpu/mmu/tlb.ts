/**
 * The TLB that generated code looks into: direct-mapped by page number, one for each privilege. An entry is four words: tag
 * for reads, tag for writes (a page's linear address, or `noTag`), host minus linear address, and the host page with
 * flags in its low bits. Pages that hold decoded code have no tag for writes, and those that need attention on every access
 * (MMIO, breakpoints) none at all: such accesses go the slow way. `fill` in fill.ts does in generated code what is done here.
 */
import type { GuestMemory } from '../../memory/guest-memory.ts'
import {
  CODE_MAP_BASE,
  CODE_MAP_ENTRY_BYTES,
  CODE_MAP_WRITER,
  LARGE_PAGES_BASE,
  TLB_BASE_SUPERVISOR,
  TLB_BASE_USER,
  TLB_ENTRIES,
  TLB_USED_BASE,
  TLB_USED_COUNT,
  WRITERS_MANY,
} from '../../memory/layout.ts'

const TLB_ENTRY_BYTES = 16
/** An entry's address, shifted by this, is a page that belongs in it. */
export const TLB_PAGE_SHIFT = 8
export const LARGE_BITS = 22
/** Flags in an entry's last word. The page outlives a load of CR3. */
export const TLB_GLOBAL = 1
/** The guest's tables and the address map allow writes; without a tag for them, the page holds code. */
export const TLB_WRITABLE = 2
/** The entry is in the list of used ones. */
export const TLB_LISTED = 4

export class Tlb {
  readonly #i32: Int32Array
  readonly #u8: Uint8Array

  constructor(memory: GuestMemory) {
    this.#i32 = memory.i32
    this.#u8 = memory.u8
    for (const base of [TLB_BASE_SUPERVISOR, TLB_BASE_USER])
      for (let address = base; address < base + TLB_ENTRIES * TLB_ENTRY_BYTES; address += TLB_ENTRY_BYTES)
        this.#i32.set([noTag(address), noTag(address), 0, 0], address >> 2)
  }

  /** Makes `linear`'s page readable (and writable, but for one that holds code) at host offset `host` (page aligned) for the given privilege. */
  fill(linear: number, host: number, writable: boolean, user: boolean, global: boolean, large: boolean): void {
    const i32 = this.#i32
    const page = linear & 0xffff_f000
    const address = (user ? TLB_BASE_USER : TLB_BASE_SUPERVISOR) + (((page >>> 12) & (TLB_ENTRIES - 1)) << 4)
    const at = address >> 2
    if (!(i32[at + 3] & TLB_LISTED)) i32[(TLB_USED_BASE >> 2) + i32[TLB_USED_COUNT >> 2]++] = address
    const code = codeEntry(host)
    const direct = writable && !(i32[code] | i32[code + 1])
    i32[at] = page
    i32[at + 1] = direct ? page : noTag(address)
    i32[at + 2] = (host - page) | 0
    i32[at + 3] = host | TLB_LISTED | (global ? TLB_GLOBAL : 0) | (writable ? TLB_WRITABLE : 0)
    if (large) this.#u8[LARGE_PAGES_BASE + (linear >>> LARGE_BITS)] = 1
    if (direct) {
      const writer = code + (CODE_MAP_WRITER >> 2)
      i32[writer] = i32[writer] === 0 || i32[writer] === page + 1 ? page + 1 : WRITERS_MANY
    }
  }

  /** Forgets everything; with `keepGlobal` all but global pages. */
  flush(keepGlobal = false): void {
    const i32 = this.#i32
    const list = TLB_USED_BASE >> 2
    const count = i32[TLB_USED_COUNT >> 2]
    let kept = 0
    for (let i = 0; i < count; i++) {
      const at = i32[list + i] >> 2
      if (keepGlobal && i32[at + 3] & TLB_GLOBAL) i32[list + kept++] = i32[list + i]
      else {
        i32[at] = noTag(at << 2)
        i32[at + 1] = i32[at]
        i32[at + 3] = 0
      }
    }
    i32[TLB_USED_COUNT >> 2] = kept
    if (!keepGlobal) this.#u8.fill(0, LARGE_PAGES_BASE, LARGE_PAGES_BASE + 1024)
  }

  /** Whether `linear` may lie in a large page: forgetting one address of it must forget all of them. */
  inLargePage(linear: number): boolean {
    return this.#u8[LARGE_PAGES_BASE + (linear >>> LARGE_BITS)] !== 0
  }

  /** Forgets one page (INVLPG). */
  flushPage(linear: number): void {
    if (!this.inLargePage(linear)) return this.#forget(linear)
    this.#u8[LARGE_PAGES_BASE + (linear >>> LARGE_BITS)] = 0
    const first = (linear >>> LARGE_BITS) * 2 ** LARGE_BITS
    for (let at = first; at < first + 2 ** LARGE_BITS; at += 4096) this.#forget(at)
  }

  #forget(linear: number): void {
    const page = linear & 0xffff_f000
    const index = ((page >>> 12) & (TLB_ENTRIES - 1)) << 4
    this.#clear((TLB_BASE_SUPERVISOR + index) >> 2, page)
    this.#clear((TLB_BASE_USER + index) >> 2, page)
  }

  #clear(at: number, page: number): void {
    const i32 = this.#i32
    if (i32[at] !== page) return
    i32[at] = noTag(at << 2)
    i32[at + 1] = i32[at]
    // It stays in the list: clearing it twice is harmless.
    i32[at + 3] = TLB_LISTED
  }

  /** Takes the write tag of every entry that points at `host` (page aligned): it holds code now. */
  protect(host: number): void {
    const i32 = this.#i32
    const writer = codeEntry(host) + (CODE_MAP_WRITER >> 2)
    const mapped = i32[writer]
    i32[writer] = 0
    if (mapped === 0) return
    if (mapped !== WRITERS_MANY) {
      const index = (((mapped - 1) >>> 12) & (TLB_ENTRIES - 1)) << 4
      this.#protectEntry((TLB_BASE_SUPERVISOR + index) >> 2, host)
      return this.#protectEntry((TLB_BASE_USER + index) >> 2, host)
    }
    const count = i32[TLB_USED_COUNT >> 2]
    for (let i = 0; i < count; i++) this.#protectEntry(i32[(TLB_USED_BASE >> 2) + i] >> 2, host)
  }

  /** Takes all write tags. */
  protectAll(): void {
    const i32 = this.#i32
    const count = i32[TLB_USED_COUNT >> 2]
    for (let i = 0; i < count; i++) {
      const address = i32[(TLB_USED_BASE >> 2) + i]
      i32[(address >> 2) + 1] = noTag(address)
    }
  }

  #protectEntry(at: number, host: number): void {
    if (((this.#i32[at + 3] ^ host) & 0xffff_f000) === 0) this.#i32[at + 1] = noTag(at << 2)
  }
}

/**
 * What the entry at `address` holds instead of a tag: a page that belongs in another entry, so that it differs in its page
 * number from every address that is looked up here. Looking up is an exclusive or and a comparison (see jit/block-ops.ts).
 */
const noTag = (address: number): number => (address << TLB_PAGE_SHIFT) ^ 0x1000

/** Index, in words, of the code map's entry for the page at `host`. */
export function codeEntry(host: number): number {
  return (CODE_MAP_BASE + (host >>> 12) * CODE_MAP_ENTRY_BYTES) >> 2
}
