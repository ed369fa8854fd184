/**
 * The answers of SMART (ATA/ATAPI-6 8.54): a disk in good health that keeps no logs. Attributes are vendor specific in the
 * standard; these are the customary ones.
 */

/** Subcommands, in the features register. */
export const SMART = {
  readData: 0xd0,
  readThresholds: 0xd1,
  autosave: 0xd2,
  saveValues: 0xd3,
  offlineImmediate: 0xd4,
  autoOffline: 0xdb,
  enable: 0xd8,
  disable: 0xd9,
  returnStatus: 0xda,
} as const

/** Key that must stand in the registers mid and high, and comes back when the disk is well. */
export const SMART_KEY_MID = 0x4f
export const SMART_KEY_HIGH = 0xc2

const REVISION = 0x0010
const ENTRY_BYTES = 12
/** Number, threshold, raw value: read errors, reallocated sectors, hours, power cycles, temperature in degrees, pending sectors. */
const ATTRIBUTES: readonly (readonly [id: number, threshold: number, raw: number])[] = [
  [1, 6, 0],
  [5, 36, 0],
  [9, 0, 1],
  [12, 0, 1],
  [194, 0, 31],
  [197, 0, 0],
]

function seal(bytes: Uint8Array): Uint8Array {
  bytes[511] = -bytes.subarray(0, 511).reduce((sum, byte) => sum + byte, 0)
  return bytes
}

/** Attribute values (SMART READ DATA). */
export function smartData(): Uint8Array {
  const bytes = new Uint8Array(512)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, REVISION, true)
  ATTRIBUTES.forEach(([id, , raw], i) => {
    const at = 2 + i * ENTRY_BYTES
    bytes[at] = id
    view.setUint16(at + 1, 0x0003, true)
    bytes[at + 3] = 100
    bytes[at + 4] = 100
    view.setUint16(at + 5, raw, true)
  })
  bytes[367] = 0x01 // immediate off-line collection is taken, and does nothing
  view.setUint16(368, 0x0003, true) // values are saved
  return seal(bytes)
}

/** Attribute thresholds. */
export function smartThresholds(): Uint8Array {
  const bytes = new Uint8Array(512)
  new DataView(bytes.buffer).setUint16(0, REVISION, true)
  ATTRIBUTES.forEach(([id, threshold], i) => {
    bytes.set([id, threshold], 2 + i * ENTRY_BYTES)
  })
  return seal(bytes)
}
