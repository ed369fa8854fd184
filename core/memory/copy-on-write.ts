/**
 * The memory of one moment, while the guest goes on writing: two threads agree page by page on who copies what.
 *
 * A word for each page says how far it is. The writer (another thread) takes pages in its order: it claims one, copies it, and
 * says so. The machine's thread, about to write a page that is still untouched, copies it into a slot of the spare memory first.
 * Slots come back when the writer has taken their content.
 *
 *   WAITING    nobody has it yet; it holds what it held
 *   CLAIMED    the writer is copying it: the machine waits for some microseconds
 *   SAVING     the machine is copying it: the writer waits
 *   DONE       the writer has it
 *   SLOT + n   its old content is in slot n
 */
const WAITING = 0
const CLAIMED = 1
const SAVING = 2
const DONE = 3
const SLOT = 4

const PAGE_BYTES = 4096
/** Looks at a word before the thread sleeps on it. */
const SPINS = 2000
const SLEEP_MS = 1

/** What both threads share. The host gives the spare memory only to slots that are used. */
export interface CopyOnWriteBuffers {
  readonly claims: SharedArrayBuffer
  readonly spare: SharedArrayBuffer
  /** Word 0: slots given back so far; then a ring with room for all of them. */
  readonly returned: SharedArrayBuffer
}

export function createCopyOnWriteBuffers(pages: number): CopyOnWriteBuffers {
  return {
    claims: new SharedArrayBuffer(pages * 4),
    spare: new SharedArrayBuffer(pages * PAGE_BYTES),
    returned: new SharedArrayBuffer(4 + pages * 4),
  }
}

/** Sleeps until the word at `index` is no longer `value`. */
function awaitChange(words: Int32Array<SharedArrayBuffer>, index: number, value: number): number {
  for (let spin = 0; ; spin++) {
    const now = Atomics.load(words, index)
    if (now !== value) return now
    if (spin >= SPINS) Atomics.wait(words, index, value, SLEEP_MS)
  }
}

/** The machine's side: call `preserve` before the first write to a page. */
export class PagePreserver {
  readonly #memory: Uint8Array
  readonly #claims: Int32Array<SharedArrayBuffer>
  readonly #spare: Uint8Array
  readonly #returned: Int32Array<SharedArrayBuffer>
  #fresh = 0
  #reused = 0

  /** `memory` is the saved memory. */
  constructor(memory: Uint8Array, buffers: CopyOnWriteBuffers) {
    this.#memory = memory
    this.#claims = new Int32Array(buffers.claims)
    this.#spare = new Uint8Array(buffers.spare)
    this.#returned = new Int32Array(buffers.returned)
  }

  /** Pages copied into slots that no other had had before: what the spare memory costs. */
  get slots(): number {
    return this.#fresh
  }

  preserve(page: number): void {
    const seen = Atomics.compareExchange(this.#claims, page, WAITING, SAVING)
    if (seen === CLAIMED) awaitChange(this.#claims, page, CLAIMED)
    if (seen !== WAITING) return
    const slot = this.#takeSlot()
    const at = page * PAGE_BYTES
    this.#spare.set(this.#memory.subarray(at, at + PAGE_BYTES), slot * PAGE_BYTES)
    Atomics.store(this.#claims, page, SLOT + slot)
    Atomics.notify(this.#claims, page)
  }

  /** Every page needs at most one slot, so there is always one. */
  #takeSlot(): number {
    if (this.#reused < Atomics.load(this.#returned, 0)) return Atomics.load(this.#returned, 1 + this.#reused++)
    return this.#fresh++
  }
}

/** The writer's side: `read` gives each page once, as it was at the moment. */
export class PageCollector {
  readonly #memory: Uint8Array
  readonly #claims: Int32Array<SharedArrayBuffer>
  readonly #spare: Uint8Array
  readonly #returned: Int32Array<SharedArrayBuffer>

  constructor(memory: Uint8Array, buffers: CopyOnWriteBuffers) {
    this.#memory = memory
    this.#claims = new Int32Array(buffers.claims)
    this.#spare = new Uint8Array(buffers.spare)
    this.#returned = new Int32Array(buffers.returned)
  }

  /** Copies the page into `into` at `offset`. */
  read(page: number, into: Uint8Array, offset: number): void {
    let state = Atomics.compareExchange(this.#claims, page, WAITING, CLAIMED)
    const at = page * PAGE_BYTES
    if (state === WAITING) {
      into.set(this.#memory.subarray(at, at + PAGE_BYTES), offset)
      Atomics.store(this.#claims, page, DONE)
      Atomics.notify(this.#claims, page)
      return
    }
    if (state === SAVING) state = awaitChange(this.#claims, page, SAVING)
    const slot = state - SLOT
    into.set(this.#spare.subarray(slot * PAGE_BYTES, (slot + 1) * PAGE_BYTES), offset)
    Atomics.store(this.#claims, page, DONE)
    const returned = Atomics.load(this.#returned, 0)
    Atomics.store(this.#returned, 1 + returned, slot)
    Atomics.store(this.#returned, 0, returned + 1)
  }

  /** The page is not wanted: the guest may write it without a copy. */
  skip(page: number): void {
    if (Atomics.compareExchange(this.#claims, page, WAITING, DONE) === SAVING) awaitChange(this.#claims, page, SAVING)
  }
}
