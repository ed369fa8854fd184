/** What can be done to machines of the library. Failures become notices, except where a dialog shows them. */
import type { Client } from '../../../core/contract/client.ts'
import type { BrokenAction, BrokenCard, Card, MachineCard } from '../../../core/contract/machine-card.ts'
import type { MachinePatch } from '../../../core/contract/machine-spec.ts'
import type { Notices } from '../../app/notices.svelte.ts'
import { strings } from '../../strings/en.ts'
import { renamedGroup } from './library-sections.ts'

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

/** Where results go. */
export interface CardStore {
  put(card: Card): void
  dropFolder(folder: string): void
}

export class MachineActions {
  readonly #client: Client
  readonly #notices: Notices
  readonly #store: CardStore

  constructor(client: Client, notices: Notices, store: CardStore) {
    this.#client = client
    this.#notices = notices
    this.#store = store
  }

  /** True when it was done. */
  async act(card: MachineCard, action: MachineAction): Promise<boolean> {
    const { id } = card
    const failed =
      action === 'start' ? strings.failed.start : (name: string) => strings.failed.action(ACTION_NAMES[action], name)
    const done = await this.#notices.guard(() => this.#client.api.machine[action]({ id }), failed(card.spec.name), id)
    if (done) this.#store.put(done)
    return done !== undefined
  }

  /** Starts it for a run that forgets every write. */
  async startDiscarding({ id, spec }: MachineCard): Promise<void> {
    const start = () => this.#client.api.machine.start({ id, discardWrites: true })
    const card = await this.#notices.guard(start, strings.failed.start(spec.name), id)
    if (card) this.#store.put(card)
  }

  /** Saves the state and switches it off. */
  async save({ id, spec }: MachineCard): Promise<void> {
    const title = strings.failed.action(strings.actions.saveState, spec.name)
    const card = await this.#notices.guard(() => this.#client.api.snapshot.save({ id }), title, id)
    if (card) this.#store.put(card)
  }

  /** Throws what the host says: dialogs show it where the value was given. */
  async update(id: string, patch: MachinePatch): Promise<MachineCard> {
    const card = await this.#client.api.library.update({ id, patch })
    this.#store.put(card)
    return card
  }

  /** The same change to many machines; those that refuse it are told, the others have it. */
  async updateAll(cards: readonly MachineCard[], patchOf: (card: MachineCard) => MachinePatch): Promise<void> {
    for (const card of cards) {
      const title = strings.failed.action(strings.actions.save, card.spec.name)
      await this.#notices.guard(() => this.update(card.id, patchOf(card)), title, card.id)
    }
  }

  setGroup(cards: readonly MachineCard[], group: string): Promise<void> {
    const others = cards.filter(({ spec }) => spec.group !== group)
    return this.updateAll(others, () => ({ group }))
  }

  /** Gives a group another name; "" takes it apart. */
  renameGroup(cards: readonly MachineCard[], from: string, to: string): Promise<void> {
    const inside = cards.filter(({ spec }) => spec.group === from || spec.group.startsWith(`${from}/`))
    return this.updateAll(inside, ({ spec }) => ({ group: renamedGroup(spec.group, from, to) }))
  }

  addTag(cards: readonly MachineCard[], tag: string): Promise<void> {
    const others = cards.filter(({ spec }) => !spec.tags.includes(tag))
    return this.updateAll(others, ({ spec }) => ({ tags: [...spec.tags, tag] }))
  }

  async duplicate({ id, spec }: MachineCard): Promise<void> {
    const copy = await this.#notices.guard(
      () => this.#client.api.library.duplicate({ id, name: strings.library.copyOf(spec.name) }),
      strings.failed.action(strings.actions.duplicate, spec.name),
      id,
    )
    if (copy) this.#store.put(copy)
  }

  /** Moves machines into the trash; they can be had back at once, and later from the trash. Resolves with those that went. */
  async trash(cards: readonly MachineCard[]): Promise<readonly MachineCard[]> {
    const before = new Set((await this.#trashEntries()).map(({ entry }) => entry))
    const gone: MachineCard[] = []
    for (const card of cards) {
      const { id, spec, folder } = card
      const title = strings.failed.action(strings.actions.delete, spec.name)
      const removed = await this.#notices.guard(() => this.#client.api.library.delete({ id }), title, id)
      if (removed === undefined) continue
      this.#store.dropFolder(folder)
      gone.push(card)
    }
    const entries = (await this.#trashEntries()).filter(({ entry }) => !before.has(entry))
    const [first] = gone
    if (!first) return gone
    const title =
      gone.length === 1 ? strings.library.trashed(first.spec.name) : strings.library.trashedMany(gone.length)
    // A trash of the system gives nothing back.
    if (entries.length === 0) this.#notices.add('info', title)
    else
      this.#notices.offer(title, {
        label: strings.actions.undo,
        run: () => this.restoreFromTrash(entries.map(({ entry }) => entry)),
      })
    return gone
  }

  async #trashEntries() {
    return this.#client.api.library.trash({}).catch(() => [])
  }

  async restoreFromTrash(entries: readonly string[]): Promise<void> {
    for (const entry of entries) {
      const card = await this.#notices.guard(() => this.#client.api.library.restoreFromTrash({ entry }))
      if (card) this.#store.put(card)
    }
  }

  /** Shows the folder, or says where it is where nothing can show it. */
  async showFolder({ folder }: Card): Promise<void> {
    const found = await this.#notices.guard(() => this.#client.api.library.showFolder({ folder }))
    if (!found || found.shown) return
    const copy = () => this.#notices.guard(() => navigator.clipboard.writeText(found.path))
    this.#notices.offer(
      strings.library.folderIs,
      { label: strings.library.copyPath, run: copy },
      { detail: found.path },
    )
  }

  /** What a card that cannot be used offers. */
  async mend(card: BrokenCard, action: BrokenAction): Promise<void> {
    const { folder } = card
    const { library } = this.#client.api
    switch (action) {
      case 'renew-identity': {
        const made = await this.#notices.guard(() => library.renewIdentity({ folder }))
        if (made) this.#store.put(made)
        return
      }
      case 'trash':
        if ((await this.#notices.guard(() => library.trashFolder({ folder }))) !== undefined)
          this.#store.dropFolder(folder)
        return
      case 'forget':
        if ((await this.#notices.guard(() => library.forgetFolder({ folder }))) !== undefined)
          this.#store.dropFolder(folder)
        return
      case 'show':
        await this.showFolder(card)
    }
  }
}
