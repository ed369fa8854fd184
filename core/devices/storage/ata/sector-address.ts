/** Sector addresses in the registers of a disk: cylinder, head and sector, 28 bits, or 48 bits (ATA/ATAPI-6 6.2, 6.20). */
import type { Geometry } from '../../../disk/geometry.ts'
import { DEVICE_LBA, REGISTER } from './registers.ts'
import type { TaskFile } from './task-file.ts'

/** How a command's address is written. */
export type AddressForm = 'chs' | 'lba28' | 'lba48'

/** The form of the address in the registers: 48-bit commands have no other. */
export function addressForm(registers: TaskFile, extended: boolean): AddressForm {
  if (extended) return 'lba48'
  return registers.get(REGISTER.device) & DEVICE_LBA ? 'lba28' : 'chs'
}

/** The sector number in the registers, or -1 for a cylinder, head or sector that the geometry does not have. */
export function readAddress(registers: TaskFile, form: AddressForm, geometry: Geometry | undefined): number {
  const low = registers.get(REGISTER.low)
  const cylinder = registers.get(REGISTER.mid) | (registers.get(REGISTER.high) << 8)
  const head = registers.get(REGISTER.device) & 0x0f
  if (form === 'chs') {
    if (!geometry || low === 0 || low > geometry.sectorsPerTrack) return -1
    if (head >= geometry.heads || cylinder >= geometry.cylinders) return -1
    return (cylinder * geometry.heads + head) * geometry.sectorsPerTrack + low - 1
  }
  const low24 = low | (cylinder << 8)
  if (form === 'lba28') return low24 + head * 0x100_0000
  const middle = registers.getPrevious(REGISTER.low) | (registers.getPrevious(REGISTER.mid) << 8)
  return low24 + (middle | (registers.getPrevious(REGISTER.high) << 16)) * 0x100_0000
}

/** Writes the number of `lba` into the registers: where a command ended, or failed. */
export function writeAddress(
  registers: TaskFile,
  form: AddressForm,
  geometry: Geometry | undefined,
  lba: number,
): void {
  const device = registers.get(REGISTER.device) & 0xf0
  if (form === 'chs') {
    if (!geometry) return
    const track = Math.floor(lba / geometry.sectorsPerTrack)
    const cylinder = Math.floor(track / geometry.heads)
    put(registers, (lba % geometry.sectorsPerTrack) + 1, cylinder & 0xff, cylinder >>> 8)
    registers.set(REGISTER.device, device | (track % geometry.heads))
    return
  }
  put(registers, lba & 0xff, (lba >>> 8) & 0xff, (lba >>> 16) & 0xff)
  const high = Math.floor(lba / 0x100_0000)
  if (form === 'lba28') registers.set(REGISTER.device, device | (high & 0x0f))
  else {
    registers.setPrevious(REGISTER.low, high & 0xff)
    registers.setPrevious(REGISTER.mid, (high >>> 8) & 0xff)
    registers.setPrevious(REGISTER.high, (high >>> 16) & 0xff)
  }
}

function put(registers: TaskFile, low: number, mid: number, high: number): void {
  registers.set(REGISTER.low, low)
  registers.set(REGISTER.mid, mid)
  registers.set(REGISTER.high, high)
}

/** Sectors that the count register asks for: 0 is the largest number (256, or 65536). */
export function readCount(registers: TaskFile, extended: boolean): number {
  const count = registers.get(REGISTER.count)
  if (!extended) return count || 0x100
  return count | (registers.getPrevious(REGISTER.count) << 8) || 0x1_0000
}

/** Writes how many sectors are left. */
export function writeCount(registers: TaskFile, extended: boolean, left: number): void {
  registers.set(REGISTER.count, left & 0xff)
  if (extended) registers.setPrevious(REGISTER.count, (left >>> 8) & 0xff)
}
