/**
 * Guest physical addresses: what answers at each 4 KiB page. Plain memory (RAM, ROM, video memory) is named by its offset in
 * the shared memory, so that the TLB can point straight at it; everything else goes to a handler. Pages nobody claims read as
 * all ones. Accesses of devices (DMA, bus mastering, firmware) go through the same map, byte order little-endian.
 */
import type { GuestMemory } from './guest-memory.ts'
import { A20_MASK, PAGE_MAP_BASE } from './layout.ts'

/** Memory-mapped I/O. `gpa` is the guest physical address; values are unsigned; `size` is 1, 2 or 4 and never crosses a page. */
export interface MmioHandler {
  read(gpa: number, size: 1 | 2 | 4): number
  write(gpa: number, size: 1 | 2 | 4, value: number): void
}

/** What a page is. `host` is an offset in the shared memory; without `writable` writes are ignored (ROM). */
export type PageTarget =
  | { readonly host: number; readonly writable: boolean }
  | { readonly mmio: MmioHandler }
  | undefined

const PAGE_BITS = 12
const PAGES = 1 << 20
const PAGE_BYTES = 1 << PAGE_BITS
const UNMAPPED = 0
/** Flags of the page map, which generated code looks into as well. */
export const RAM_FLAG = 1
export const WRITABLE_FLAG = 2
const MMIO_FLAG = 4
/** The page's number, in the shared memory, stands above three flags. */
export const PAGE_SHIFT = 3
const ENTRY_STEP = 1 << PAGE_SHIFT

/** What `addWindow` laid over or under the map. */
interface Window {
  readonly first: number
  readonly count: number
  readonly entry: number
  /** Added to the entry for each page from the first. */
  readonly step: number
  readonly above: boolean
}

function memoryEntry(host: number, writable: boolean): number {
  return (host >>> PAGE_BITS) * ENTRY_STEP + (RAM_FLAG | (writable ? WRITABLE_FLAG : 0))
}

/** The physical address space of one machine (4 GiB; addresses above it are unmapped). */
export class AddressMap {
  readonly memory: GuestMemory
  /** Set by the CPU: translations derived from this map are stale. */
  onChange: () => void = () => {}
  /** Set by the CPU: `length` bytes at offset `host` of the shared memory were written, so code decoded from them is stale. */
  onDeviceWrite: (host: number, length: number) => void = () => {}
  #a20Mask = 0xffff_ffff
  /** What is mapped for good. */
  readonly #base = new Uint32Array(PAGES)
  /** What answers once the windows are counted in: the page map in the shared memory. */
  readonly #pages: Uint32Array
  readonly #windows: Window[] = []
  readonly #handlers: MmioHandler[] = []

  constructor(memory: GuestMemory) {
    this.memory = memory
    this.#pages = new Uint32Array(memory.buffer, PAGE_MAP_BASE, PAGES)
    memory.u32[A20_MASK >> 2] = this.#a20Mask
  }

  /** Maps plain memory at `gpa` (both multiples of 4096) to `host`, an offset in the shared memory. */
  mapMemory(gpa: number, bytes: number, host: number, writable: boolean): void {
    const [first, count] = [gpa >>> PAGE_BITS, bytes / PAGE_BYTES]
    const entry = memoryEntry(host, writable)
    for (let i = 0; i < count; i++) this.#base[first + i] = entry + i * ENTRY_STEP
    this.#resolve(first, count)
  }

  /** Maps a handler at `gpa`. */
  mapMmio(gpa: number, bytes: number, handler: MmioHandler): void {
    const [first, count] = [gpa >>> PAGE_BITS, bytes / PAGE_BYTES]
    this.#base.fill(this.#handlerEntry(handler), first, first + count)
    this.#resolve(first, count)
  }

  unmap(gpa: number, bytes: number): void {
    const [first, count] = [gpa >>> PAGE_BITS, bytes / PAGE_BYTES]
    this.#base.fill(UNMAPPED, first, first + count)
    this.#resolve(first, count)
  }

  /**
   * Adds a window that can be taken away again, as the memory ranges of PCI devices are moved about. A window `beneath` answers
   * only where nothing is mapped (RAM and ROM win over PCI); one `above` covers what is mapped. Of two windows the later one
   * wins. `gpa` and `bytes` are multiples of 4096. Returns the removal.
   */
  addWindow(
    gpa: number,
    bytes: number,
    content: NonNullable<PageTarget>,
    order: 'beneath' | 'above' = 'beneath',
  ): () => void {
    const memory = 'host' in content
    const window: Window = {
      first: gpa >>> PAGE_BITS,
      count: bytes / PAGE_BYTES,
      entry: memory ? memoryEntry(content.host, content.writable) : this.#handlerEntry(content.mmio),
      step: memory ? ENTRY_STEP : 0,
      above: order === 'above',
    }
    // Those above come last, so that they win over every one beneath.
    const firstAbove = this.#windows.findIndex((other) => other.above)
    if (window.above || firstAbove < 0) this.#windows.push(window)
    else this.#windows.splice(firstAbove, 0, window)
    this.#resolve(window.first, window.count)
    return () => {
      const index = this.#windows.indexOf(window)
      if (index < 0) return
      this.#windows.splice(index, 1)
      this.#resolve(window.first, window.count)
    }
  }

  /** Works out anew what answers at `count` pages from `first`. */
  #resolve(first: number, count: number): void {
    const end = Math.min(first + count, PAGES)
    this.#pages.set(this.#base.subarray(first, end), first)
    for (const window of this.#windows) {
      const last = Math.min(end, window.first + window.count)
      for (let page = Math.max(first, window.first); page < last; page++) {
        if (window.above || this.#base[page] === UNMAPPED)
          this.#pages[page] = window.entry + (page - window.first) * window.step
      }
    }
    this.onChange()
  }

  #handlerEntry(handler: MmioHandler): number {
    let index = this.#handlers.indexOf(handler)
    if (index < 0) index = this.#handlers.push(handler) - 1
    return index * ENTRY_STEP + MMIO_FLAG
  }

  get a20(): boolean {
    return (this.#a20Mask & 0x10_0000) !== 0
  }

  set a20(open: boolean) {
    const mask = open ? 0xffff_ffff : 0xffef_ffff
    if (mask === this.#a20Mask) return
    this.#a20Mask = mask
    this.memory.u32[A20_MASK >> 2] = mask
    this.onChange()
  }

  /** What answers at `gpa`, after the A20 gate. */
  target(gpa: number): PageTarget {
    const entry = this.#pages[(gpa & this.#a20Mask) >>> PAGE_BITS]
    if (entry & RAM_FLAG) return { host: (entry >>> 3) * PAGE_BYTES, writable: (entry & WRITABLE_FLAG) !== 0 }
    if (entry & MMIO_FLAG) return { mmio: this.#handlers[entry >>> 3] }
    return undefined
  }

  /** Offset of the byte at `gpa` in the shared memory, or -1 where it is no readable memory. */
  hostForRead(gpa: number): number {
    const masked = (gpa & this.#a20Mask) >>> 0
    const entry = this.#pages[masked >>> PAGE_BITS]
    return entry & RAM_FLAG ? (entry >>> 3) * 4096 + (masked & 0xfff) : -1
  }

  /** The same for writing: -1 for ROM, too. */
  hostForWrite(gpa: number): number {
    const masked = (gpa & this.#a20Mask) >>> 0
    const entry = this.#pages[masked >>> PAGE_BITS]
    return (entry & (RAM_FLAG | WRITABLE_FLAG)) === (RAM_FLAG | WRITABLE_FLAG)
      ? (entry >>> 3) * 4096 + (masked & 0xfff)
      : -1
  }

  /** Reads 1, 2 or 4 bytes (unsigned). An access that crosses a page is split. */
  read(gpa: number, size: 1 | 2 | 4): number {
    gpa >>>= 0
    if ((gpa & 0xfff) + size > 0x1000) {
      let value = 0
      for (let i = 0; i < size; i++) value |= this.read(gpa + i, 1) << (8 * i)
      return value >>> 0
    }
    const masked = (gpa & this.#a20Mask) >>> 0
    const entry = this.#pages[masked >>> PAGE_BITS]
    if (entry & RAM_FLAG) {
      const host = (entry >>> 3) * 4096 + (masked & 0xfff)
      const { view } = this.memory
      return size === 1 ? view.getUint8(host) : size === 2 ? view.getUint16(host, true) : view.getUint32(host, true)
    }
    if (entry & MMIO_FLAG) return this.#handlers[entry >>> 3].read(masked, size) >>> 0
    return size === 1 ? 0xff : size === 2 ? 0xffff : 0xffff_ffff
  }

  /** Writes 1, 2 or 4 bytes as a device or the CPU's slow path does; code decoded from them is dropped. */
  write(gpa: number, size: 1 | 2 | 4, value: number): void {
    gpa >>>= 0
    if ((gpa & 0xfff) + size > 0x1000) {
      for (let i = 0; i < size; i++) this.write(gpa + i, 1, (value >>> (8 * i)) & 0xff)
      return
    }
    const masked = (gpa & this.#a20Mask) >>> 0
    const entry = this.#pages[masked >>> PAGE_BITS]
    if (entry & RAM_FLAG) {
      if (!(entry & WRITABLE_FLAG)) return
      const host = (entry >>> 3) * 4096 + (masked & 0xfff)
      const { view, writes } = this.memory
      writes.touch(host)
      if (size === 1) view.setUint8(host, value)
      else if (size === 2) view.setUint16(host, value, true)
      else view.setUint32(host, value, true)
      this.onDeviceWrite(host, size)
    } else if (entry & MMIO_FLAG) this.#handlers[entry >>> 3].write(masked, size, value >>> 0)
  }

  /** Copies guest memory out, page by page; what is no memory is read byte by byte. */
  readBytes(gpa: number, into: Uint8Array, offset = 0, length = into.length - offset): void {
    for (let done = 0; done < length; ) {
      const address = (gpa + done) >>> 0
      const count = Math.min(length - done, 0x1000 - (address & 0xfff))
      const host = this.hostForRead(address)
      if (host >= 0) into.set(this.memory.u8.subarray(host, host + count), offset + done)
      else for (let i = 0; i < count; i++) into[offset + done + i] = this.read(address + i, 1)
      done += count
    }
  }

  /** Copies bytes into guest memory, page by page. */
  writeBytes(gpa: number, from: Uint8Array, offset = 0, length = from.length - offset): void {
    for (let done = 0; done < length; ) {
      const address = (gpa + done) >>> 0
      const count = Math.min(length - done, 0x1000 - (address & 0xfff))
      const host = this.hostForWrite(address)
      if (host >= 0) {
        this.memory.writes.touch(host)
        this.memory.u8.set(from.subarray(offset + done, offset + done + count), host)
        this.onDeviceWrite(host, count)
      } else for (let i = 0; i < count; i++) this.write(address + i, 1, from[offset + done + i])
      done += count
    }
  }
}
