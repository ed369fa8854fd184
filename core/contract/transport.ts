/**
 * What travels between a client and the host, whatever carries it (WebSocket, MessagePort, local socket, memory).
 * A message is a plain JSON value or a block of bytes (binary.ts); each arrives whole, once and in order.
 */
import { z } from '../base/schema.ts'
import { errorRecordSchema } from './machine-card.ts'

/** Raised when clients and hosts of different versions could misunderstand each other. */
export const PROTOCOL_VERSION = 1

export const requestSchema = z.strictObject({
  type: z.literal('request'),
  id: z.int().positive(),
  /** "area.method". */
  method: z.string().max(100),
  params: z.unknown(),
})

/** The host's first message. */
const helloSchema = z.object({ type: z.literal('hello'), protocol: z.int() })

export const hostMessageSchema = z.discriminatedUnion('type', [
  helloSchema,
  z.object({ type: z.literal('result'), id: z.int(), result: z.unknown() }),
  z.object({ type: z.literal('error'), id: z.int(), error: errorRecordSchema }),
  z.object({ type: z.literal('event'), event: z.string(), data: z.unknown() }),
])
export type HostMessage = z.infer<typeof hostMessageSchema>

/** One end of a connection. Handlers are set before the first message can arrive. */
export interface Transport {
  /** Sends a JSON value or bytes. Does nothing once closed. */
  send(message: object | Uint8Array): void
  onMessage: (message: unknown) => void
  /** Called once, when either side closes. */
  onClose: () => void
  close(): void
  /** Bytes accepted by `send` that have not left yet, where the carrier knows; otherwise 0. */
  readonly backlogBytes: number
}
