/**
 * Where a PC's RAM and ROMs are in its 4 GiB of addresses, and the shadowing of ROM by RAM below 1 MiB.
 *
 *   0000_0000  RAM
 *   000A_0000  video (mapped by the display adapter, never here)
 *   000C_0000  video BIOS, option ROMs: RAM or ROM for each 16 KiB, as the host bridge's PAM registers say
 *   000E_0000  the last 128 KiB of the system BIOS, likewise
 *   0010_0000  RAM up to at most 3 GiB; above it is PCI space
 *   FFFx_xxxx  the system BIOS, ending at 4 GiB
 *
 * Reading ROM while writing goes to the RAM beneath it is the one combination that pages of plain memory cannot express; it
 * is a handler (slow, but only ever used while a BIOS copies itself).
 */
import { AppError } from '../base/errors.ts'
import type { AddressMap, MmioHandler } from './address-map.ts'
import type { GuestMemory } from './guest-memory.ts'
import { ROM_BASE, ROM_BYTES } from './layout.ts'

const PAGE_BYTES = 0x1000
const VIDEO_START = 0xa_0000
const ROM_START = 0xc_0000
const BIOS_START = 0xe_0000
const HIGH_START = 0x10_0000
const RAM_LIMIT = 0xc000_0000
const VIDEO_BIOS_LIMIT = 0x1_0000
const SYSTEM_BIOS_LIMIT = 0x4_0000

/** A ROM image in the machine's ROM area: `offset` and `bytes` (multiples of 4096) within `GuestMemory.rom`. */
export interface RomImage {
  readonly offset: number
  readonly bytes: number
}

/** An image and where it answers. */
export interface PlacedRom extends RomImage {
  readonly gpa: number
}

/** Which ROMs a machine has. */
export interface RomPlan {
  readonly systemBios?: RomImage
  /** Video BIOS at C0000 and others from C8000 on, ascending. */
  readonly optionRoms: readonly PlacedRom[]
}

/** The images themselves. `optionRoms` are placed one after the other from C8000 on. */
export interface RomFiles {
  readonly systemBios?: Uint8Array
  readonly videoBios?: Uint8Array
  readonly optionRoms?: readonly Uint8Array[]
}

/**
 * Copies ROM images into the ROM area and says where they answer. Throws `firmware/bad-image` for a system BIOS that is no
 * multiple of 64 KiB up to 256 KiB, and for ROMs that do not fit below E0000.
 */
export function placeRoms(memory: GuestMemory, files: RomFiles): RomPlan {
  memory.rom.fill(0xff)
  let offset = 0
  const store = (image: Uint8Array): RomImage => {
    const bytes = Math.ceil(image.length / PAGE_BYTES) * PAGE_BYTES
    if (offset + bytes > ROM_BYTES) throw badImage('ROM images together', offset + bytes, 'take more than 1 MiB')
    memory.rom.set(image, offset)
    offset += bytes
    return { offset: offset - bytes, bytes }
  }
  const optionRoms: PlacedRom[] = []
  const { systemBios, videoBios } = files
  if (systemBios && (systemBios.length === 0 || systemBios.length % 0x1_0000 || systemBios.length > SYSTEM_BIOS_LIMIT))
    throw badImage('System BIOS', systemBios.length, 'is not a multiple of 64 KiB up to 256 KiB')
  if (videoBios && (videoBios.length === 0 || videoBios.length > VIDEO_BIOS_LIMIT))
    throw badImage('Video BIOS', videoBios.length, 'is empty or longer than 64 KiB')
  const system = systemBios && store(systemBios)
  let gpa = ROM_START
  const place = (image: Uint8Array): void => {
    const rom = { ...store(image), gpa }
    gpa += rom.bytes
    if (gpa > BIOS_START) throw badImage('Option ROM', image.length, 'does not fit below E0000')
    optionRoms.push(rom)
  }
  if (videoBios) place(videoBios)
  gpa = Math.max(gpa, 0xc_8000)
  for (const image of files.optionRoms ?? []) place(image)
  return system ? { systemBios: system, optionRoms } : { optionRoms }
}

function badImage(what: string, bytes: number, why: string): AppError {
  return new AppError('firmware/bad-image', `${what} (${bytes} bytes) ${why}`, { context: { bytes } })
}

/** RAM and ROM of one machine, laid into its address map. */
export class PcMemoryMap {
  readonly #map: AddressMap
  #plan: RomPlan = { optionRoms: [] }

  /** Maps all RAM (at most 3 GiB); nothing answers from C0000 to FFFFF until `shadow` is called. */
  constructor(map: AddressMap) {
    this.#map = map
    const { ramBase, ramBytes } = map.memory
    if (ramBytes > RAM_LIMIT) throw new AppError('spec/invalid', 'A machine has at most 3072 MiB of memory')
    map.unmap(0, Math.min(ramBytes, HIGH_START))
    map.mapMemory(0, Math.min(ramBytes, VIDEO_START), ramBase, true)
    if (ramBytes > HIGH_START) map.mapMemory(HIGH_START, ramBytes - HIGH_START, ramBase + HIGH_START, true)
  }

  /** Maps the system BIOS below 4 GiB and remembers what to show below 1 MiB; the caller then applies its shadowing anew. */
  install(plan: RomPlan): void {
    this.#plan = plan
    const { systemBios } = plan
    if (systemBios)
      this.#map.mapMemory(2 ** 32 - systemBios.bytes, systemBios.bytes, ROM_BASE + systemBios.offset, false)
  }

  /** Sets what reads and writes of `bytes` at `gpa` (C0000 to FFFFF) reach: RAM, or else the ROM there (or nothing). */
  shadow(gpa: number, bytes: number, readRam: boolean, writeRam: boolean): void {
    for (let page = gpa; page < gpa + bytes; page += PAGE_BYTES) this.#shadowPage(page, readRam, writeRam)
  }

  /** Shows the RAM beneath the video window at A0000 (SMRAM opened by the host bridge). Returns the closing. */
  openVideoRam(): () => void {
    const host = this.#map.memory.ramBase + VIDEO_START
    return this.#map.addWindow(VIDEO_START, ROM_START - VIDEO_START, { host, writable: true }, 'above')
  }

  #shadowPage(gpa: number, readRam: boolean, writeRam: boolean): void {
    const { ramBase, ramBytes } = this.#map.memory
    const rom = this.#romAt(gpa)
    if (gpa >= ramBytes && (readRam || writeRam)) this.#map.unmap(gpa, PAGE_BYTES)
    else if (readRam) this.#map.mapMemory(gpa, PAGE_BYTES, ramBase + gpa, writeRam)
    else if (writeRam) this.#map.mapMmio(gpa, PAGE_BYTES, this.#writeThrough)
    else if (rom >= 0) this.#map.mapMemory(gpa, PAGE_BYTES, rom, false)
    else this.#map.unmap(gpa, PAGE_BYTES)
  }

  /** Host offset of the ROM byte that answers at `gpa` below 1 MiB, or -1. */
  #romAt(gpa: number): number {
    const { systemBios, optionRoms } = this.#plan
    if (systemBios && gpa >= BIOS_START && HIGH_START - gpa <= systemBios.bytes)
      return ROM_BASE + systemBios.offset + systemBios.bytes - (HIGH_START - gpa)
    const rom = optionRoms.find((image) => gpa >= image.gpa && gpa < image.gpa + image.bytes)
    return rom ? ROM_BASE + rom.offset + gpa - rom.gpa : -1
  }

  /** Reads ROM, writes the RAM beneath it. */
  readonly #writeThrough: MmioHandler = {
    read: (gpa, size) => {
      const host = this.#romAt(gpa)
      const { view } = this.#map.memory
      if (host < 0) return 0xffff_ffff >>> (32 - 8 * size)
      return size === 1 ? view.getUint8(host) : size === 2 ? view.getUint16(host, true) : view.getUint32(host, true)
    },
    write: (gpa, size, value) => {
      const { view, ramBase, writes } = this.#map.memory
      const host = ramBase + gpa
      writes.touch(host)
      if (size === 1) view.setUint8(host, value)
      else if (size === 2) view.setUint16(host, value, true)
      else view.setUint32(host, value, true)
      this.#map.onDeviceWrite(host, size)
    },
  }
}
