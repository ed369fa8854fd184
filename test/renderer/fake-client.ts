/** A client of a host that is a table of answers: methods as they are called by name, events as the test sends them. */
import type { Client, ConsoleOptions } from '../../core/contract/client.ts'
import type { EventData, EventName } from '../../core/contract/events.ts'
import type { MachineCard, MachineState } from '../../core/contract/machine-card.ts'
import {
  MACHINE_SCHEMA_VERSION,
  type MachineSettingsInput,
  machineSpecSchema,
} from '../../core/contract/machine-spec.ts'

type Answer = (params: never) => unknown

export interface FakeClient {
  readonly client: Client
  /** Every call, as "area.method" with its parameters. */
  readonly calls: [string, unknown][]
  emit<E extends EventName>(event: E, data: EventData<E>): void
  /** The consoles that are open. */
  readonly consoles: ConsoleOptions[]
}

export function createFakeClient(answers: Readonly<Record<string, Answer>> = {}): FakeClient {
  const calls: [string, unknown][] = []
  const consoles: ConsoleOptions[] = []
  const listeners = new Map<string, Set<(data: never) => void>>()
  const area = (areaName: string) =>
    new Proxy(
      {},
      {
        get: (_, method) => async (params: unknown) => {
          const name = `${areaName}.${String(method)}`
          calls.push([name, params])
          const answer = answers[name]
          return answer ? answer(params as never) : null
        },
      },
    )
  const api = new Proxy({}, { get: (_, name) => area(String(name)) }) as Client['api']
  const client: Client = {
    api,
    ready: Promise.resolve(),
    onClose: () => {},
    close: () => {},
    on(event, listener) {
      const known = listeners.get(event) ?? new Set()
      listeners.set(event, known.add(listener as (data: never) => void))
      return () => void known.delete(listener as (data: never) => void)
    },
    async openConsole(options) {
      consoles.push(options)
      return {
        subscriptionId: consoles.length,
        drawn: (frame) => void calls.push(['drawn', frame.sequence]),
        close: () => void consoles.splice(consoles.indexOf(options), 1),
      }
    },
    async upload(source, options = {}) {
      const bytes = await source.read(0, source.sizeBytes)
      options.onProgress?.(bytes.length)
      calls.push(['upload', source.fileName])
      return 7
    },
  }
  return {
    client,
    calls,
    consoles,
    emit: (event, data) => {
      for (const listener of [...(listeners.get(event) ?? [])]) listener(data as never)
    },
  }
}

let lastId = 0

export function fakeCard(settings: MachineSettingsInput, state: MachineState = 'off'): MachineCard {
  const id = `00000000-0000-4000-8000-${String(++lastId).padStart(12, '0')}`
  const spec = machineSpecSchema.parse({ schemaVersion: MACHINE_SCHEMA_VERSION, id, ...settings })
  return {
    kind: 'machine',
    id,
    folder: spec.name,
    spec,
    state,
    crash: null,
    discardsWrites: false,
    thumbnail: null,
    snapshots: { count: 0, lastAt: null },
    problems: [],
  }
}
