/**
 * Contract messages over a byte stream: each is its length (32 bits, little-endian), a byte that says what it is, and the
 * contents.
 */
import type { Socket } from 'node:net'
import type { Transport } from '../../../core/contract/transport.ts'

const HEADER_BYTES = 5
const JSON_MESSAGE = 0
const BINARY_MESSAGE = 1
const MAX_MESSAGE_BYTES = 64 << 20

/** A transport over `socket`. Whoever sends what is no message is cut off. */
export function streamTransport(socket: Socket): Transport {
  let received = Buffer.alloc(0)
  let closed = false
  const transport: Transport = {
    onMessage: () => {},
    onClose: () => {},
    send(message) {
      if (closed) return
      const binary = message instanceof Uint8Array
      const contents = binary ? message : Buffer.from(JSON.stringify(message))
      const header = Buffer.alloc(HEADER_BYTES)
      header.writeUInt32LE(contents.length, 0)
      header.writeUInt8(binary ? BINARY_MESSAGE : JSON_MESSAGE, 4)
      socket.cork()
      socket.write(header)
      socket.write(contents)
      socket.uncork()
    },
    close: () => void socket.end(),
    get backlogBytes() {
      return socket.writableLength
    },
  }
  const takeMessage = (): boolean => {
    if (received.length < HEADER_BYTES) return false
    const length = received.readUInt32LE(0)
    const kind = received.readUInt8(4)
    if (length > MAX_MESSAGE_BYTES || kind > BINARY_MESSAGE) {
      socket.destroy()
      return false
    }
    if (received.length < HEADER_BYTES + length) return false
    const contents = received.subarray(HEADER_BYTES, HEADER_BYTES + length)
    received = received.subarray(HEADER_BYTES + length)
    if (kind === BINARY_MESSAGE) transport.onMessage(new Uint8Array(contents))
    else {
      try {
        transport.onMessage(JSON.parse(contents.toString('utf8')))
      } catch {
        socket.destroy()
        return false
      }
    }
    return true
  }
  socket.on('data', (data: Buffer<ArrayBuffer>) => {
    received = received.length === 0 ? data : Buffer.concat([received, data])
    while (takeMessage());
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    if (closed) return
    closed = true
    transport.onClose()
  })
  return transport
}
