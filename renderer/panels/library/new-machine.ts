/** Making a machine from the choices of the dialog: whole, or not at all. */
import type { Client } from '../../../core/contract/client.ts'
import type { MachineCard } from '../../../core/contract/machine-card.ts'
import type { CpuProfile, DriveSlot } from '../../../core/contract/machine-spec.ts'
import type { MediaSource } from '../../../core/contract/media-source.ts'

/** An image by path or as a file that is still to be sent. */
export type ChosenImage = { readonly path: string } | { readonly file: File }

export interface NewMachine {
  readonly name: string
  readonly memoryMib: number
  readonly profile: CpuProfile
  readonly disk: ChosenImage | null
  readonly floppy: ChosenImage | null
  readonly cdrom: ChosenImage | null
}

const EMPTY_DRIVES = [
  { slot: 'fda', kind: 'floppy' },
  { slot: 'hdc', kind: 'cdrom' },
] as const

/** Makes `machine`. `send` brings a file to the host. Throws what the host says, having made nothing. */
export async function createMachine(
  { api }: Pick<Client, 'api'>,
  machine: NewMachine,
  send: (file: File) => Promise<MediaSource>,
): Promise<MachineCard> {
  const { name, memoryMib, profile, disk } = machine
  const sourceOf = async (image: ChosenImage): Promise<MediaSource> =>
    'file' in image ? send(image.file) : { kind: 'path', path: image.path }
  const card = disk
    ? await api.library.importImage({ source: await sourceOf(disk), name })
    : await api.library.create({ settings: { name, memoryMib, cpu: { profile }, drives: [...EMPTY_DRIVES] } })
  const { id } = card
  try {
    if (disk) await api.library.update({ id, patch: { memoryMib, cpu: { ...card.spec.cpu, profile } } })
    const media: readonly [DriveSlot, ChosenImage | null][] = [
      ['fda', machine.floppy],
      ['hdc', machine.cdrom],
    ]
    for (const [slot, image] of media)
      if (image) await api.machine.insertMedia({ id, slot, source: await sourceOf(image) })
    return await api.library.get({ id })
  } catch (error) {
    await api.library.delete({ id }).catch(() => {})
    throw error
  }
}
