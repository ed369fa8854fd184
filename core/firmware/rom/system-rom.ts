/**
 * The system ROM, F000:0000 to F000:FFFF: entry points and tables where software expects them (rom/layout.ts). Services trap
 * into TypeScript; what must be seen as instructions of the guest is code: interrupt acknowledges, calls to user handlers,
 * waiting, changes of segment registers, and the 32-bit interfaces.
 */
import { font8x8 } from '../fonts/font-8x8.ts'
import { emitApm } from './apm-rom.ts'
import { Assembler } from './assembler.ts'
import { emitBios32 } from './bios32-rom.ts'
import { emitBoot, emitKernelEntry } from './boot-rom.ts'
import { standardDriveTables } from './drive-types.ts'
import { emitInterrupts } from './interrupt-rom.ts'
import { BIOS_DATE, ENTRY, MODEL, SUBMODEL, SYSTEM_ROM_BASE, SYSTEM_ROM_BYTES } from './layout.ts'
import { SERVICE } from './services.ts'
import { emitStepStubs } from './step-stubs.ts'
import { CGA_PARAMETERS } from './video-parameters.ts'

/** Where code without a customary address lies. */
const CODE = 0xc000

/** Builds the 64 KiB image. The same at every call; tables are patched in at POST. */
export function buildSystemRom(): Uint8Array {
  return assembleSystemRom().finish()
}

/** The image with its labels and listing. */
export function assembleSystemRom(): Assembler {
  const a = new Assembler(SYSTEM_ROM_BYTES, SYSTEM_ROM_BASE)
  emitStepStubs(a)
  a.org(CODE)
  emitBoot(a)
  emitKernelEntry(a)
  emitInterrupts(a)
  emitBios32(a)
  emitApm(a)
  emitFixedEntries(a)
  return a
}

function emitFixedEntries(a: Assembler): void {
  const at = (offset: number, target: string) => {
    a.org(offset)
    a.jmp(target)
  }
  at(ENTRY.post, 'post')
  at(ENTRY.nmi, 'dummy_iret')
  at(ENTRY.int13, 'int13')
  a.org(ENTRY.diskTables)
  a.data(standardDriveTables())
  at(ENTRY.int19, 'int19')
  emitConfigTable(a)
  a.org(ENTRY.baudTable)
  // Divisors of 110, 150, 300, 600, 1200, 2400, 4800 and 9600 baud.
  a.word(0x0417, 0x0300, 0x0180, 0x00c0, 0x0060, 0x0030, 0x0018, 0x000c)
  at(ENTRY.int14, 'int14')
  at(ENTRY.int16, 'int16')
  at(ENTRY.int9, 'int9')
  at(ENTRY.int40, 'int40')
  at(ENTRY.int0e, 'int0e')
  a.org(ENTRY.diskette)
  a.data(DISKETTE_PARAMETERS)
  at(ENTRY.int17, 'int17')
  at(ENTRY.int10, 'dummy_iret')
  a.org(ENTRY.videoParameters)
  a.data(CGA_PARAMETERS)
  emitHighEntries(a)
}

function emitHighEntries(a: Assembler): void {
  a.org(ENTRY.int12)
  a.trap(SERVICE.int12)
  a.asm('iret', 0xcf)
  a.org(ENTRY.int11)
  a.trap(SERVICE.int11)
  a.asm('iret', 0xcf)
  a.org(ENTRY.int15)
  a.jmp('int15')
  a.org(ENTRY.font)
  a.data(font8x8.subarray(0, 1024))
  a.org(ENTRY.int1a)
  a.trap(SERVICE.int1a)
  a.asm('iret', 0xcf)
  a.org(ENTRY.int8)
  a.jmp('int8')
  a.org(ENTRY.vectors)
  for (const name of INITIAL_VECTORS) a.word(name)
  a.org(ENTRY.unexpected)
  a.jmp('unexpected')
  a.org(ENTRY.iret)
  a.label('dummy_iret')
  a.asm('iret', 0xcf)
  a.org(ENTRY.int5)
  a.asm('iret', 0xcf)
  a.org(ENTRY.reset)
  a.asm('jmp 0xf000:0xe05b', 0xea, 0x5b, 0xe0, 0x00, 0xf0)
  a.org(ENTRY.date)
  a.ascii(BIOS_DATE)
  a.org(ENTRY.model)
  a.data([MODEL, 0])
}

/** Offsets of the handlers of INT 08h to 1Fh (FEF3h: 24 words). */
const INITIAL_VECTORS: readonly number[] = [
  ENTRY.int8,
  ENTRY.int9,
  ...new Array(4).fill(ENTRY.unexpected),
  ENTRY.int0e,
  ENTRY.unexpected,
  ENTRY.int10,
  ENTRY.int11,
  ENTRY.int12,
  ENTRY.int13,
  ENTRY.int14,
  ENTRY.int15,
  ENTRY.int16,
  ENTRY.int17,
  ENTRY.iret,
  ENTRY.int19,
  ENTRY.int1a,
  ENTRY.iret,
  ENTRY.iret,
  ENTRY.videoParameters,
  ENTRY.diskette,
  0,
]

/**
 * INT 1Eh: step rate and unload, load and no DMA, motor off after 37 ticks, 512 bytes, 18 sectors, gap 1Bh, data length FFh,
 * format gap 6Ch, filler F6h, settle 15 ms, motor start 1 s (PC AT Technical Reference, "Diskette Parameter Table").
 */
const DISKETTE_PARAMETERS = [0xaf, 0x02, 0x25, 0x02, 0x12, 0x1b, 0xff, 0x6c, 0xf6, 0x0f, 0x08] as const

/** INT 15h, AH=C0h: second PIC, RTC, keyboard intercept, EBDA; INT 16h AH=09h. */
function emitConfigTable(a: Assembler): void {
  a.org(ENTRY.configTable)
  a.word(8)
  a.data([MODEL, SUBMODEL, 0, 0x74, 0x40, 0, 0, 0])
}

let labels: Assembler | undefined

/** Offsets of labels in the system ROM. */
export function systemLabels(): (name: string) => number {
  labels ??= assembleSystemRom()
  const rom = labels
  return (name) => rom.offsetOf(name)
}
