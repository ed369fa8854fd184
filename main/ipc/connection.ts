/** One client at the host: its requests, the events it watches, and what goes away with it. */
import { AppError } from '../../core/base/errors.ts'
import { parseBinaryMessage } from '../../core/contract/binary.ts'
import type { EventData, EventName } from '../../core/contract/events.ts'
import { PROTOCOL_VERSION, requestSchema, type Transport } from '../../core/contract/transport.ts'
import type { CallContext, Grants } from './call-context.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { UploadStore } from './upload-store.ts'

/** Requests under way at once; a client that asks for more is misbehaving and is refused. */
const MAX_REQUESTS = 1000

export class Connection implements CallContext {
  readonly grants: Grants
  readonly uploads: UploadStore
  readonly #transport: Transport
  readonly #dispatcher: Dispatcher
  readonly #ends: (() => void)[] = []
  #watched: ReadonlySet<EventName> = new Set()
  #requests = 0
  #ended = false

  /** Greets the client. `uploads` belongs to this connection from now on. */
  constructor(transport: Transport, dispatcher: Dispatcher, grants: Grants, uploads: UploadStore) {
    this.#transport = transport
    this.#dispatcher = dispatcher
    this.grants = grants
    this.uploads = uploads
    transport.onMessage = (message) =>
      message instanceof Uint8Array ? this.#onBinary(message) : this.#onRequest(message)
    transport.onClose = () => this.#end()
    transport.send({ type: 'hello', protocol: PROTOCOL_VERSION })
  }

  watch(events: readonly EventName[]): void {
    this.#watched = new Set(events)
  }

  sendBinary(message: Uint8Array): void {
    if (!this.#ended) this.#transport.send(message)
  }

  backlogBytes(): number {
    return this.#transport.backlogBytes
  }

  onEnd(action: () => void): void {
    if (this.#ended) action()
    else this.#ends.push(action)
  }

  /** Tells the client, if it watches this event. */
  emit<E extends EventName>(event: E, data: EventData<E>): void {
    if (!this.#ended && this.#watched.has(event)) this.#transport.send({ type: 'event', event, data })
  }

  watches(event: EventName): boolean {
    return this.#watched.has(event)
  }

  close(): void {
    this.#transport.close()
    this.#end()
  }

  #onRequest(message: unknown): void {
    const request = requestSchema.safeParse(message)
    // Nobody waits for an answer to what has no number.
    if (!request.success) return
    const { id, method, params } = request.data
    this.#answer(id, method, () => this.#dispatcher.call(method, params, this))
  }

  #onBinary(message: Uint8Array): void {
    const parsed = parseBinaryMessage(message as Uint8Array<ArrayBuffer>)
    if (parsed?.kind !== 'upload') return
    this.#answer(parsed.requestId, 'upload of a chunk', () => this.uploads.write(parsed))
  }

  async #answer(id: number, what: string, work: () => Promise<unknown>): Promise<void> {
    const busy = this.#requests >= MAX_REQUESTS
    const refuse = () => Promise.reject(new AppError('ipc/forbidden', 'Too many requests at once'))
    this.#requests++
    const answer = await this.#dispatcher.answer(id, what, busy ? refuse : work)
    this.#requests--
    if (!this.#ended) this.#transport.send(answer)
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    for (const action of this.#ends) action()
    void this.uploads.dispose()
  }
}
