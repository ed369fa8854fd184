/** Our chips and QEMU's side by side: every access goes to both, and answers are compared. */
import { expect } from 'vitest'
import { chipAccess } from './chip-access.ts'
import type { FakeContext } from './fake-context.ts'
import type { ChipAccess, QemuChips } from './qemu-chips.ts'

/** Two machines driven alike. */
export class ChipPair {
  readonly ours: ChipAccess
  readonly theirs: QemuChips
  readonly #context: FakeContext

  constructor(context: FakeContext, theirs: QemuChips) {
    this.#context = context
    this.ours = chipAccess(context)
    this.theirs = theirs
  }

  /** Lets both do what they were asked to: ours for `ns` of virtual time, theirs for a turn of its main loop. */
  async settle(ns: number): Promise<void> {
    this.#context.advance(ns)
    await this.theirs.wait()
  }

  async out(port: number, ...values: number[]): Promise<void> {
    for (const value of values) await Promise.all([this.ours.out8(port, value), this.theirs.out8(port, value)])
  }

  /** Reads both: ours, theirs. */
  in8(port: number): Promise<[number, number]> {
    return Promise.all([this.ours.in8(port), this.theirs.in8(port)])
  }

  /** Fails unless both read the same in the bits of `mask`; `what` begins the message. */
  async expectSame(port: number, what: string, mask = 0xff): Promise<number> {
    const [mine, other] = await this.in8(port)
    expect(`${what}: ${(mine & mask).toString(16)}`).toBe(`${what}: ${(other & mask).toString(16)}`)
    return mine
  }
}
