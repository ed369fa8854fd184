/**
 * The CPU's state in the shared memory, as byte offsets from STATE_BASE (0). Generated code and TypeScript both use these
 * names; nothing else in the project knows an offset.
 *
 * Flags. CF, PF, AF, ZF, SF and OF are kept as two words from which each is one cheap expression, whatever instruction set
 * them, so that nobody has to know which it was:
 *   ZF = FLAGS_RESULT == 0
 *   SF = bit 31 of FLAGS_RESULT xor bit 0 of FLAGS_AUX
 *   PF = even parity of (FLAGS_RESULT xor FLAGS_AUX >> 8) & 0xff
 *   AF = bit 3 of FLAGS_AUX,  CF = bit 31 of FLAGS_AUX,  OF = bit 31 xor bit 30 of FLAGS_AUX
 * An arithmetic instruction stores its sign-extended result and its carry vector (carry out of bit 3 and of the two top bits
 * moved to 31 and 30). EFLAGS holds all other bits (DF, IF, TF, IOPL, NT, RF, VM, AC, VIF, VIP, ID); the six are zero in it.
 */

/** EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI: 8 bytes each, so that 64-bit registers fit; 16 places. */
export const REGISTERS = 0x000
/** Eight bytes that are always zero: base or index register of addresses that have none. */
export const ZERO = 0x080
export const EIP = 0x088
export const FLAGS_RESULT = 0x08c
export const FLAGS_AUX = 0x090
export const EFLAGS = 0x094
/** EIP of the first instruction of the block being executed; a decoded instruction knows its distance from it. */
export const BLOCK_EIP = 0x098
/** Instructions left in this slice (signed). A block takes its length off at its start and does not begin when that makes it negative. */
export const BUDGET = 0x09c
/** Pending fault: 0, or vector + 1. Generated code tests it after every slow-path call and leaves the instruction. */
export const FAULT = 0x0a4
export const FAULT_ERROR = 0x0a8
/** The next instruction runs without interrupts: 1 after STI, 2 after MOV SS and POP SS, when debug exceptions wait, too. */
export const INHIBIT = 0x0ac
/** EIP of that instruction: at any other place INHIBIT is a thing of the past. */
export const INHIBIT_EIP = 0x0ec
export const CPL = 0x0b0
/** Key of everything the decoder and generated code assume (bits MODE_*). A block runs only under the mode it was made for. */
export const MODE = 0x0b4
/** TLB_BASE_SUPERVISOR or TLB_BASE_USER, after CPL. */
export const TLB = 0x0b8
/** Instructions of the current block from the one in a slow path to its end (it included): what the budget counted too early. */
export const REMAINING = 0x0bc
/** EIP of the following instruction, stored before slow paths together with EIP (this one's) and REMAINING. */
export const NEXT_EIP = 0x0c0
/** ESP bits that address the stack: 0xFFFF or 0xFFFFFFFF, after SS.B. */
export const STACK_MASK = 0x0d0
/** Units whose instructions fault now (bits UNIT_*), after CR0 and CR4. */
export const UNIT_TRAPS = 0x0d4
/** Not zero while memory accesses must be looked at one by one: armed data breakpoints, alignment checks. */
export const ACCESS_CHECKS = 0x0d8
/** Flags that exist on this processor. */
export const FLAG_MASK = 0x0dc
/** 1 while the interrupt controller asserts INTR; it may still be 1 when it no longer does. */
export const INTR = 0x0e0
/** 1 while the NMI handler runs: further NMIs wait for IRET. */
export const NMI_MASKED = 0x0e4
/** 1 while the instruction being executed is not followed by a single-step trap: it has changed TF for its successors. */
export const STEP_DONE = 0x0e8
/** 1 while halted by HLT. */
export const HALTED = 0x0c8
/** Second return value of slow paths (high half of 64-bit reads, host address of a probe). */
export const RETURN2 = 0x0cc

/** Segment registers ES, CS, SS, DS, FS, GS, then LDTR and TR: SEGMENT_BYTES each. */
export const SEGMENTS = 0x100
export const SEGMENT_BYTES = 32
export const SEG_SELECTOR = 0
export const SEG_BASE = 4
/** Last valid offset (byte granular), for expand-down segments the one below the first valid offset. */
export const SEG_LIMIT = 8
/** Bits 8 to 23 of the descriptor's high word in place (type, S, DPL, P, AVL, D/B, G), 0 for a null segment. */
export const SEG_ATTRIBUTES = 12
/**
 * Offsets below this may be read (written) by accesses of up to 16 bytes without another check: limit - 14 for ordinary
 * segments, 0 where every access needs the slow path's full check (null, expand-down, tiny, not readable or writable).
 */
export const SEG_READ_END = 16
export const SEG_WRITE_END = 20
export const ES = 0
export const CS = 1
export const SS = 2
export const DS = 3
export const FS = 4
export const GS = 5
export const LDTR = 6
export const TR = 7

export const GDTR_BASE = 0x200
export const GDTR_LIMIT = 0x204
export const IDTR_BASE = 0x208
export const IDTR_LIMIT = 0x20c
export const CR0 = 0x210
export const CR2 = 0x214
export const CR3 = 0x218
export const CR4 = 0x21c
/** DR0 to DR7, 4 bytes each. */
export const DEBUG_REGISTERS = 0x220
/** Page directory pointers cached by PAE's CR3 load: 4 × 8 bytes. */
export const PDPTES = 0x240
/** IA32_SYSENTER_CS, _ESP, _EIP (4 bytes each). */
export const SYSENTER = 0x260
/** Offset added to the cycle count by WRTSC (f64). */
export const TSC_OFFSET = 0x270
export const IA32_PAT = 0x278
export const IA32_MISC_ENABLE = 0x280
export const IA32_APIC_BASE = 0x288

/** x87: control word; status word without TOP (bits 11 to 13 are zero), its ES and B bits always as the others imply. */
export const FPU_CONTROL = 0x300
export const FPU_STATUS = 0x304
/** Abridged tags as FXSAVE stores them: bit i set where physical register i is not empty. MMX instructions set 0xff, EMMS 0. */
export const FPU_TAGS = 0x308
/** Physical register that is ST(0), 0 to 7. */
export const FPU_TOP = 0x30c
/**
 * Last non-control instruction. FPU_IP, FPU_CS and for memory operands FPU_DP and FPU_DS are stored by each; the opcode (11 bits)
 * only by instructions that load an environment, valid while FPU_IP equals FPU_OPCODE_IP, else it is read again at FPU_IP.
 */
export const FPU_OPCODE = 0x310
export const FPU_IP = 0x314
export const FPU_CS = 0x318
export const FPU_DP = 0x31c
export const FPU_DS = 0x320
export const MXCSR = 0x324
/** 1 while an unmasked x87 exception waits for IRQ 13 (FERR# asserted, CR0.NE clear). */
export const FPU_FERR = 0x328
/** 1 after a write to port F0h while FERR# was asserted, until it is not: waiting instructions run despite the exception. */
export const FPU_IGNNE = 0x32c
/** Results of x87 runtime functions that a register cannot return (16 bytes). */
export const FPU_RESULT = 0x330
export const FPU_OPCODE_IP = 0x340
/** SSE exceptions (MXCSR flag bits) that the instruction being executed has met so far. */
export const SSE_RAISED = 0x344
/** 1 after one of them turned out to be unmasked: the instruction ends with #XM. Zero between instructions. */
export const SSE_TRAP = 0x348
/** Scratch of the x87 runtime functions (48 bytes). */
export const FPU_SCRATCH = 0x350
/** Physical registers R0 to R7, 16 bytes each: 64-bit significand, then sign and exponent (16 bits), then zero. MM0-MM7 are the significands. */
export const FPU_REGISTERS = 0x380
export const FPU_REGISTER_BYTES = 16
/** XMM0 to XMM7 (places for 16), 16 bytes each. */
export const XMM = 0x400
/** Scratch for generated code and slow paths. */
export const SCRATCH = 0x600

/** UNIT_TRAPS bits. */
export const UNIT_X87_NM = 1
export const UNIT_WAIT_NM = 2
export const UNIT_MMX_UD = 4
export const UNIT_MMX_NM = 8
export const UNIT_SSE_UD = 16
export const UNIT_SSE_NM = 32

/** MODE bits. */
export const MODE_CODE32 = 1
export const MODE_STACK32 = 2
export const MODE_PROTECTED = 4
export const MODE_VM86 = 8
export const MODE_USER = 16
/** ES, CS, SS and DS have base 0 and limit 4 GiB, and data may be read and written: CpuState.setSegment keeps it up to date. */
export const MODE_FLAT = 32
/** One instruction a block: single step, inhibited interrupts, code breakpoints. */
export const MODE_SINGLE = 64

/** Byte offset of general register `n` (0 EAX to 7 EDI). */
export function registerOffset(n: number): number {
  return REGISTERS + n * 8
}

/** Byte offset of 8-bit register `n` (AL CL DL BL AH CH DH BH). */
export function register8Offset(n: number): number {
  return REGISTERS + (n & 3) * 8 + (n >>> 2)
}

export function segmentOffset(n: number): number {
  return SEGMENTS + n * SEGMENT_BYTES
}

export function xmmOffset(n: number): number {
  return XMM + n * 16
}

export function fpuRegisterOffset(physical: number): number {
  return FPU_REGISTERS + physical * FPU_REGISTER_BYTES
}
