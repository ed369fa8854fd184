/**
 * This terminal as a machine's serial line: what is typed goes there as it is, so that Ctrl-C reaches the guest. Ctrl-A x ends,
 * Ctrl-A Ctrl-A is Ctrl-A. Input that is no terminal goes there too, to its end.
 */

const CTRL_A = 0x01

export interface SerialTerminal {
  /** Gives the terminal back as it was. */
  close(): void
}

/** Splits typed bytes into what goes to the guest and whether Ctrl-A x was among them. */
export class EscapeFilter {
  #escaped = false

  take(bytes: Uint8Array): { pass: Uint8Array; end: boolean } {
    const pass: number[] = []
    for (const byte of bytes) {
      if (!this.#escaped && byte === CTRL_A) {
        this.#escaped = true
        continue
      }
      if (this.#escaped && (byte === 0x78 || byte === 0x58)) return { pass: Uint8Array.from(pass), end: true }
      this.#escaped = false
      pass.push(byte)
    }
    return { pass: Uint8Array.from(pass), end: false }
  }
}

export interface TerminalHandlers {
  onInput(bytes: Uint8Array): void
  /** Ctrl-A x. */
  onEscape(): void
  /** Input that is no terminal has come to its end. */
  onInputEnd?(): void
}

/** Hands standard input on until it is closed. */
export function openSerialTerminal(handlers: TerminalHandlers): SerialTerminal {
  const { stdin } = process
  const terminal = stdin.isTTY
  const filter = new EscapeFilter()
  if (terminal) {
    stdin.setRawMode(true)
    process.stderr.write('The terminal is the serial line COM1. Ctrl-A x ends.\r\n')
  }
  const onData = (bytes: Buffer) => {
    if (!terminal) return handlers.onInput(bytes)
    const { pass, end } = filter.take(bytes)
    if (pass.length > 0) handlers.onInput(pass)
    if (end) handlers.onEscape()
  }
  const onInputEnd = () => handlers.onInputEnd?.()
  stdin.on('data', onData)
  stdin.once('end', onInputEnd)
  // Input that cannot be read (closed, in the background) is no input.
  stdin.on('error', () => {})
  return {
    close() {
      stdin.off('data', onData)
      stdin.off('end', onInputEnd)
      if (terminal) stdin.setRawMode(false)
      stdin.pause()
      stdin.unref?.()
    },
  }
}
