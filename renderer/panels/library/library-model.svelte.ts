/** The machines: cards as the host tells them, and what is measured of the running ones. What can be done to them is in MachineActions. */
import { SvelteMap } from 'svelte/reactivity'
import type { Client } from '../../../core/contract/client.ts'
import type { MachineStats } from '../../../core/contract/events.ts'
import type { Card, ErrorRecord, MachineCard } from '../../../core/contract/machine-card.ts'
import type { MachinePatch } from '../../../core/contract/machine-spec.ts'
import { matchesSearch } from '../../../core/contract/search.ts'
import type { Notices } from '../../app/notices.svelte.ts'
import { compareNames, type LibrarySections, librarySections } from './library-sections.ts'
import { type MachineAction, MachineActions } from './machine-actions.ts'
import { Selection } from './selection.svelte.ts'

/** Samples of a sparkline. */
const RECENT = 60

function nameOf(card: Card): string {
  return card.kind === 'machine' ? card.spec.name : card.folder
}

function keyOf(card: Card): string {
  return card.kind === 'machine' ? card.id : `folder ${card.folder}`
}

export class LibraryModel {
  loaded = $state(false)
  search = $state('')
  readonly stats = new SvelteMap<string, MachineStats>()
  /** The load of the last minute, the newest last. */
  readonly recent = new SvelteMap<string, readonly number[]>()
  /** What has paused a machine that nobody has paused: a host file that failed. */
  readonly problems = new SvelteMap<string, ErrorRecord>()
  readonly selection = new Selection()
  readonly actions: MachineActions
  readonly #client: Client
  readonly #notices: Notices
  readonly #unsubscribe: (() => void)[]
  readonly #byKey = new SvelteMap<string, Card>()
  /** Names of templates, which a search looks at. */
  #templateNames = $state.raw<ReadonlyMap<string, string>>(new Map())
  #cards = $derived([...this.#byKey.values()].toSorted((a, b) => compareNames(nameOf(a), nameOf(b))))
  #machines = $derived(this.#cards.filter((card) => card.kind === 'machine'))
  #filtered = $derived(
    this.search.trim() === ''
      ? this.#cards
      : this.#cards.filter((card) => matchesSearch(card, this.search, (id) => this.#templateNames.get(id))),
  )
  #sections = $derived(librarySections(this.#filtered))

  constructor(client: Client, notices: Notices) {
    this.#client = client
    this.#notices = notices
    this.actions = new MachineActions(client, notices, {
      put: (card) => this.#put(card),
      dropFolder: (folder) => this.#dropFolder(folder),
    })
    this.#unsubscribe = [
      client.on('card-changed', ({ card }) => this.#put(card)),
      client.on('card-removed', ({ folder }) => this.#dropFolder(folder)),
      client.on('machine-state', ({ id, state, crash }) => {
        const isOff = state === 'off' || state === 'crashed'
        if (isOff) this.stats.delete(id)
        if (isOff) this.recent.delete(id)
        if (state !== 'paused') this.problems.delete(id)
        this.#change(id, isOff ? { state, crash, discardsWrites: false } : { state, crash })
      }),
      client.on('machine-thumbnail', ({ id, thumbnail }) => this.#change(id, { thumbnail })),
      client.on('notification', ({ machineId, error }) => {
        if (machineId !== null && error.code.startsWith('disk/')) this.problems.set(machineId, error)
      }),
      client.on('machine-stats', (stats) => {
        this.stats.set(stats.id, stats)
        this.recent.set(stats.id, [...(this.recent.get(stats.id) ?? []), stats.hostLoad].slice(-RECENT))
      }),
    ]
  }

  get cards(): readonly Card[] {
    return this.#cards
  }

  get filtered(): readonly Card[] {
    return this.#filtered
  }

  get sections(): LibrarySections {
    return this.#sections
  }

  get machines(): readonly MachineCard[] {
    return this.#machines
  }

  get runningCount(): number {
    return this.machines.filter(({ state }) => state !== 'off' && state !== 'crashed').length
  }

  get selected(): readonly MachineCard[] {
    return this.machines.filter(({ id }) => this.selection.ids.has(id))
  }

  machine(id: string): MachineCard | undefined {
    const card = this.#byKey.get(id)
    return card?.kind === 'machine' ? card : undefined
  }

  machinesOf(ids: readonly string[]): readonly MachineCard[] {
    return ids.flatMap((id) => this.machine(id) ?? [])
  }

  async load(): Promise<void> {
    const templates = this.#client.api.template.list({}).catch(() => [])
    const cards = await this.#notices.guard(() => this.#client.api.library.list({}))
    if (cards) {
      this.#byKey.clear()
      for (const card of cards) this.#byKey.set(keyOf(card), card)
    }
    this.loaded = true
    this.#templateNames = new Map(((await templates) ?? []).map(({ id, name }) => [id, name]))
  }

  /** Name of the template a machine was made from; "" for those of none. */
  templateName({ spec }: MachineCard): string {
    return spec.template === 'other' ? '' : (this.#templateNames.get(spec.template) ?? '')
  }

  act(card: MachineCard, action: MachineAction): Promise<boolean> {
    return this.actions.act(card, action)
  }

  /** Makes the machine run, whatever it is doing now. */
  async ensureRunning(card: MachineCard): Promise<boolean> {
    if (card.state === 'paused') return this.act(card, 'resume')
    if (card.state === 'off' || card.state === 'crashed') return this.act(card, 'start')
    return true
  }

  update(id: string, patch: MachinePatch): Promise<MachineCard> {
    return this.actions.update(id, patch)
  }

  dispose(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
  }

  /** A machine keeps its card when its folder follows a new name; a folder has one card. */
  #put(card: Card): void {
    const key = keyOf(card)
    for (const [other, { folder }] of this.#byKey)
      if (folder === card.folder && other !== key) this.#byKey.delete(other)
    this.#byKey.set(key, card)
  }

  #dropFolder(folder: string): void {
    for (const [key, card] of this.#byKey) {
      if (card.folder !== folder) continue
      this.#byKey.delete(key)
      this.selection.ids.delete(key)
    }
  }

  #change(id: string, change: Partial<MachineCard>): void {
    const card = this.machine(id)
    if (card) this.#byKey.set(id, { ...card, ...change })
  }
}
