/** Where the fuzzer's little machine keeps its things. All addresses are physical, and linear in the identity mapping. */

export const RAM_BYTES = 0x4_0000
export const GDT = 0x1000
export const IDT = 0x1200
export const TSS = 0x1400
export const HANDLERS = 0x5000
export const REAL_HANDLERS = 0x5c00
export const KERNEL_STACK = 0x7000
/** What handlers saw: vector, error code, EIP and CR2 of the last 128 faults; then their variables. */
export const FAULT_LOG = 0x7000
export const LOG_INDEX = 0x7800
export const RESTART_EIP = 0x7804
export const CODE_WINDOW = 0x7808
export const REPAIRS = 0x780c
export const TRACE_COUNT = 0x7810
export const RESTART_ESP = 0x7814
export const CODE = 0x8000
export const CODE_BYTES = 0x3000
export const STACK_TOP = 0xdf00
/** Targets of indirect jumps and calls. */
export const TARGETS = 0xe000
export const SPARE = 0xf000
export const DATA = 0x1_0000
export const DATA_BYTES = 0x8000
/** Two pages of code of which one is mapped at a time. */
export const TWINS = [0x1_b000, 0x1_f000] as const
/** For each byte of code the distance to the next instruction, by the low 14 bits of EIP. */
export const LENGTHS = 0x2_0000
/** Two tables behind each other, for linear 0 to 8 MiB: far from where code goes astray. */
export const PAGE_TABLES = 0x3_0000
export const PAGE_DIRECTORY = 0x3_2000
export const MMIO = 0x4_0000
export const ROM = 0x4_1000

/** Linear addresses of the second page table: other names of pages. */
export const ALIAS = 0x40_0000
export const ALIAS_TWIN = ALIAS + 0x3000
/** Linear 8 MiB up: everything once more in one large page. */
export const LARGE = 0x80_0000

/** Selectors. */
export const FLAT_CODE = 0x08
export const FLAT_DATA = 0x10
export const USER_CODE = 0x1b
export const USER_DATA = 0x23
export const CODE16 = 0x28
export const BASED_DATA = 0x30
export const LIMITED_DATA = 0x38
export const READ_ONLY = 0x40
export const READABLE_CODE = 0x48
export const EXPAND_DOWN = 0x50
export const TASK = 0x58
export const BASED_CODE = 0x60
export const USER_BASED = 0x6b
export const USER_CODE16 = 0x73
