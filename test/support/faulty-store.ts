/** A store whose calls fail when they are told to: full disks, broken disks, and what a power failure leaves. */
import { AppError, type ErrorCode } from '../../core/base/errors.ts'
import type { ByteStore } from '../../core/disk/block-device.ts'

export type FaultyCall = 'read' | 'write' | 'truncate' | 'flush'

export interface Fault {
  /** What fails; `disk/io` by default. */
  readonly code?: Extract<ErrorCode, 'disk/io' | 'disk/full'>
  /** Number of the first call that fails, from 0, counted over the kinds in `calls`. */
  readonly at: number
  /** How many calls fail from there on: one unless told otherwise. */
  readonly count?: number
  /** Kinds of calls that count and fail: writes, truncations and flushes unless told otherwise. */
  readonly calls?: readonly FaultyCall[]
  /** Bytes of a failing write that get into the file all the same. */
  readonly partialBytes?: number
}

/** Passes everything on to another store, but for the calls of its fault. */
export class FaultyStore implements ByteStore {
  fault: Fault | undefined
  /** Calls so far of the kinds that the fault counts; all but reads without a fault. */
  calls = 0
  readonly #store: ByteStore
  readonly #onCall: ((call: FaultyCall) => void) | undefined

  /** `onCall` is called before each call that changes something, such as to take a copy of the file. */
  constructor(store: ByteStore, fault?: Fault, onCall?: (call: FaultyCall) => void) {
    this.#store = store
    this.fault = fault
    this.#onCall = onCall
  }

  get sizeBytes(): number {
    return this.#store.sizeBytes
  }

  get readOnly(): boolean {
    return this.#store.readOnly
  }

  read(position: number, into: Uint8Array, offset = 0, length = into.length - offset): void {
    this.#pass('read')
    this.#store.read(position, into, offset, length)
  }

  write(position: number, from: Uint8Array, offset = 0, length = from.length - offset): void {
    this.#pass('write', () => {
      const partial = Math.min(this.fault?.partialBytes ?? 0, length)
      if (partial > 0) this.#store.write(position, from, offset, partial)
    })
    this.#store.write(position, from, offset, length)
  }

  truncate(sizeBytes: number): void {
    this.#pass('truncate')
    this.#store.truncate(sizeBytes)
  }

  flush(): void {
    this.#pass('flush')
    this.#store.flush()
  }

  close(): void {
    this.#store.close()
  }

  #pass(call: FaultyCall, beforeFailure?: () => void): void {
    if (call !== 'read') this.#onCall?.(call)
    const { fault } = this
    if (!(fault?.calls ?? ['write', 'truncate', 'flush']).includes(call)) return
    const number = this.calls++
    if (!fault || number < fault.at || number >= fault.at + (fault.count ?? 1)) return
    beforeFailure?.()
    const code = fault.code ?? 'disk/io'
    throw new AppError(code, code === 'disk/full' ? 'No space is left (test)' : 'The host disk is broken (test)')
  }
}
