/**
 * The guest's keyboard while the screen has the focus. Keys go by their place, each change once; whatever is down goes up when the
 * focus leaves, so that no key hangs. The host key releases, and with another key it is a command.
 */
import { isKeyCode, type KeyCode, type KeyEvent } from '../../../core/contract/key-codes.ts'

/** The part of a KeyboardEvent that is used. */
export interface KeyPress {
  readonly code: string
  readonly repeat: boolean
}

export interface KeyboardCaptureHandlers {
  /** Which key is the host key at the moment. */
  hostKey(): KeyCode
  send(events: readonly KeyEvent[]): void
  /** The host key was pressed and released by itself. */
  release(): void
  /** The host key with another key. */
  command(code: KeyCode): void
}

/** Keys that macOS and some browsers swallow the release of, while a command key is down. */
const META: readonly KeyCode[] = ['MetaLeft', 'MetaRight']

export class KeyboardCapture {
  readonly #handlers: KeyboardCaptureHandlers
  readonly #down = new Set<KeyCode>()
  #hostDown = false
  #hostUsed = false

  constructor(handlers: KeyboardCaptureHandlers) {
    this.#handlers = handlers
  }

  /** True when the event is the guest's or ours: the browser shall do nothing with it. */
  keyDown({ code, repeat }: KeyPress): boolean {
    if (code === this.#handlers.hostKey()) {
      if (!repeat) {
        this.#hostDown = true
        this.#hostUsed = false
      }
      return true
    }
    if (!isKeyCode(code)) return false
    if (this.#hostDown) {
      this.#hostUsed = true
      if (!repeat) this.#handlers.command(code)
      return true
    }
    // The guest's keyboard repeats by itself.
    if (!repeat && !this.#down.has(code)) {
      this.#down.add(code)
      this.#handlers.send([{ code, down: true }])
    }
    return true
  }

  keyUp({ code }: KeyPress): boolean {
    if (code === this.#handlers.hostKey()) {
      const alone = this.#hostDown && !this.#hostUsed
      this.#hostDown = false
      if (alone) this.#handlers.release()
      return true
    }
    if (!isKeyCode(code)) return false
    if (META.includes(code)) this.releaseAll()
    else if (this.#down.delete(code)) this.#handlers.send([{ code, down: false }])
    return true
  }

  isDown(code: KeyCode): boolean {
    return this.#down.has(code)
  }

  /** The focus has gone: every key goes up. */
  releaseAll(): void {
    this.#hostDown = false
    if (this.#down.size === 0) return
    const events = [...this.#down].toReversed().map((code) => ({ code, down: false }))
    this.#down.clear()
    this.#handlers.send(events)
  }
}
