/** The library behind the contract. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import { parseWith } from '../../core/base/schema.ts'
import type { Service } from '../../core/contract/api.ts'
import {
  type DriveSpec,
  type MachinePatch,
  type MachineSettings,
  type MachineSpec,
  machineSettingsSchema,
} from '../../core/contract/machine-spec.ts'
import { type MachineDisks, newDrive } from '../disks/machine-disks.ts'
import type { CallContext } from '../ipc/call-context.ts'
import { mapPaths } from '../library/machine-folder.ts'
import type { Snapshots } from '../snapshots/snapshots.ts'
import type { Machines } from '../vm/machines.ts'
import { createFromTemplate } from './create-from-template.ts'
import { type Importer, importImage } from './import-image.ts'
import { requireSettingsPaths } from './path-permission.ts'

/** What a saved state was made for: it fits no machine with another value of these. */
const SAVED_WITH = [
  'cpu',
  'memoryMib',
  'boot',
  'firmware',
  'acpi',
  'drives',
  'display',
  'serialPorts',
  'clock',
] as const

/** Throws for settings that a saved state would no longer fit. */
function requireNoSavedState(before: MachineSpec, patch: MachinePatch): void {
  if (before.present.resume === null) return
  const changed = SAVED_WITH.find(
    (key) => patch[key] !== undefined && JSON.stringify(patch[key]) !== JSON.stringify(before[key]),
  )
  if (changed)
    throw new AppError(
      'vm/invalid-state',
      `The machine has a saved state, which would not fit another ${changed}; start it, or discard the state first`,
      { context: { setting: changed } },
    )
}

export function createLibraryService(
  machines: Machines,
  importer: Importer,
  snapshots: Snapshots,
  disks: MachineDisks,
): Service<'library', CallContext> {
  const { library } = machines
  const told = async (id: string) => {
    await machines.tellCards()
    return machines.card(id)
  }
  return {
    list: () => machines.cards(),
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
      return told(spec.id)
    },
    async createFromTemplate(choice, context) {
      const { spec } = await createFromTemplate(importer, choice, context)
      return told(spec.id)
    },
    async importImage({ source, name }, context) {
      const { spec } = await importImage(importer, source, name, context)
      return told(spec.id)
    },
    async update({ id, patch }, { grants }) {
      const { spec, path } = library.machine(id)
      requireNoSavedState(spec, patch)
      const settings: MachineSettings = { ...spec, ...withoutAbsent(patch) }
      requireSettingsPaths(grants, settings, spec)
      if (patch.drives || patch.boot || patch.firmware) requireFiles(settings, path)
      await machines.update(id, settings)
      return machines.card(id)
    },
    async duplicate({ id, name }) {
      machines.requireOff(id)
      const { spec } = await library.duplicate(id, name)
      return told(spec.id)
    },
    async delete({ id }) {
      machines.requireOff(id)
      await snapshots.beforeDelete(id)
      await library.remove(id)
      await machines.tellCards()
      return null
    },
    async renewIdentity({ folder }) {
      await library.refresh()
      const { spec } = await library.renewIdentity(folder)
      return told(spec.id)
    },
    logs: ({ id, lines }) => ({ lines: machines.logLines(id, lines) }),
  }
}

/** A patch's optional keys may be there as undefined, which means absent. */
function withoutAbsent(patch: MachinePatch): Partial<MachineSettings> {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined))
}

/** Throws `disk/not-found` naming the first file of `settings` that is not there; files that are written are made when needed. */
function requireFiles(settings: MachineSettings, folder: string): void {
  mapPaths({ ...settings, serialPorts: [] }, (path) => {
    if (!existsSync(resolve(folder, path)))
      throw new AppError('disk/not-found', `There is no such file: ${path}`, { context: { path } })
    return path
  })
}
