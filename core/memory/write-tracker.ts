/**
 * Which pages of the saved memory (ROM area, video memory, RAM) have been written since a certain moment. Nothing is tracked until
 * `begin`; then every page is clean, generated code is kept from writing clean pages on its own (their entries of the code map have
 * all bits set, and the TLB no tag for writes), and whoever writes calls `touch` first. The first touch of a page makes it
 * dirty, after its content has been handed to whoever wants the old one.
 */
import { ROM_BASE } from './layout.ts'

const PAGE_BITS = 12
const FIRST_PAGE = ROM_BASE >>> PAGE_BITS

/** The processor's part: what lets generated code write to a page. */
export interface WriteGate {
  /** No page may be written without `touch` any more. */
  closeAll(): void
  /** Page number `page` of the shared memory may be written. */
  open(page: number): void
}

/** Called with the index of a page, from the first saved one, before its first write. */
export type BeforeFirstWrite = (index: number) => void

export class WriteTracker {
  /** By page number of the shared memory: 1 while its first write is awaited. */
  readonly clean: Uint8Array
  gate: WriteGate = { closeAll() {}, open() {} }
  /** Set while old contents are wanted. */
  beforeFirstWrite: BeforeFirstWrite | undefined

  /** `bytes` is the size of the shared memory. */
  constructor(bytes: number) {
    this.clean = new Uint8Array(Math.ceil(bytes / (1 << PAGE_BITS)))
  }

  /** Starts anew: all of the first `count` saved pages are clean. */
  begin(count: number): void {
    this.clean.fill(1, FIRST_PAGE, FIRST_PAGE + count)
    this.gate.closeAll()
  }

  /** For each of the first `count` saved pages 1 if it has been written since `begin`, or if nothing was ever tracked. */
  dirtyPages(count: number): Uint8Array<ArrayBuffer> {
    const dirty = new Uint8Array(count)
    for (let i = 0; i < count; i++) dirty[i] = this.clean[FIRST_PAGE + i] ^ 1
    return dirty
  }

  /** Before a write to the page of `host`, an offset in the shared memory. */
  touch(host: number): void {
    const page = host >>> PAGE_BITS
    if (this.clean[page] !== 0) this.#first(page)
  }

  /** Before a write of `length` bytes from `host` on. */
  touchRange(host: number, length: number): void {
    const last = (host + length - 1) >>> PAGE_BITS
    for (let page = host >>> PAGE_BITS; page <= last; page++) if (this.clean[page] !== 0) this.#first(page)
  }

  #first(page: number): void {
    this.beforeFirstWrite?.(page - FIRST_PAGE)
    this.clean[page] = 0
    this.gate.open(page)
  }
}
