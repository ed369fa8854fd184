/**
 * Keys that are clicked rather than held. A modifier stays down for the next key; clicked twice it stays until it is clicked a third
 * time.
 */
import type { KeyCode, KeyEvent } from '../../core/contract/key-codes.ts'

export const MODIFIERS: readonly KeyCode[] = [
  'ShiftLeft',
  'ShiftRight',
  'ControlLeft',
  'ControlRight',
  'AltLeft',
  'AltRight',
  'MetaLeft',
  'MetaRight',
]

export type Latch = 'once' | 'locked'

export class StickyKeys {
  /** Modifiers that are down. */
  held = $state.raw<ReadonlyMap<KeyCode, Latch>>(new Map())
  readonly #send: (events: readonly KeyEvent[]) => void

  constructor(send: (events: readonly KeyEvent[]) => void) {
    this.#send = send
  }

  click(code: KeyCode): void {
    if (MODIFIERS.includes(code)) {
      this.#clickModifier(code)
      return
    }
    const once = [...this.held].filter(([, latch]) => latch === 'once').map(([modifier]) => modifier)
    this.#send([
      { code, down: true },
      { code, down: false },
      ...once.toReversed().map((modifier) => ({ code: modifier, down: false })),
    ])
    this.held = new Map([...this.held].filter(([, latch]) => latch === 'locked'))
  }

  /** Everything that is down goes up. */
  releaseAll(): void {
    if (this.held.size === 0) return
    this.#send([...this.held.keys()].toReversed().map((code) => ({ code, down: false })))
    this.held = new Map()
  }

  #clickModifier(code: KeyCode): void {
    const held = new Map(this.held)
    const latch = held.get(code)
    if (latch === 'locked') {
      held.delete(code)
      this.#send([{ code, down: false }])
    } else {
      held.set(code, latch === undefined ? 'once' : 'locked')
      if (latch === undefined) this.#send([{ code, down: true }])
    }
    this.held = held
  }
}
