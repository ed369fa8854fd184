/** What a serial line has sent, kept while no terminal shows it. */

/** The newest bytes that are kept. */
const MAX_BYTES = 256 * 1024

export class SerialBacklog {
  #chunks: Uint8Array<ArrayBuffer>[] = []
  #bytes = 0
  #listener: ((bytes: Uint8Array<ArrayBuffer>) => void) | undefined

  add(bytes: Uint8Array<ArrayBuffer>): void {
    // A view into a message: a copy lets the message go.
    const own = bytes.slice()
    this.#chunks.push(own)
    this.#bytes += own.length
    while (this.#bytes > MAX_BYTES && this.#chunks.length > 1) this.#bytes -= this.#chunks.shift()?.length ?? 0
    this.#listener?.(own)
  }

  /** Gives `listener` everything that is kept, then what comes, until the returned function is called. */
  show(listener: (bytes: Uint8Array<ArrayBuffer>) => void): () => void {
    for (const chunk of this.#chunks) listener(chunk)
    this.#listener = listener
    return () => {
      if (this.#listener === listener) this.#listener = undefined
    }
  }

  /** Everything that is kept, in pieces. */
  get chunks(): Uint8Array<ArrayBuffer>[] {
    return [...this.#chunks]
  }

  clear(): void {
    this.#chunks = []
    this.#bytes = 0
  }
}
