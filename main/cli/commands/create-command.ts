/** `create`: a machine for an operating system, or one of which every part is said. */
import { parseWith } from '../../../core/base/schema.ts'
import { type FromTemplate, fromTemplateSchema } from '../../../core/contract/library-api.ts'
import { type MachinePatch, machinePatchSchema, machineSettingsSchema } from '../../../core/contract/machine-spec.ts'
import { usageError } from '../failure.ts'
import { filePath, type MachineFlags, settingsOf } from '../machine-flags.ts'
import { type JsonFlag, print } from '../output.ts'
import { withClient } from '../session.ts'
import { sizeOf } from './disk-commands.ts'

const MIB = 2 ** 20

export interface CreateFlags extends MachineFlags, JsonFlag {
  readonly name?: string
  readonly template?: string
  readonly disk?: string
  readonly group?: string
  readonly notes?: string
  readonly tag?: string[]
}

export async function create(flags: CreateFlags): Promise<void> {
  if (flags.template !== undefined) return createForSystem(flags, flags.template)
  if (flags.name === undefined) throw usageError('create needs --name, or --template')
  if (flags.disk !== undefined) throw usageError('--disk needs --template; --hda names an image')
  const input = { ...settingsOf(flags, flags.name), ...extras(flags) }
  const settings = parseWith(machineSettingsSchema, input, 'The machine', 'usage/invalid')
  await withClient(async ({ api }) => {
    const card = await api.library.create({ settings })
    print(flags, card, `Created ${card.spec.name}`)
  })
}

/** What flags add to a machine beside its hardware. */
function extras(flags: CreateFlags): Pick<MachinePatch, 'notes' | 'tags' | 'group'> {
  return {
    ...(flags.notes === undefined ? {} : { notes: flags.notes }),
    ...(flags.tag ? { tags: flags.tag } : {}),
    ...(flags.group === undefined ? {} : { group: flags.group }),
  }
}

async function createForSystem(flags: CreateFlags, template: string): Promise<void> {
  // What is said by flags beside the template's own questions is changed afterwards.
  const { name: _, drives: __, cpu, memoryMib, ...others } = settingsOf(flags, 'new')
  const { boot, ...settings } = others
  const input = {
    template,
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.group === undefined ? {} : { group: flags.group }),
    ...(memoryMib === undefined ? {} : { memoryMib }),
    ...(cpu?.profile === undefined ? {} : { cpuProfile: cpu.profile }),
    ...diskOf(flags),
    media: mediaOf(flags),
  }
  const choice = parseWith(fromTemplateSchema, input, 'The machine', 'usage/invalid')
  await withClient(async ({ api }) => {
    const made = await api.library.createFromTemplate(choice)
    const patch = parseWith(
      machinePatchSchema,
      {
        ...settings,
        ...extras(flags),
        ...(cpu?.capPercent === undefined ? {} : { cpu: { ...made.spec.cpu, capPercent: cpu.capPercent } }),
        ...(boot?.order || boot?.kernel ? { boot: { ...made.spec.boot, ...boot } } : {}),
        ...(flags.hdb === undefined ? {} : { drives: [...made.spec.drives, secondDisk(flags.hdb)] }),
      },
      'The machine',
      'usage/invalid',
    )
    const card = Object.keys(patch).length > 0 ? await api.library.update({ id: made.id, patch }) : made
    print(flags, card, `Created ${card.spec.name}`)
  })
}

function secondDisk(file: string) {
  return { slot: 'hdb', kind: 'disk', file: filePath(file) } as const
}

function diskOf({ disk, hda }: CreateFlags): { disk?: FromTemplate['disk'] } {
  if (disk !== undefined && hda !== undefined) throw usageError('Either --disk makes a disk, or --hda names one')
  if (hda !== undefined)
    return { disk: { kind: 'existing', source: { kind: 'path', path: filePath(hda) }, copy: false } }
  if (disk === undefined) return {}
  if (disk === 'none') return { disk: { kind: 'none' } }
  const bytes = sizeOf(disk)
  if (bytes < MIB) throw usageError('--disk is at least 1M')
  return { disk: { kind: 'new', sizeMib: Math.floor(bytes / MIB) } }
}

function mediaOf(flags: CreateFlags): FromTemplate['media'] {
  const files = [
    ['fda', flags.fda],
    ['fdb', flags.fdb],
    ['hdc', flags.cdrom],
  ] as const
  return files.flatMap(([slot, file]) =>
    file === undefined ? [] : [{ slot, source: { kind: 'path' as const, path: filePath(file) } }],
  )
}
