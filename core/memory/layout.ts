/**
 * How one machine's shared WebAssembly.Memory is divided. Everything the CPU touches lives in it, so that generated code
 * reaches all of it and other threads can look at it.
 *
 *   0x0000000  CPU state (registers, segments, FPU; see cpu/state/layout.ts)
 *   0x0010000  constant tables of the generated code
 *   0x0020000  TLB, supervisor (8192 entries of 16 bytes)
 *   0x0040000  TLB, user
 *   0x0060000  jump cache (8192 entries of 16 bytes)
 *   0x0080000  reserved for the engine
 *   0x0100000  decode cache
 *   0x1900000  ROM images (1 MiB)
 *   0x1a00000  video memory
 *   then       guest RAM
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
/** A word for each compiled region: 0 once its code has changed. */
export const VALIDITY_BASE = ENGINE_BASE + 0x1_0000
export const DECODE_BASE = 0x10_0000
export const DECODE_BYTES = 0x180_0000
/** ROM area, video memory and RAM lie one after the other: what is saved with a machine begins here. */
export const ROM_BASE = 0x190_0000
export const ROM_BYTES = 0x10_0000
export const VRAM_BASE = 0x1a0_0000

/** Where guest RAM begins in the shared memory, given the video memory's size in bytes (a multiple of 64 KiB). */
export function ramBase(vramBytes: number): number {
  return VRAM_BASE + vramBytes
}
