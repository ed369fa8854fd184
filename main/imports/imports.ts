/** Inspections under way and what came of them, per connection. */
import { randomUUID } from 'node:crypto'
import { AppError } from '../../core/base/errors.ts'
import { fromErrorRecord, toErrorRecord } from '../../core/contract/error-record.ts'
import type { ImportChoice, ImportItem, ImportProposal } from '../../core/contract/import-api.ts'
import type { ArchiveMember, RecognisedFile } from '../../core/contract/import-tasks.ts'
import type { ErrorRecord } from '../../core/contract/machine-card.ts'
import type { MediaSource } from '../../core/contract/media-source.ts'
import type { Template } from '../../core/contract/template.ts'
import { findTemplate } from '../../core/templates/catalogue.ts'
import type { HostEvents } from '../host-events.ts'
import type { CallContext } from '../ipc/call-context.ts'
import type { Library, StoredMachine } from '../library/library.ts'
import { openSource } from '../services/media-source.ts'
import type { Snapshots } from '../snapshots/snapshots.ts'
import type { ThreadPools } from '../vm/vm-pool.ts'
import { createFromItem } from './create-machine.ts'
import { type Inspected, type InspectOptions, inspectFile, unpackStaged } from './inspect-file.ts'
import { proposalFor, templateFor } from './proposal.ts'
import { discardStaged, type StagedFile } from './staged-file.ts'

/** What waits for its user's decision. */
type Item =
  | {
      readonly kind: 'file'
      readonly staged: StagedFile
      readonly file: RecognisedFile
      readonly initrd: StagedFile | null
    }
  | { readonly kind: 'archive'; readonly staged: StagedFile; readonly members: readonly ArchiveMember[] }

/** Of one connection. */
interface Session {
  readonly items: Map<string, Item>
  readonly running: Map<string, AbortController>
}

/** Items that wait at a connection; the user who has more of them has forgotten the first. */
const MAX_ITEMS = 64

export interface ImportsHost {
  readonly library: Library
  readonly pools: ThreadPools
  readonly events: HostEvents
  readonly snapshots: Snapshots
  readonly stagingFolder: string
}

export interface CreateEdits {
  readonly name?: string | undefined
  readonly template?: string | undefined
  readonly memoryMib?: number | undefined
}

export interface InspectionResult {
  readonly items: ImportItem[]
  readonly refused: { readonly fileName: string; readonly error: ErrorRecord }[]
}

export class Imports {
  readonly #host: ImportsHost
  readonly #sessions = new WeakMap<CallContext, Session>()

  constructor(host: ImportsHost) {
    this.#host = host
  }

  /** Looks into `sources`, one after the other; those that are refused do not stop the others. */
  async inspect(importId: string, sources: readonly MediaSource[], context: CallContext): Promise<InspectionResult> {
    const session = this.#session(context)
    return this.#abortable(session, importId, async (signal) => {
      const found: Inspected[] = []
      const refused: InspectionResult['refused'] = []
      for (const source of sources) {
        let fileName = source.kind === 'path' ? source.path : ''
        try {
          const { path, stays, ...opened } = await openSource(source, context)
          fileName = opened.fileName
          found.push(
            await inspectFile({ fileName, path, archive: null, isOurs: !stays }, this.#options(fileName, signal)),
          )
        } catch (error) {
          refused.push({ fileName, error: toErrorRecord(error) })
        }
        if (signal.aborted) {
          await Promise.all(found.map(({ staged }) => discardStaged(staged)))
          throw cancelled()
        }
      }
      const { items, alone } = pairUp(found)
      for (const staged of alone) {
        await discardStaged(staged)
        refused.push({ fileName: staged.fileName, error: toErrorRecord(initrdAlone(staged.fileName)) })
      }
      return { items: items.map((item) => this.#keep(session, item)), refused }
    })
  }

  /** Makes a machine of `source` as it was guessed. Throws what `inspect` refuses it for, having made nothing. */
  async importOne(source: MediaSource, name: string | undefined, context: CallContext): Promise<StoredMachine> {
    const { items, refused } = await this.inspect(randomUUID(), [source], context)
    const [item] = items
    if (!item) throw fromErrorRecord(refused[0]?.error ?? toErrorRecord(cancelled()))
    try {
      if (item.state === 'choice') throw severalImages(item)
      return await this.create(item.itemId, { name }, context)
    } finally {
      await this.cancel(item.itemId, context)
    }
  }

  /** Takes one image out of an archive. */
  async choose(itemId: string, member: string, context: CallContext): Promise<ImportItem> {
    const session = this.#session(context)
    const item = this.#item(session, itemId)
    if (item.kind !== 'archive') throw new AppError('ipc/invalid-argument', 'There is nothing to choose from')
    return this.#abortable(session, itemId, async (signal) => {
      const options = this.#options(item.staged.fileName, signal)
      const inspected = await inspectFile(await unpackStaged(item.staged, 'zip', member, options), options)
      const { items, alone } = pairUp([inspected])
      const [only] = items
      if (only) return this.#keep(session, only)
      for (const staged of alone) await discardStaged(staged)
      throw initrdAlone(inspected.staged.fileName)
    })
  }

  /** The same item for another template. */
  retarget(itemId: string, template: string, context: CallContext): ImportProposal {
    const item = this.#item(this.#session(context), itemId)
    if (item.kind !== 'file') throw new AppError('ipc/invalid-argument', 'Choose an image first')
    return proposalFor(itemId, item.staged, item.file, requireTemplate(template), item.initrd !== null)
  }

  /** Makes the machine; the item is used up then, and stays when it fails. */
  async create(itemId: string, edits: CreateEdits, context: CallContext): Promise<StoredMachine> {
    const session = this.#session(context)
    const item = this.#item(session, itemId)
    if (item.kind !== 'file') throw new AppError('ipc/invalid-argument', 'Choose an image first')
    if (session.running.has(itemId)) throw new AppError('vm/invalid-state', 'The machine is being made already')
    return this.#abortable(session, itemId, async (signal) => {
      const options = this.#options(item.staged.fileName, signal)
      const machine = await this.#make(item, edits, options)
      session.items.delete(itemId)
      await discardItem(item)
      return machine
    })
  }

  /** Ends work that is under way, and forgets an item. */
  async cancel(id: string, context: CallContext): Promise<void> {
    const session = this.#session(context)
    const running = session.running.get(id)
    running?.abort()
    const item = session.items.get(id)
    // Who works on it sees its end; the file goes with the connection at the latest.
    if (!item || running) return
    session.items.delete(id)
    await discardItem(item)
  }

  async #make(
    { staged, file, initrd }: Extract<Item, { kind: 'file' }>,
    edits: CreateEdits,
    options: InspectOptions,
  ): Promise<StoredMachine> {
    const { library, snapshots } = this.#host
    if (file.kind === 'machine') return snapshots.importMachine(staged.path, edits.name)
    const template = edits.template === undefined ? templateFor(file.system) : requireTemplate(edits.template)
    const proposal = proposalFor('', staged, file, template, initrd !== null)
    const { name = proposal.name, memoryMib = proposal.memoryMib } = edits
    return createFromItem(library, { staged, file, initrd, template, name, memoryMib }, options)
  }

  #keep(session: Session, item: Item): ImportItem {
    const itemId = randomUUID()
    session.items.set(itemId, item)
    const [oldest] = session.items
    if (oldest && session.items.size > MAX_ITEMS) {
      session.items.delete(oldest[0])
      void discardItem(oldest[1])
    }
    const { fileName } = item.staged
    if (item.kind === 'file')
      return proposalFor(itemId, item.staged, item.file, templateFor(item.file.system), item.initrd !== null)
    const members = item.members.flatMap(({ name, sizeBytes, kind }) =>
      kind === 'initrd' ? [] : [{ name, sizeBytes, kind }],
    )
    return { state: 'choice', itemId, fileName, members }
  }

  #item(session: Session, itemId: string): Item {
    const item = session.items.get(itemId)
    if (!item) throw new AppError('ipc/invalid-argument', 'There is no such import any more')
    return item
  }

  #session(context: CallContext): Session {
    const known = this.#sessions.get(context)
    if (known) return known
    const session: Session = { items: new Map(), running: new Map() }
    this.#sessions.set(context, session)
    context.onEnd(() => {
      for (const controller of session.running.values()) controller.abort()
      for (const item of session.items.values()) void discardItem(item)
      session.items.clear()
    })
    return session
  }

  #options(fileName: string, signal: AbortSignal): InspectOptions {
    const { pools, stagingFolder, events } = this.#host
    return {
      pools,
      stagingFolder,
      signal,
      onProgress: (doneBytes, totalBytes) => {
        if (totalBytes > 0) events.emit('import-progress', { fileName, uploadId: null, doneBytes, totalBytes })
      },
    }
  }

  async #abortable<T>(session: Session, id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController()
    session.running.set(id, controller)
    try {
      return await work(controller.signal)
    } finally {
      session.running.delete(id)
    }
  }
}

async function discardItem(item: Item): Promise<void> {
  await discardStaged(item.staged)
  if (item.kind === 'file' && item.initrd) await discardStaged(item.initrd)
}

/** A kernel takes the initial file system that came with it; `alone` are those that no kernel has taken. */
function pairUp(found: readonly Inspected[]): { items: Item[]; alone: StagedFile[] } {
  const alone = found.flatMap((each) => ('file' in each && each.file.kind === 'initrd' ? [each.staged] : []))
  const items = found.flatMap((each): Item[] => {
    if ('members' in each) return [{ kind: 'archive', ...each }]
    const { staged, file } = each
    if (file.kind === 'initrd') return []
    const initrd = file.kind === 'kernel' && file.system?.system === 'linux' ? (alone.shift() ?? null) : null
    return [{ kind: 'file', staged, file, initrd }]
  })
  return { items, alone }
}

function initrdAlone(fileName: string): AppError {
  const message = `${fileName} is an initial file system of Linux: drop it together with its kernel`
  return new AppError('disk/unsupported-format', message)
}

function severalImages({ fileName, members }: ImportChoice): AppError {
  const names = members.map((member) => member.name).join(', ')
  return new AppError('disk/unsupported-format', `${fileName} holds several images; choose one of: ${names}`)
}

function cancelled(): AppError {
  return new AppError('ipc/closed', 'Cancelled')
}

function requireTemplate(id: string): Template {
  const template = findTemplate(id)
  if (!template) throw new AppError('ipc/invalid-argument', `There is no template ${JSON.stringify(id.slice(0, 40))}`)
  return template
}
