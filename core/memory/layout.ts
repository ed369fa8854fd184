/**
 * How one machine's shared WebAssembly.Memory is divided. Everything the CPU touches lives in it, so that generated code
 * reaches all of it and other threads can look at it.
 *
 *   0x0000000  CPU state (registers, segments, FPU; see cpu/state/layout.ts)
 *   0x0010000  constant tables of the generated code
 *   0x0020000  TLB, supervisor (8192 entries of 16 bytes)
 *   0x0040000  TLB, user
 *   0x0060000  jump cache (8192 entries of 16 bytes)
 *   0x0080000  words and lists of the engine
 *   0x0100000  decode cache
 *   0x1900000  page map: what answers at each guest physical page (4 bytes each; see address-map.ts)
 *   0x1d00000  code map: where each page of this memory holds decoded code (16 bytes each)
 *   0x2d00000  ROM images (1 MiB)
 *   0x2e00000  video memory
 *   then       guest RAM
 *
 * The maps have room for 4 GiB; the host gives memory only to what is used of them.
 */
export const TLB_BASE_SUPERVISOR = 0x2_0000
export const TLB_BASE_USER = 0x4_0000
export const TLB_ENTRIES = 8192
export const JUMP_CACHE_BASE = 0x6_0000
export const JUMP_CACHE_ENTRIES = 8192
const ENGINE_BASE = 0x8_0000
/** Executions that make a block hot, as the interpreter compares them (i32; 0: never). */
export const HOT_THRESHOLD = ENGINE_BASE
/** Instructions that compiled code has begun (i64). */
export const COMPILED_COUNT = ENGINE_BASE + 8
/** How often compiled code was left, by reason (i64 each; see cpu/jit/exits.ts): counted while a profile is taken. */
export const EXIT_COUNTS = ENGINE_BASE + 0x80
/** Guest physical address bits that reach the bus: bit 20 is clear while the A20 gate is closed. */
export const A20_MASK = ENGINE_BASE + 16
/** How many words of the lists below are in use. */
export const TLB_USED_COUNT = ENGINE_BASE + 20
export const JUMPS_USED_COUNT = ENGINE_BASE + 24
export const JUMPS_GLOBAL_COUNT = ENGINE_BASE + 28
/** Addresses of the TLB entries (words) that were filled since the last flush, so that a flush costs what was used. */
export const TLB_USED_BASE = ENGINE_BASE + 0x2_0000
/** The same of the jump cache: entries that a load of CR3 empties, and those of global pages. */
export const JUMPS_USED_BASE = ENGINE_BASE + 0x3_0000
export const JUMPS_GLOBAL_BASE = ENGINE_BASE + 0x1_8000
/** A byte for each 4 MiB of linear addresses: whether the TLB has entries from a large page there. */
export const LARGE_PAGES_BASE = ENGINE_BASE + 0x3_8000
/** A bit for each page of linear addresses: whether the jump cache has entries there. */
export const JUMP_PAGES_BASE = ENGINE_BASE + 0x4_0000
/** Heads of the lists of blocks with the same hash of host address and mode. */
export const BLOCK_HASH_BASE = ENGINE_BASE + 0x6_0000
export const BLOCK_HASH_ENTRIES = 0x8000
/** A word for each compiled region: 0 once its code has changed. */
export const VALIDITY_BASE = ENGINE_BASE + 0x1_0000
export const DECODE_BASE = 0x10_0000
export const DECODE_BYTES = 0x180_0000
/** See AddressMap. */
export const PAGE_MAP_BASE = 0x190_0000
/**
 * For each page of this memory: a bit for each 64 bytes of it that some block was decoded from (64 bits; all of
 * them while the first write is awaited, see write-tracker.ts), then how it is mapped for
 * writing in the TLB: 0 not at all, a linear page + 1 at that one alone, 2 at several.
 */
export const CODE_MAP_BASE = 0x1d0_0000
export const CODE_MAP_ENTRY_BYTES = 16
export const CODE_MAP_WRITER = 8
export const WRITERS_MANY = 2
/** ROM area, video memory and RAM lie one after the other: what is saved with a machine begins here. */
export const ROM_BASE = 0x2d0_0000
export const ROM_BYTES = 0x10_0000
export const VRAM_BASE = 0x2e0_0000

/** Where guest RAM begins in the shared memory, given the video memory's size in bytes (a multiple of 64 KiB). */
export function ramBase(vramBytes: number): number {
  return VRAM_BASE + vramBytes
}
