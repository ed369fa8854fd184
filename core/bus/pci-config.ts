/**
 * The 256 bytes of configuration space of one PCI function with a type 0 header (PCI Local Bus Specification 2.1, chapter 6):
 * which bits can be written or cleared, base address registers with their sizing, and the command register that opens them.
 * It drives no bus itself: a BAR's owner is told where its range is, and `portWindow` and `memoryWindow` put it there.
 */
import type { AddressMap, MmioHandler } from '../memory/address-map.ts'
import type { InterruptLine } from './interrupt-line.ts'
import type { PciFunction } from './pci-bus.ts'
import type { PortBus, PortHandler } from './port-bus.ts'

/** Offsets of the header (6.1). */
export const PCI = {
  vendorId: 0x00,
  deviceId: 0x02,
  command: 0x04,
  status: 0x06,
  revision: 0x08,
  classCode: 0x09,
  /** Followed by the latency timer at 0Dh. */
  cacheLineSize: 0x0c,
  headerType: 0x0e,
  bar0: 0x10,
  subsystemVendorId: 0x2c,
  subsystemId: 0x2e,
  rom: 0x30,
  capabilities: 0x34,
  interruptLine: 0x3c,
  interruptPin: 0x3d,
} as const

/** Bits of the command register (6.2.2). */
export const COMMAND_IO = 0x0001
const COMMAND_MEMORY = 0x0002
export const COMMAND_MASTER = 0x0004
const COMMAND_SERR = 0x0100
const COMMAND_INTERRUPT_DISABLE = 0x0400
const STATUS_INTERRUPT = 0x08
/** Error bits of the status register's high byte, cleared by writing ones. */
const STATUS_ERRORS_HIGH = 0xf9

/** What never changes about a function. `classCode` is base class, subclass and interface (24 bits). */
export interface PciIdentity {
  readonly vendorId: number
  readonly deviceId: number
  readonly classCode: number
  readonly revision?: number
  readonly subsystemVendorId?: number
  readonly subsystemId?: number
  /** 1 = INTA#; 0 when the function has no interrupt. */
  readonly interruptPin?: number
  /** Set on function 0 of a device with several. */
  readonly multiFunction?: boolean
}

/** Told where a range begins now, or undefined while it is closed. Called only when that changes. */
export type RangeListener = (base: number | undefined) => void

interface Range {
  readonly offset: number
  readonly kind: 'io' | 'memory' | 'rom'
  readonly bytes: number
  readonly moved: RangeListener
  base: number | undefined
}

/** Saved form of a configuration space. */
export type PciConfigState = { readonly bytes: Uint8Array; readonly interrupt: boolean }

/** One function's configuration space. Values are unsigned and little-endian. */
export class PciConfig implements PciFunction {
  /** Called after a write through the bus has been applied, with the bytes it touched. */
  onWrite: (offset: number, size: 1 | 2 | 4) => void = () => {}
  readonly #bytes = new Uint8Array(256)
  readonly #defaults = new Uint8Array(256)
  readonly #writable = new Uint8Array(256)
  readonly #clearable = new Uint8Array(256)
  readonly #ranges: Range[] = []
  #line: InterruptLine | undefined
  #interrupt = false

  constructor(identity: PciIdentity) {
    this.define(PCI.vendorId, 2, identity.vendorId)
    this.define(PCI.deviceId, 2, identity.deviceId)
    const command = COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER | COMMAND_SERR | COMMAND_INTERRUPT_DISABLE
    this.define(PCI.command, 2, 0, { writable: command })
    this.define(PCI.status + 1, 1, 0, { clearable: STATUS_ERRORS_HIGH })
    this.define(PCI.revision, 4, (identity.classCode << 8) | (identity.revision ?? 0))
    this.define(PCI.cacheLineSize, 2, 0, { writable: 0xffff })
    this.define(PCI.headerType, 1, identity.multiFunction ? 0x80 : 0)
    this.define(PCI.subsystemVendorId, 2, identity.subsystemVendorId ?? 0)
    this.define(PCI.subsystemId, 2, identity.subsystemId ?? 0)
    this.define(PCI.interruptLine, 1, 0, { writable: 0xff })
    this.define(PCI.interruptPin, 1, identity.interruptPin ?? 0)
  }

  /** Gives a register its value after reset and says which of its bits software may write, or clear by writing ones. */
  define(offset: number, size: 1 | 2 | 4, value: number, bits: { writable?: number; clearable?: number } = {}): void {
    for (let i = 0; i < size; i++) {
      this.#bytes[offset + i] = this.#defaults[offset + i] = value >>> (8 * i)
      this.#writable[offset + i] = (bits.writable ?? 0) >>> (8 * i)
      this.#clearable[offset + i] = (bits.clearable ?? 0) >>> (8 * i)
    }
  }

  /** Adds base address register `index` (0 to 5) for `bytes` I/O ports, a power of two from 4 to 256. */
  addIoBar(index: number, bytes: number, moved: RangeListener): void {
    this.#addRange(PCI.bar0 + 4 * index, 'io', bytes, 1, moved)
  }

  /** Adds base address register `index` for `bytes` of memory, a power of two of at least 16. */
  addMemoryBar(index: number, bytes: number, moved: RangeListener, options: { prefetchable?: boolean } = {}): void {
    this.#addRange(PCI.bar0 + 4 * index, 'memory', bytes, options.prefetchable ? 8 : 0, moved)
  }

  /** Adds the expansion ROM register for a ROM of `bytes`, a power of two of at least 2048. */
  addRomBar(bytes: number, moved: RangeListener): void {
    this.#addRange(PCI.rom, 'rom', bytes, 0, moved)
  }

  /** Connects the interrupt pin. The result sets the status bit and obeys the command register's interrupt disable. */
  connectInterrupt(line: InterruptLine): InterruptLine {
    this.#line = line
    return {
      set: (level) => {
        this.#interrupt = level
        this.#driveInterrupt()
      },
    }
  }

  get command(): number {
    return this.read(PCI.command, 2)
  }

  /** Whether the function may access memory by itself. */
  get busMaster(): boolean {
    return (this.command & COMMAND_MASTER) !== 0
  }

  /** Reads without side effects. */
  read(offset: number, size: 1 | 2 | 4): number {
    let value = 0
    for (let i = size - 1; i >= 0; i--) value = (value << 8) | this.#bytes[(offset + i) & 0xff]
    return value >>> 0
  }

  /** Sets a register from the device's side, whatever software may write. */
  set(offset: number, size: 1 | 2 | 4, value: number): void {
    for (let i = 0; i < size; i++) this.#bytes[offset + i] = value >>> (8 * i)
  }

  readConfig(offset: number, size: 1 | 2 | 4): number {
    return this.read(offset, size)
  }

  writeConfig(offset: number, size: 1 | 2 | 4, value: number): void {
    for (let i = 0; i < size; i++) {
      const at = (offset + i) & 0xff
      const byte = (value >>> (8 * i)) & 0xff
      const writable = this.#writable[at]
      const merged = (this.#bytes[at] & ~writable) | (byte & writable)
      this.#bytes[at] = merged & ~(byte & this.#clearable[at])
    }
    this.#apply()
    this.onWrite(offset, size)
  }

  /** Back to the values after RESET#: all ranges closed. */
  reset(): void {
    this.#bytes.set(this.#defaults)
    this.#interrupt = false
    this.#apply()
  }

  save(): PciConfigState {
    return { bytes: this.#bytes.slice(), interrupt: this.#interrupt }
  }

  restore(state: PciConfigState): void {
    this.#bytes.set(state.bytes)
    this.#interrupt = state.interrupt
    this.#apply()
  }

  /** Closes all ranges, so that their owners release what they hold. */
  dispose(): void {
    for (const range of this.#ranges) this.#move(range, undefined)
    this.#line?.set(false)
  }

  #addRange(offset: number, kind: Range['kind'], bytes: number, flags: number, moved: RangeListener): void {
    const enable = kind === 'rom' ? 1 : 0
    this.define(offset, 4, flags, { writable: (-bytes | enable) >>> 0 })
    this.#ranges.push({ offset, kind, bytes, moved, base: undefined })
  }

  #apply(): void {
    for (const range of this.#ranges) this.#move(range, this.#decode(range))
    this.#driveInterrupt()
  }

  #move(range: Range, base: number | undefined): void {
    if (range.base === base) return
    range.base = base
    range.moved(base)
  }

  /** Where a range answers. Sizing leaves all ones in a BAR while decoding is on, so an address that cannot be is no address. */
  #decode({ offset, kind, bytes }: Range): number | undefined {
    const register = this.read(offset, 4)
    if (!(this.command & (kind === 'io' ? COMMAND_IO : COMMAND_MEMORY))) return undefined
    if (kind === 'rom' && !(register & 1)) return undefined
    const base = (register & -bytes) >>> 0
    const end = kind === 'io' ? 0x1_0000 : 0xffff_0000
    return base === 0 || base + bytes > end ? undefined : base
  }

  #driveInterrupt(): void {
    if (!this.#line) return
    this.#bytes[PCI.status] = (this.#bytes[PCI.status] & ~STATUS_INTERRUPT) | (this.#interrupt ? STATUS_INTERRUPT : 0)
    this.#line.set(this.#interrupt && !(this.command & COMMAND_INTERRUPT_DISABLE))
  }
}

/** A listener that claims `count` ports wherever an I/O range is. The handler finds its register in the port's low bits. */
export function portWindow(ports: PortBus, count: number, handler: PortHandler): RangeListener {
  let release = (): void => {}
  return (base) => {
    release()
    release = base === undefined ? () => {} : ports.register(base, count, handler)
  }
}

/**
 * A listener that maps `content` (a handler, or memory by its host offset) wherever a memory range of `bytes` is. Less than a
 * page is mapped as one whole page, whose rest reads as all ones.
 */
export function memoryWindow(
  map: AddressMap,
  bytes: number,
  content: { readonly mmio: MmioHandler } | { readonly host: number; readonly writable: boolean },
): RangeListener {
  let remove = (): void => {}
  let current = 0
  const inside = (gpa: number): boolean => gpa >= current && gpa < current + bytes
  const handler = 'mmio' in content && bytes < 0x1000 ? partOfPage(content.mmio, inside) : undefined
  return (base) => {
    remove()
    remove = () => {}
    if (base === undefined) return
    current = base
    const page = base - (base % 0x1000)
    remove = map.addWindow(page, Math.max(bytes, 0x1000), handler ? { mmio: handler } : content)
  }
}

function partOfPage(handler: MmioHandler, inside: (gpa: number) => boolean): MmioHandler {
  return {
    read: (gpa, size) => (inside(gpa) ? handler.read(gpa, size) : 0xffff_ffff >>> (32 - 8 * size)),
    write: (gpa, size, value) => {
      if (inside(gpa)) handler.write(gpa, size, value)
    },
  }
}
