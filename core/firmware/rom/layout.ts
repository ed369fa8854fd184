/** Fixed places in the system ROM (segment F000h): those that software expects (IBM PC AT BIOS), and room for tables made at POST. */
export const SYSTEM_ROM_BASE = 0xf_0000
export const SYSTEM_ROM_BYTES = 0x1_0000
export const VGA_ROM_BASE = 0xc_0000
export const VGA_ROM_BYTES = 0x8000

export const ENTRY = {
  post: 0xe05b,
  nmi: 0xe2c3,
  int13: 0xe3fe,
  diskTables: 0xe401,
  int19: 0xe6f2,
  configTable: 0xe6f5,
  baudTable: 0xe729,
  int14: 0xe739,
  int16: 0xe82e,
  int9: 0xe987,
  int40: 0xec59,
  int0e: 0xef57,
  diskette: 0xefc7,
  int17: 0xefd2,
  int10: 0xf065,
  videoParameters: 0xf0a4,
  int12: 0xf841,
  int11: 0xf84d,
  int15: 0xf859,
  font: 0xfa6e,
  int1a: 0xfe6e,
  int8: 0xfea5,
  vectors: 0xfef3,
  unexpected: 0xff23,
  iret: 0xff53,
  int5: 0xff54,
  reset: 0xfff0,
  date: 0xfff5,
  model: 0xfffe,
} as const

/** Room for tables that POST writes: a multiple of 16, scanned by operating systems for their signatures. */
export const TABLES = {
  rsdp: 0xf_0200,
  bios32: 0xf_0240,
  smbiosEntry: 0xf_0260,
  pirqRouting: 0xf_0280,
  /** EDD device parameter table extensions, 16 bytes for each of 16 drives. */
  edd: 0xf_0600,
  smbios: 0xf_0800,
  smbiosBytes: 0x800,
} as const

/** Drive tables behind INT 41h and INT 46h: types 46 and 47 of the table at E401h, as CMOS says. */
const DRIVE_TABLE_BYTES = 16
export const FIRST_DRIVE_TYPE = 46

/** Linear address of the table of drive type `type` (1 to 47). */
export function driveTableAddress(type: number): number {
  return SYSTEM_ROM_BASE + ENTRY.diskTables + (type - 1) * DRIVE_TABLE_BYTES
}

/** BIOS date at F000:FFF5, "mm/dd/yy". */
export const BIOS_DATE = '06/01/26'
/** PC AT. */
export const MODEL = 0xfc
export const SUBMODEL = 0x01
