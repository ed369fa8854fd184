/** The browser's pointer lock around one element. Where it is refused (no permission, no such ability), `isRefused` stays true. */

export interface PointerLockHandlers {
  changed(locked: boolean): void
  /** The user has ended the lock with Escape, which the page does not get to see. */
  escaped(): void
}

export class PointerLock {
  isRefused = false
  readonly #element: () => HTMLElement
  readonly #handlers: PointerLockHandlers
  #leaving = false
  readonly #onChange = () => {
    const locked = this.isLocked
    if (!locked && !this.#leaving && this.#wasLocked && document.hasFocus()) this.#handlers.escaped()
    this.#leaving = false
    if (locked !== this.#wasLocked) this.#handlers.changed(locked)
    this.#wasLocked = locked
  }
  #wasLocked = false

  constructor(element: () => HTMLElement, handlers: PointerLockHandlers) {
    this.#element = element
    this.#handlers = handlers
    document.addEventListener('pointerlockchange', this.#onChange)
  }

  get isLocked(): boolean {
    return document.pointerLockElement !== null && document.pointerLockElement === this.#element()
  }

  async enter(): Promise<void> {
    try {
      await this.#element().requestPointerLock()
    } catch (error) {
      // Asking again too soon after Escape (a SecurityError) or without focus is no refusal for good.
      if (error instanceof DOMException && error.name === 'NotSupportedError') this.isRefused = true
    }
  }

  leave(): void {
    if (!this.isLocked) return
    this.#leaving = true
    document.exitPointerLock()
  }

  dispose(): void {
    this.leave()
    document.removeEventListener('pointerlockchange', this.#onChange)
  }
}
