/**
 * The caller's side of the contract over any transport: typed calls, events, console subscriptions and uploads. Runs in the
 * renderer and in the command line; results come from our own host and are not checked again.
 */
import { AppError } from '../base/errors.ts'
import { type AreaName, api, type ClientApi } from './api.ts'
import { encodeUploadChunk, parseBinaryMessage, type ScreenFrame } from './binary.ts'
import { fromErrorRecord } from './error-record.ts'
import type { EventData, EventName } from './events.ts'
import { hostMessageSchema, PROTOCOL_VERSION, type Transport } from './transport.ts'
import { UPLOAD_CHUNK_BYTES } from './upload-api.ts'

/** A file to upload; `read` returns exactly the bytes asked for. */
export interface UploadSource {
  readonly fileName: string
  readonly sizeBytes: number
  read(position: number, length: number): Promise<Uint8Array>
}

export interface ConsoleOptions {
  readonly id: string
  /** 0: no frames. */
  readonly maxFramesPerSecond: number
  readonly serialPorts: readonly number[]
  onFrame(frame: ScreenFrame): void
  onSerial(port: number, bytes: Uint8Array<ArrayBuffer>): void
}

export interface ConsoleSubscription {
  readonly subscriptionId: number
  /** Says that a frame has been drawn, so that the next may come. */
  drawn(frame: ScreenFrame): void
  close(): void
}

export interface Client {
  readonly api: ClientApi
  /** Calls `listener` for every such event until the returned function is called. */
  on<E extends EventName>(event: E, listener: (data: EventData<E>) => void): () => void
  openConsole(options: ConsoleOptions): Promise<ConsoleSubscription>
  /** Sends a file; resolves with its upload id when the host has all of it. `isCancelled` is asked between chunks. */
  upload(
    source: UploadSource,
    options?: { onProgress?: (doneBytes: number) => void; isCancelled?: () => boolean },
  ): Promise<number>
  /** Resolves when the host has greeted with a protocol we speak; rejects with `ipc/closed` or `ipc/invalid-argument`. */
  readonly ready: Promise<void>
  /** Called once when the connection ends. */
  onClose: () => void
  close(): void
}

interface PendingCall {
  resolve(result: unknown): void
  reject(error: AppError): void
}

/** Chunks on the way at once: enough to keep the disk busy, few enough that cancelling is prompt. */
const UPLOAD_WINDOW = 4

class ContractClient implements Client {
  readonly api: ClientApi
  readonly ready: Promise<void>
  onClose: () => void = () => {}
  readonly #transport: Transport
  readonly #calls = new Map<number, PendingCall>()
  readonly #listeners = new Map<EventName, Set<(data: never) => void>>()
  readonly #consoles = new Map<number, ConsoleOptions>()
  #greeting: PendingCall
  #lastId = 0
  #closed = false

  constructor(transport: Transport) {
    this.#transport = transport
    const greeting = Promise.withResolvers<void>()
    this.#greeting = { resolve: () => greeting.resolve(), reject: greeting.reject }
    this.ready = greeting.promise
    // Whoever does not wait for `ready` learns of the same failure from the first call.
    this.ready.catch(() => {})
    transport.onMessage = (message) =>
      message instanceof Uint8Array ? this.#onBinary(message as Uint8Array<ArrayBuffer>) : this.#onJson(message)
    transport.onClose = () => this.#ended()
    const areas = Object.entries(api).map(([area, methods]) => [
      area,
      Object.fromEntries(
        Object.keys(methods).map((name) => [name, (params: unknown) => this.#call(`${area}.${name}`, params)]),
      ),
    ])
    this.api = Object.fromEntries(areas) as Record<AreaName, unknown> as ClientApi
  }

  on<E extends EventName>(event: E, listener: (data: EventData<E>) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set()
    listeners.add(listener)
    if (!this.#listeners.has(event)) {
      this.#listeners.set(event, listeners)
      this.#watch()
    }
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0) return
      this.#listeners.delete(event)
      this.#watch()
    }
  }

  async openConsole(options: ConsoleOptions): Promise<ConsoleSubscription> {
    const { id, maxFramesPerSecond, serialPorts } = options
    // Registered while the answer is handled, because frames may follow it at once.
    const register = (result: unknown) =>
      this.#consoles.set((result as { subscriptionId: number }).subscriptionId, options)
    const { subscriptionId } = (await this.#call(
      'console.open',
      { id, maxFramesPerSecond, serialPorts },
      register,
    )) as { subscriptionId: number }
    return {
      subscriptionId,
      drawn: (frame) => void this.api.console.frameDrawn({ subscriptionId, sequence: frame.sequence }).catch(() => {}),
      close: () => {
        if (this.#consoles.delete(subscriptionId)) this.api.console.close({ subscriptionId }).catch(() => {})
      },
    }
  }

  async upload(
    source: UploadSource,
    options: { onProgress?: (doneBytes: number) => void; isCancelled?: () => boolean } = {},
  ): Promise<number> {
    const { uploadId } = await this.api.upload.begin({ fileName: source.fileName, sizeBytes: source.sizeBytes })
    const underWay = new Set<Promise<void>>()
    let doneBytes = 0
    try {
      for (let position = 0; position < source.sizeBytes; position += UPLOAD_CHUNK_BYTES) {
        if (options.isCancelled?.()) throw new AppError('ipc/closed', 'The upload was cancelled')
        const length = Math.min(UPLOAD_CHUNK_BYTES, source.sizeBytes - position)
        const bytes = await source.read(position, length)
        const chunk = this.#callBinary((requestId) => encodeUploadChunk(requestId, uploadId, position, bytes)).then(
          () => {
            underWay.delete(chunk)
            doneBytes += length
            options.onProgress?.(doneBytes)
          },
        )
        underWay.add(chunk)
        if (underWay.size >= UPLOAD_WINDOW) await Promise.race(underWay)
      }
      await Promise.all(underWay)
      return uploadId
    } catch (error) {
      await Promise.allSettled(underWay)
      this.api.upload.cancel({ uploadId }).catch(() => {})
      throw error
    }
  }

  close(): void {
    this.#transport.close()
    this.#ended()
  }

  #call(method: string, params: unknown, onResult?: (result: unknown) => void): Promise<unknown> {
    return this.#send((id) => ({ type: 'request', id, method, params }), onResult)
  }

  #callBinary(encode: (requestId: number) => Uint8Array): Promise<unknown> {
    return this.#send(encode)
  }

  #send(message: (id: number) => object | Uint8Array, onResult?: (result: unknown) => void): Promise<unknown> {
    if (this.#closed) return Promise.reject(closedError())
    const id = ++this.#lastId
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#calls.set(id, {
      resolve: (result) => {
        onResult?.(result)
        resolve(result)
      },
      reject,
    })
    this.#transport.send(message(id))
    return promise
  }

  #watch(): void {
    if (!this.#closed) this.api.app.watch({ events: [...this.#listeners.keys()] }).catch(() => {})
  }

  #onJson(value: unknown): void {
    const parsed = hostMessageSchema.safeParse(value)
    if (!parsed.success) return
    const message = parsed.data
    if (message.type === 'hello') {
      if (message.protocol === PROTOCOL_VERSION) this.#greeting.resolve(undefined)
      else
        this.#greeting.reject(
          new AppError(
            'ipc/invalid-argument',
            `The host speaks protocol ${message.protocol}, this client ${PROTOCOL_VERSION}`,
          ),
        )
    } else if (message.type === 'event') {
      const listeners = this.#listeners.get(message.event as EventName)
      if (listeners) for (const listener of [...listeners]) listener(message.data as never)
    } else {
      const call = this.#calls.get(message.id)
      this.#calls.delete(message.id)
      if (message.type === 'result') call?.resolve(message.result)
      else call?.reject(fromErrorRecord(message.error))
    }
  }

  #onBinary(bytes: Uint8Array<ArrayBuffer>): void {
    const message = parseBinaryMessage(bytes)
    if (message?.kind === 'screen') this.#consoles.get(message.subscriptionId)?.onFrame(message)
    else if (message?.kind === 'serial')
      this.#consoles.get(message.subscriptionId)?.onSerial(message.port, message.bytes)
  }

  #ended(): void {
    if (this.#closed) return
    this.#closed = true
    this.#greeting.reject(closedError())
    for (const call of this.#calls.values()) call.reject(closedError())
    this.#calls.clear()
    this.#consoles.clear()
    this.onClose()
  }
}

function closedError(): AppError {
  return new AppError('ipc/closed', 'The connection to Vitrine has ended')
}

/** A client over `transport`, whose handlers it takes. */
export function createClient(transport: Transport): Client {
  return new ContractClient(transport)
}
