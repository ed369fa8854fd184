/** Cards: what the library shows of each machine, and telling clients of those that have changed. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import { toErrorRecord } from '../../core/contract/error-record.ts'
import type {
  Card,
  CardProblem,
  ErrorRecord,
  MachineCard,
  MachineState,
  Thumbnail,
} from '../../core/contract/machine-card.ts'
import type { DriveSlot } from '../../core/contract/machine-spec.ts'
import type { HostEvents } from '../host-events.ts'
import { otherOwner } from '../library/image-locks.ts'
import type { Library, LibraryEntry, StoredMachine } from '../library/library.ts'
import { mapPaths, readThumbnail } from '../library/machine-folder.ts'
import { SnapshotSummaries } from '../snapshots/snapshot-summary.ts'

/** What a card tells of a machine that is not in its folder. */
export interface LiveState {
  readonly state: MachineState
  readonly crash: ErrorRecord | null
  readonly discardsWrites: boolean
}

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

export class MachineCards {
  readonly #library: Library
  readonly #events: HostEvents
  readonly #live: (id: string) => LiveState
  readonly #thumbnails = new Map<string, Thumbnail | null>()
  readonly #summaries = new SnapshotSummaries()
  /** What clients were told of each folder last. */
  #told = new Map<string, string>()

  constructor(library: Library, events: HostEvents, live: (id: string) => LiveState) {
    this.#library = library
    this.#events = events
    this.#live = live
  }

  /** All of them, by name, as they are on disk now. */
  async all(): Promise<Card[]> {
    await this.#library.refresh()
    const cards = await this.#make()
    this.#told = new Map(cards.map((card) => [card.folder, signature(card)]))
    return cards
  }

  async #make(): Promise<Card[]> {
    const cards = await Promise.all(this.#library.entries().map((entry) => this.of(entry)))
    return cards.toSorted((a, b) => byName.compare(cardName(a), cardName(b)))
  }

  of(entry: LibraryEntry): Promise<Card> {
    if (entry.kind === 'machine') return this.ofMachine(entry)
    const { kind, folder, error, actions } = entry
    return Promise.resolve({ kind, folder, error, actions: [...actions] })
  }

  async ofMachine(machine: StoredMachine): Promise<MachineCard> {
    const { folder, path, spec } = machine
    const { id } = spec
    if (!this.#thumbnails.has(id)) this.#thumbnails.set(id, await readThumbnail(path))
    const live = this.#live(id)
    return {
      kind: 'machine',
      id,
      folder,
      spec,
      ...live,
      thumbnail: this.#thumbnails.get(id) ?? null,
      snapshots: await this.#summaries.of(path),
      problems: [
        ...(machine.fileProblem ? [{ slot: null, error: machine.fileProblem }] : []),
        ...(live.state === 'off' || live.state === 'crashed' ? problemsOf(machine) : lostImages(machine)),
      ],
    }
  }

  thumbnail(id: string): Thumbnail | null {
    return this.#thumbnails.get(id) ?? null
  }

  setThumbnail(id: string, thumbnail: Thumbnail): void {
    this.#thumbnails.set(id, thumbnail)
  }

  /** Tells what has changed among all cards since the last time. */
  async tell(): Promise<void> {
    const before = this.#told
    for (const card of await this.all())
      if (before.get(card.folder) !== this.#told.get(card.folder)) this.#events.emit('card-changed', { card })
    for (const folder of before.keys()) if (!this.#told.has(folder)) this.#events.emit('card-removed', { folder })
  }

  /** Tells of one machine, where anything but its picture is other than what was told last. */
  async tellOne(id: string): Promise<void> {
    const machine = this.#library.find(id)
    if (!machine) return
    const card = await this.ofMachine(machine)
    const text = signature(card)
    if (this.#told.get(card.folder) === text) return
    this.#told.set(card.folder, text)
    this.#events.emit('card-changed', { card })
  }
}

function cardName(card: Card): string {
  return card.kind === 'machine' ? card.spec.name : card.folder
}

/** Everything of a card but its picture, which has an event of its own. */
function signature(card: Card): string {
  return JSON.stringify(card.kind === 'machine' ? { ...card, thumbnail: null } : card)
}

/** Images that were removed while the machine runs: it goes on with the open files, which are gone when it ends. */
export function lostImages({ path, spec }: StoredMachine): CardProblem[] {
  return spec.drives.flatMap(({ slot, kind, file }) => {
    const image = file === null ? undefined : resolve(path, file)
    if (image === undefined || existsSync(image)) return []
    const fate =
      kind === 'disk' ? 'everything on it is lost when the machine is switched off' : 'it is gone when it is ejected'
    const message = `The image of ${slot} was removed while the machine runs: ${image}. Put it back where it was if it is in a trash; ${fate}`
    return [{ slot, error: toErrorRecord(new AppError('disk/not-found', message, { context: { path: image } })) }]
  })
}

/** Files that the next start would miss, or find in use. */
function problemsOf({ path, spec }: StoredMachine): CardProblem[] {
  const problems: CardProblem[] = []
  const add = (slot: DriveSlot | null, error: AppError) => problems.push({ slot, error: toErrorRecord(error) })
  for (const { slot, file } of spec.drives) {
    if (file === null) continue
    const image = resolve(path, file)
    if (!existsSync(image))
      add(
        slot,
        new AppError('disk/not-found', `The image of ${slot} is missing: ${image}`, { context: { path: image } }),
      )
    const owner = otherOwner(image)
    if (owner)
      add(
        slot,
        new AppError(
          'library/locked',
          `The image of ${slot} is in use by another Vitrine (process ${owner.pid}): ${image}`,
          {
            context: { path: image, pid: owner.pid },
          },
        ),
      )
  }
  mapPaths({ ...spec, drives: [], serialPorts: [] }, (file) => {
    const needed = resolve(path, file)
    if (!existsSync(needed))
      add(null, new AppError('disk/not-found', `There is no such file: ${needed}`, { context: { path: needed } }))
    return file
  })
  return problems
}
