/** Registers and commands of ATA drives. Source: AT Attachment with Packet Interface 6 (INCITS 361-2002), 7 and 8. */

/** Command block registers by their offset from the first port; 7 is status when read and command when written. */
export const REGISTER = {
  data: 0,
  error: 1,
  features: 1,
  count: 2,
  low: 3,
  mid: 4,
  high: 5,
  device: 6,
  status: 7,
} as const

/** Status bits (7.15). */
export const BUSY = 0x80
export const READY = 0x40
export const SEEK_DONE = 0x10
export const REQUEST = 0x08
export const ERROR = 0x01

/** Error bits (7.9, and older standards for the media bits). */
export const ABORTED = 0x04
export const NOT_FOUND = 0x10
export const WRITE_PROTECTED = 0x40
export const UNCORRECTABLE = 0x40
/** Diagnostic code (9.10): device 0 passed, device 1 passed or not there. */
export const DIAGNOSTIC_PASSED = 0x01

/** Device register bits (7.10). */
export const DEVICE_LBA = 0x40
export const DEVICE_SELECT = 0x10
/** Obsolete, and set by all software. */
export const DEVICE_OBSOLETE = 0xa0

/** Device control bits (7.8). */
export const CONTROL_HIGH_ORDER = 0x80
export const CONTROL_RESET = 0x04
export const CONTROL_NO_INTERRUPT = 0x02

/** Commands that both kinds of drives know. */
export const COMMAND = {
  nop: 0x00,
  deviceReset: 0x08,
  readSectors: 0x20,
  readSectorsNoRetry: 0x21,
  readSectorsExt: 0x24,
  readDmaExt: 0x25,
  readNativeMaxExt: 0x27,
  readMultipleExt: 0x29,
  writeSectors: 0x30,
  writeSectorsNoRetry: 0x31,
  writeSectorsExt: 0x34,
  writeDmaExt: 0x35,
  writeMultipleExt: 0x39,
  writeVerify: 0x3c,
  writeDmaFuaExt: 0x3d,
  readVerify: 0x40,
  readVerifyNoRetry: 0x41,
  readVerifyExt: 0x42,
  executeDiagnostic: 0x90,
  initializeParameters: 0x91,
  packet: 0xa0,
  identifyPacket: 0xa1,
  smart: 0xb0,
  readMultiple: 0xc4,
  writeMultiple: 0xc5,
  setMultiple: 0xc6,
  readDma: 0xc8,
  readDmaNoRetry: 0xc9,
  writeDma: 0xca,
  writeDmaNoRetry: 0xcb,
  writeMultipleFuaExt: 0xce,
  standbyImmediate: 0xe0,
  idleImmediate: 0xe1,
  standby: 0xe2,
  idle: 0xe3,
  readBuffer: 0xe4,
  checkPowerMode: 0xe5,
  sleep: 0xe6,
  flushCache: 0xe7,
  writeBuffer: 0xe8,
  flushCacheExt: 0xea,
  identify: 0xec,
  setFeatures: 0xef,
  readNativeMax: 0xf8,
} as const
