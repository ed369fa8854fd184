/**
 * The decoded instruction (OP_BYTES bytes in the decode cache) and the block that it belongs to. Places are offsets in the
 * CPU state and fit 16 bits. Control transfers reuse the memory operand's fields for links to decoded successors.
 *
 *   +0  i32 handler index      +12 i32 immediate / relative target from the block's EIP
 *   +4  u16 distance of EIP    +16 i32 displacement            (control: link when taken)
 *   +6  u8  length             +20 u16 base, +22 u16 index      (control: link when not taken)
 *   +7  u8  remaining          +24 u16 segment, +26 u8 scale, +27 u8 flags
 *   +8  u16 reg place          +28 i32 second immediate
 *   +10 u16 rm place
 */
export const OP_BYTES = 32
export const OP_HANDLER = 0
export const OP_DISTANCE = 4
export const OP_LENGTH = 6
export const OP_REMAINING = 7
export const OP_REG = 8
export const OP_RM = 10
export const OP_IMM = 12
export const OP_DISP = 16
export const OP_BASE = 20
export const OP_INDEX = 22
export const OP_SEGMENT = 24
export const OP_SCALE = 26
export const OP_FLAGS = 27
export const OP_IMM2 = 28
export const OP_LINK_TAKEN = 16
export const OP_LINK_NEXT = 20
/** OP_FLAGS: addresses are 16 bits wide. */
export const FLAG_ADDRESS16 = 1

/** Handlers that belong to no row, behind those of the forms: one goes on at the next block, one stands in for code that has changed. */
export const PSEUDO_HANDLERS = 2

/**
 * Block header (BLOCK_HEADER bytes), followed by its instructions.
 *   +0 i32 instructions   +4 i32 host offset of its first byte   +8 i32 mode   +12 i32 length in bytes
 *   +16 i32 executions (for the compiler)  +20 i32 index, +28 distance as a region's entry
 *   +24 i32 next block of its hash
 */
export const BLOCK_HEADER = 32
export const BLOCK_COUNT = 0
export const BLOCK_HOST = 4
export const BLOCK_MODE = 8
export const BLOCK_LENGTH = 12
export const BLOCK_EXECUTIONS = 16
/** Next block with the same hash of host address and mode, or 0. */
export const BLOCK_NEXT = 24

/** Where a block is an entry of a compiled region: its number there, and how many bytes behind the region's root it begins. */
export const BLOCK_ENTRY = 20
export const BLOCK_DELTA = 28

/**
 * A block of one instruction that crosses into the next page has length 0, so that nobody remembers it who does not look at both
 * pages; this bit in its mode; and behind its instruction the host page that the second part was read from.
 */
export const MODE_CROSSING = 0x4000_0000
export const BLOCK_SECOND_PAGE = BLOCK_HEADER + OP_BYTES + OP_IMM

/**
 * Behind the instructions stands a record without one; this half word of it is the handler that the first instruction had when it
 * was decoded: a compiled region takes its place there.
 */
export const TAIL_HANDLER = 8

/** Jump cache entry: linear address, mode, block, flags: whether the page is global (it outlives a load of CR3), and lists it is in. */
export const JUMP_ENTRY_BYTES = 16
export const JUMP_GLOBAL = 1
export const JUMP_LISTED = 2
export const JUMP_LISTED_GLOBAL = 4
