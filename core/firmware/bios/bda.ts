/**
 * The BIOS data area at 0040:0000 and what this BIOS keeps in the extended BIOS data area, as linear addresses and offsets.
 * The layout of the former is the IBM PC AT's and PS/2's (Technical Reference, "BIOS Data Area Definitions").
 */
import type { FirmwareMachine } from '../machine.ts'

export const BDA = {
  com: 0x400,
  lpt: 0x408,
  ebdaSegment: 0x40e,
  equipment: 0x410,
  memoryKib: 0x413,
  keyFlags: 0x417,
  keyFlags2: 0x418,
  altDigits: 0x419,
  keyHead: 0x41a,
  keyTail: 0x41c,
  keyBuffer: 0x41e,
  floppyRecalibrate: 0x43e,
  floppyMotors: 0x43f,
  floppyMotorTicks: 0x440,
  floppyStatus: 0x441,
  videoMode: 0x449,
  columns: 0x44a,
  pageBytes: 0x44c,
  pageStart: 0x44e,
  cursors: 0x450,
  cursorShape: 0x460,
  page: 0x462,
  crtcPort: 0x463,
  cgaMode: 0x465,
  cgaPalette: 0x466,
  romPointer: 0x467,
  unexpected: 0x46b,
  ticks: 0x46c,
  midnight: 0x470,
  breakFlag: 0x471,
  resetFlag: 0x472,
  diskStatus: 0x474,
  diskCount: 0x475,
  diskControl: 0x476,
  lptTimeouts: 0x478,
  comTimeouts: 0x47c,
  keyBufferStart: 0x480,
  keyBufferEnd: 0x482,
  rows: 0x484,
  charHeight: 0x485,
  videoControl: 0x487,
  videoSwitches: 0x488,
  vgaFlags: 0x489,
  dccIndex: 0x48a,
  floppyRate: 0x48b,
  diskInterrupt: 0x48e,
  floppyControl: 0x48f,
  floppyMedia: 0x490,
  floppyTrack: 0x494,
  keyFlags3: 0x496,
  keyLeds: 0x497,
  waitPointer: 0x498,
  waitCount: 0x49c,
  waitActive: 0x4a0,
  savePointer: 0x4a8,
  /** Place of the present VBE mode (reserved in IBM's layout, used so by VGA BIOSes). */
  vbeMode: 0x4ba,
} as const

/** Segment of the extended BIOS data area at power-on, just below 640 KiB. */
export const EBDA_SEGMENT = 0x9fc0

/** Offsets in the extended BIOS data area. The pointing device's fields are where PS/2 BIOSes have them. */
export const EBDA = {
  sizeKib: 0x00,
  mouseHandler: 0x22,
  mouseFlags: 0x26,
  mouseFlags2: 0x27,
  mouseData: 0x28,
  /** Media change counts that INT 13h saw last: two floppies, four CD drives (one byte each). */
  floppyChanges: 0x100,
  cdChanges: 0x102,
  /** Status of the last operation of the CD drives. */
  cdStatus: 0x106,
  /** Prevents eject: a lock count for each CD drive. */
  cdLocks: 0x108,
  /** Next attempt in the boot list, and the choice made in the boot menu (FFh none). */
  bootIndex: 0x110,
  bootChoice: 0x111,
  /** 0 before the boot menu was offered, 1 waiting for F12, 2 menu on screen, 3 done, 4 nothing to boot. */
  bootPhase: 0x112,
  menuLine: 0x113,
  /** Which of the machine's hard disks is 80h; the others follow in their order. */
  firstDisk: 0x114,
  /** End of a wait in nanoseconds of the virtual clock (8 bytes, IEEE double); whose wait it is. */
  bootDeadline: 0x118,
  waitDeadline: 0x120,
  waitOwner: 0x128,
  /** 0 none, 1 real mode, 2 and 3 protected mode with 16 and 32 bits. */
  apmConnection: 0x130,
  /** Detection of programs that poll the keyboard: fingerprints of the last two polls, time of the last, how many were the same. */
  pollCount: 0x131,
  pollHash: 0x134,
  pollTime: 0x1e8,
  /** The emulated drive of a CD: see boot/el-torito.ts. */
  elTorito: 0x140,
  /** Translated geometry of up to 16 hard disks: cylinders, heads, sectors, three words each. */
  geometry: 0x180,
} as const

/** Linear address of `offset` in the extended BIOS data area, wherever a memory manager has moved it. */
export function ebdaAddress(machine: FirmwareMachine, offset: number): number {
  return (machine.readLinear16(BDA.ebdaSegment) << 4) + offset
}

const f64 = new Float64Array(1)
const f64Words = new Uint32Array(f64.buffer)

/** Reads a time of the virtual clock from guest memory. */
export function readTime(machine: FirmwareMachine, address: number): number {
  f64Words[0] = machine.readLinear32(address)
  f64Words[1] = machine.readLinear32(address + 4)
  return f64[0]
}

export function writeTime(machine: FirmwareMachine, address: number, ns: number): void {
  f64[0] = ns
  machine.writeLinear32(address, f64Words[0])
  machine.writeLinear32(address + 4, f64Words[1])
}
