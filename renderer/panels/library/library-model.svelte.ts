/** The machines: cards as the host tells them, with what is measured of the running ones, and what can be done to them. */
import { SvelteMap } from 'svelte/reactivity'
import type { Client } from '../../../core/contract/client.ts'
import type { MachineStats } from '../../../core/contract/events.ts'
import type { BrokenCard, Card, ErrorRecord, MachineCard } from '../../../core/contract/machine-card.ts'
import type { MachinePatch } from '../../../core/contract/machine-spec.ts'
import type { Notices } from '../../app/notices.svelte.ts'
import { strings } from '../../strings/en.ts'
import { matchesSearch } from './search.ts'

/** What a user does to a machine without any further question. */
export type MachineAction = 'start' | 'pause' | 'resume' | 'reset' | 'powerOff' | 'pressPowerButton'

const ACTION_NAMES: Readonly<Record<MachineAction, string>> = {
  start: strings.actions.start,
  pause: strings.actions.pause,
  resume: strings.actions.resume,
  reset: strings.actions.reset,
  powerOff: strings.actions.powerOff,
  pressPowerButton: strings.actions.powerButton,
}

function nameOf(card: Card): string {
  return card.kind === 'machine' ? card.spec.name : card.folder
}

export class LibraryModel {
  cards = $state.raw<readonly Card[]>([])
  loaded = $state(false)
  search = $state('')
  readonly stats = new SvelteMap<string, MachineStats>()
  /** What has paused a machine that nobody has paused: a host file that failed. */
  readonly problems = new SvelteMap<string, ErrorRecord>()
  readonly #client: Client
  readonly #notices: Notices
  readonly #unsubscribe: (() => void)[]

  constructor(client: Client, notices: Notices) {
    this.#client = client
    this.#notices = notices
    this.#unsubscribe = [
      client.on('card-changed', ({ card }) => this.#put(card)),
      client.on('card-removed', ({ folder }) => {
        this.cards = this.cards.filter((card) => card.folder !== folder)
      }),
      client.on('machine-state', ({ id, state, crash }) => {
        if (state === 'off' || state === 'crashed') this.stats.delete(id)
        if (state !== 'paused') this.problems.delete(id)
        this.#change(
          id,
          state === 'off' || state === 'crashed' ? { state, crash, discardsWrites: false } : { state, crash },
        )
      }),
      client.on('machine-thumbnail', ({ id, thumbnail }) => this.#change(id, { thumbnail })),
      client.on('notification', ({ machineId, error }) => {
        if (machineId !== null && error.code.startsWith('disk/')) this.problems.set(machineId, error)
      }),
      client.on('machine-stats', (stats) => this.stats.set(stats.id, stats)),
    ]
  }

  get filtered(): readonly Card[] {
    return this.cards.filter((card) => matchesSearch(card, this.search))
  }

  get runningCount(): number {
    return this.machines.filter(({ state }) => state !== 'off' && state !== 'crashed').length
  }

  get machines(): readonly MachineCard[] {
    return this.cards.filter((card) => card.kind === 'machine')
  }

  machine(id: string): MachineCard | undefined {
    return this.machines.find((card) => card.id === id)
  }

  async load(): Promise<void> {
    const cards = await this.#notices.guard(() => this.#client.api.library.list({}))
    if (cards) this.cards = cards
    this.loaded = true
  }

  /** True when it was done; a failure becomes a notice. */
  async act(card: MachineCard, action: MachineAction): Promise<boolean> {
    const { id } = card
    const failed =
      action === 'start' ? strings.failed.start : (name: string) => strings.failed.action(ACTION_NAMES[action], name)
    const done = await this.#notices.guard(() => this.#client.api.machine[action]({ id }), failed(card.spec.name), id)
    if (done) this.#put(done)
    return done !== undefined
  }

  /** Starts it for a run that forgets every write. */
  async startDiscarding({ id, spec }: MachineCard): Promise<void> {
    const start = () => this.#client.api.machine.start({ id, discardWrites: true })
    const card = await this.#notices.guard(start, strings.failed.start(spec.name), id)
    if (card) this.#put(card)
  }

  /** Makes the machine run, whatever it is doing now. */
  async ensureRunning(card: MachineCard): Promise<boolean> {
    if (card.state === 'paused') return this.act(card, 'resume')
    if (card.state === 'off' || card.state === 'crashed') return this.act(card, 'start')
    return true
  }

  /** Throws what the host says: dialogs show it where the value was given. */
  async update(id: string, patch: MachinePatch): Promise<MachineCard> {
    const card = await this.#client.api.library.update({ id, patch })
    this.#put(card)
    return card
  }

  async duplicate(card: MachineCard): Promise<void> {
    const { id, spec } = card
    const copy = await this.#notices.guard(
      () => this.#client.api.library.duplicate({ id, name: strings.library.copyOf(spec.name) }),
      strings.failed.action(strings.actions.duplicate, spec.name),
      id,
    )
    if (copy) this.#put(copy)
  }

  async remove(card: MachineCard): Promise<boolean> {
    const { id, spec, folder } = card
    const title = strings.failed.action(strings.actions.delete, spec.name)
    const removed = await this.#notices.guard(() => this.#client.api.library.delete({ id }), title, id)
    if (removed === undefined) return false
    this.cards = this.cards.filter((other) => other.folder !== folder)
    return true
  }

  async renewIdentity({ folder }: BrokenCard): Promise<void> {
    const card = await this.#notices.guard(() => this.#client.api.library.renewIdentity({ folder }))
    if (card) this.#put(card)
  }

  dispose(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
  }

  /** A machine keeps its card when its folder follows a new name. */
  #put(card: Card): void {
    const isSame = (other: Card) =>
      other.folder === card.folder || (card.kind === 'machine' && other.kind === 'machine' && other.id === card.id)
    const others = this.cards.filter((other) => !isSame(other))
    this.cards = [...others, card].toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)))
  }

  #change(id: string, change: Partial<MachineCard>): void {
    this.cards = this.cards.map((card) => (card.kind === 'machine' && card.id === id ? { ...card, ...change } : card))
  }
}
