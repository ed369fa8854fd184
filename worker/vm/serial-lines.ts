/** The host's side of the serial ports: output in batches, input as fast as the guest's receiver takes it. */
import type { SerialPort } from '../../core/machine/machine.ts'

const BATCH_BYTES = 4096
/** Input that waits for a guest which does not read; more is lost, as on a line without flow control. */
const MOST_WAITING_BYTES = 1 << 20

interface Line {
  readonly port: SerialPort
  readonly output: Uint8Array<ArrayBuffer>
  outputLength: number
  input: Uint8Array
  inputPosition: number
}

export class SerialLines {
  readonly #lines: readonly Line[]
  readonly #onOutput: (port: number, bytes: Uint8Array<ArrayBuffer>) => void

  /** `onOutput` owns the bytes it gets. */
  constructor(ports: readonly SerialPort[], onOutput: (port: number, bytes: Uint8Array<ArrayBuffer>) => void) {
    this.#onOutput = onOutput
    this.#lines = ports.map((port) => {
      const line: Line = {
        port,
        output: new Uint8Array(BATCH_BYTES),
        outputLength: 0,
        input: new Uint8Array(0),
        inputPosition: 0,
      }
      port.onOutput = (byte) => {
        line.output[line.outputLength++] = byte
        if (line.outputLength === BATCH_BYTES) this.#flushLine(line)
      }
      return line
    })
  }

  /** Queues input for COM `port`; without such a port it goes nowhere. */
  send(port: number, bytes: Uint8Array): void {
    const line = this.#lines.find((candidate) => candidate.port.port === port)
    if (!line) return
    const waiting = line.input.subarray(line.inputPosition)
    const room = Math.max(0, MOST_WAITING_BYTES - waiting.length)
    const joined = new Uint8Array(waiting.length + Math.min(bytes.length, room))
    joined.set(waiting)
    joined.set(bytes.subarray(0, room), waiting.length)
    line.input = joined
    line.inputPosition = 0
  }

  /** Gives each receiver what it has room for. */
  feed(): void {
    for (const line of this.#lines) {
      while (line.inputPosition < line.input.length && line.port.canReceive())
        line.port.receive(line.input[line.inputPosition++] ?? 0)
    }
  }

  /** Hands on what the guest has sent since the last time. */
  flush(): void {
    for (const line of this.#lines) if (line.outputLength > 0) this.#flushLine(line)
  }

  #flushLine(line: Line): void {
    const bytes = line.output.slice(0, line.outputLength)
    line.outputLength = 0
    this.#onOutput(line.port.port, bytes)
  }
}
