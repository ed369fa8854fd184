/**
 * Transports over what browsers, Node and Electron offer, typed by the few members that are used, so that this file needs
 * neither DOM nor Node: WebSocket (JSON text and binary frames) and MessagePort (structured clones).
 */
import type { Transport } from './transport.ts'

/** A browser's WebSocket, or one of the package `ws`. */
export interface WebSocketLike {
  binaryType: string
  readonly bufferedAmount: number
  readonly readyState: number
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close' | 'open', listener: () => void): void
}

const CONNECTING = 0
const OPEN = 1

/** A transport over `socket`; messages sent while it is still connecting wait. */
export function webSocketTransport(socket: WebSocketLike): Transport {
  socket.binaryType = 'arraybuffer'
  let waiting: (string | Uint8Array<ArrayBuffer>)[] = []
  let closed = false
  const transport: Transport = {
    onMessage: () => {},
    onClose: () => {},
    send(message) {
      const data = message instanceof Uint8Array ? (message as Uint8Array<ArrayBuffer>) : JSON.stringify(message)
      if (socket.readyState === OPEN) socket.send(data)
      else if (socket.readyState === CONNECTING) waiting.push(data)
    },
    close: () => socket.close(),
    get backlogBytes() {
      return socket.bufferedAmount
    },
  }
  socket.addEventListener('open', () => {
    for (const data of waiting) socket.send(data)
    waiting = []
  })
  socket.addEventListener('message', (event) => {
    const message =
      typeof event.data === 'string'
        ? parseJson(event.data)
        : event.data instanceof ArrayBuffer
          ? new Uint8Array(event.data)
          : undefined
    if (message !== undefined) transport.onMessage(message)
  })
  socket.addEventListener('close', () => {
    if (closed) return
    closed = true
    transport.onClose()
  })
  return transport
}

/** What is not JSON is no message; the schemas behind never see it. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A MessagePort of the DOM, already received by its owner. */
export interface MessagePortLike {
  postMessage(message: unknown): void
  close(): void
  start(): void
  onmessage: ((event: { data: unknown }) => void) | null
}

/** A transport over `port`. A port does not tell when its other end goes, so `close` says it to the other side. */
export function messagePortTransport(port: MessagePortLike): Transport {
  let closed = false
  const end = () => {
    if (closed) return
    closed = true
    port.close()
    transport.onClose()
  }
  const transport: Transport = {
    onMessage: () => {},
    onClose: () => {},
    backlogBytes: 0,
    send(message) {
      if (!closed) port.postMessage(message)
    },
    close() {
      if (!closed) port.postMessage(null)
      end()
    },
  }
  port.onmessage = (event) => (event.data === null ? end() : transport.onMessage(event.data))
  port.start()
  return transport
}
