/** The library behind the contract. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import { parseWith } from '../../core/base/schema.ts'
import type { Service } from '../../core/contract/api.ts'
import { LIVE_SETTINGS } from '../../core/contract/live-settings.ts'
import { type DriveSpec, type MachineSettings, machineSettingsSchema } from '../../core/contract/machine-spec.ts'
import { type MachineDisks, newDrive } from '../disks/machine-disks.ts'
import type { HostEvents } from '../host-events.ts'
import type { Imports } from '../imports/imports.ts'
import type { CallContext } from '../ipc/call-context.ts'
import type { LibraryEntry } from '../library/library.ts'
import { mapPaths } from '../library/machine-folder.ts'
import { readHistory } from '../library/machine-history.ts'
import { withoutAbsent } from '../library/pending-settings.ts'
import type { Snapshots } from '../snapshots/snapshots.ts'
import type { Machines } from '../vm/machines.ts'
import { createFromTemplate } from './create-from-template.ts'
import type { Importer } from './import-image.ts'
import { requirePath, requireSettingsPaths } from './path-permission.ts'

/** What the shell can do with folders of the host. */
export interface FolderHooks {
  /** Shows a folder in the file manager; false where there is none. */
  showFolder?(path: string): Promise<boolean>
  /** Puts a folder into the trash of the system; false where there is none, or it does not take it. */
  trashFolder?(path: string): Promise<boolean>
}

export interface LibraryServiceOptions {
  readonly machines: Machines
  readonly importer: Importer
  readonly snapshots: Snapshots
  readonly disks: MachineDisks
  readonly imports: Imports
  readonly events: HostEvents
  readonly folders: FolderHooks
  /** Whether what is deleted goes to the trash of the system. */
  readonly usesSystemTrash: () => boolean
}

export function createLibraryService(options: LibraryServiceOptions): Service<'library', CallContext> {
  const { machines, importer, snapshots, disks, imports, events, folders } = options
  const { library } = machines
  const told = async (id: string) => {
    await machines.cards.tell()
    return machines.card(id)
  }
  const created = (id: string, detail = '') => {
    machines.happened(id, 'created', detail)
    return told(id)
  }
  const cardOf = async (entry: LibraryEntry) => {
    await machines.cards.tell()
    return machines.cards.of(entry)
  }
  const throwAway = async (folder: string) => {
    const { path } = library.entry(folder)
    const gone = options.usesSystemTrash() && (await folders.trashFolder?.(path))
    if (gone) await library.refresh()
    else await library.discard(folder)
    events.emit('trash-changed', {})
    await machines.cards.tell()
  }
  return {
    list: () => machines.cards.all(),
    get: ({ id }) => machines.card(id),
    async create({ settings, newDisks }, { grants }) {
      requireSettingsPaths(grants, settings, undefined)
      const name = library.freeName(settings.name)
      const drives = newDisks.map(({ slot }) => ({ slot, kind: 'disk', file: 'disks/new' }))
      parseWith(machineSettingsSchema, { ...settings, drives: [...settings.drives, ...drives] }, 'The machine')
      const { spec } = await library.add(async (folder) => {
        requireFiles(settings, folder)
        const made: DriveSpec[] = []
        for (const { slot, ...disk } of newDisks) made.push(newDrive(slot, await disks.make(folder, name, disk)))
        return { ...settings, name, drives: [...settings.drives, ...made] }
      })
      return created(spec.id)
    },
    async createFromTemplate(choice, context) {
      const { spec } = await createFromTemplate(importer, choice, context)
      return created(spec.id, spec.template)
    },
    async importImage({ source, name }, context) {
      const { spec } = await imports.importOne(source, name, context)
      return created(spec.id)
    },
    async update({ id, patch }, { grants }) {
      const { spec, path } = library.machine(id)
      const settings: MachineSettings = { ...spec, ...withoutAbsent(patch) }
      requireSettingsPaths(grants, settings, spec)
      if (patch.drives || patch.boot || patch.firmware) requireFiles(settings, path)
      await machines.update(id, patch)
      return machines.card(id)
    },
    async discardPending({ id }) {
      await machines.discardPending(id)
      return machines.card(id)
    },
    settingsSchema: () => ({
      schema: machineSettingsSchema.toJSONSchema({ io: 'input' }) as Record<string, unknown>,
      live: [...LIVE_SETTINGS],
    }),
    async duplicate({ id, name }) {
      machines.requireOff(id)
      const { spec } = await library.duplicate(id, name)
      return created(spec.id)
    },
    async delete({ id, permanently }) {
      machines.requireOff(id)
      await snapshots.beforeDelete(id)
      if (!permanently) {
        await throwAway(library.machine(id).folder)
        return null
      }
      await library.remove(id)
      await machines.cards.tell()
      return null
    },
    async trashFolder({ folder }) {
      const entry = library.entry(folder)
      if (entry.kind === 'machine') {
        machines.requireOff(entry.spec.id)
        await snapshots.beforeDelete(entry.spec.id)
      }
      await throwAway(folder)
      return null
    },
    trash: () => library.trash(),
    async restoreFromTrash({ entry }) {
      const restored = await library.restoreFromTrash(entry)
      events.emit('trash-changed', {})
      return cardOf(restored)
    },
    async emptyTrash({ entries }) {
      await library.emptyTrash(entries)
      events.emit('trash-changed', {})
      return null
    },
    async move({ id, into }, { grants }) {
      machines.requireOff(id)
      if (into !== null) requirePath(grants, into)
      await snapshots.requireMovable(id)
      await library.move(id, into)
      return told(id)
    },
    async addFolder({ path }, { grants }) {
      requirePath(grants, path)
      return cardOf(await library.addFolder(path))
    },
    async forgetFolder({ folder }) {
      const entry = library.entry(folder)
      if (entry.kind === 'machine') machines.requireOff(entry.spec.id)
      await library.forgetFolder(folder)
      await machines.cards.tell()
      return null
    },
    async showFolder({ folder }) {
      const { path } = library.entry(folder)
      return { path, shown: (await folders.showFolder?.(path)) ?? false }
    },
    async renewIdentity({ folder }) {
      await library.refresh()
      const { spec } = await library.renewIdentity(folder)
      return told(spec.id)
    },
    logs: ({ id, lines, search, levels }) => ({ lines: machines.logLines(id, lines, search, levels) }),
    history: ({ id, entries }) => readHistory(library.machine(id).path, entries),
  }
}

/** Throws `disk/not-found` naming the first file of `settings` that is not there; files that are written are made when needed. */
function requireFiles(settings: MachineSettings, folder: string): void {
  mapPaths({ ...settings, serialPorts: [] }, (path) => {
    if (!existsSync(resolve(folder, path)))
      throw new AppError('disk/not-found', `There is no such file: ${path}`, { context: { path } })
    return path
  })
}
