/** Electron's MessagePort of the main process as a transport of the contract. */
import type { MessagePortMain } from 'electron'
import { type MessagePortLike, messagePortTransport } from '../../../core/contract/socket-transport.ts'
import type { Transport } from '../../../core/contract/transport.ts'

export function portTransport(port: MessagePortMain): Transport {
  const like: MessagePortLike = {
    onmessage: null,
    postMessage: (message) => port.postMessage(message),
    close: () => port.close(),
    start: () => port.start(),
  }
  port.on('message', ({ data }) => like.onmessage?.({ data }))
  const transport = messagePortTransport(like)
  // The page went away without a word: reloaded, crashed, closed.
  port.on('close', () => transport.close())
  return transport
}
