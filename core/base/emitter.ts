/** One kind of event with typed data: the only way that objects of one process tell each other of changes. */
export class Emitter<T> {
  readonly #listeners = new Set<(value: T) => void>()

  /** Calls `listener` at every event until the returned function is called. */
  subscribe(listener: (value: T) => void): () => void {
    // Wrapped, so that subscribing the same function twice is two subscriptions.
    const own = (value: T) => listener(value)
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  emit(value: T): void {
    for (const listener of [...this.#listeners]) listener(value)
  }

  get hasListeners(): boolean {
    return this.#listeners.size > 0
  }
}
