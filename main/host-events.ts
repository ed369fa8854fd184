/** Events of the contract inside the host: services emit, connections pass on what their clients watch. */
import { Emitter } from '../core/base/emitter.ts'
import type { EventData, EventName } from '../core/contract/events.ts'

export type HostEvent = { readonly [E in EventName]: { readonly event: E; readonly data: EventData<E> } }[EventName]

export class HostEvents {
  readonly #emitter = new Emitter<HostEvent>()

  emit<E extends EventName>(event: E, data: EventData<E>): void {
    this.#emitter.emit({ event, data } as HostEvent)
  }

  /** Whether any client watches this event. Told by the host, which knows its connections. */
  isWatched: (event: EventName) => boolean = () => false

  subscribe(listener: (event: HostEvent) => void): () => void {
    return this.#emitter.subscribe(listener)
  }
}
