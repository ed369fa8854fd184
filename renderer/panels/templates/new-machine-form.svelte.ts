/** What is chosen for a machine that is made from a template, and what is to be said about it. */
import type { Client } from '../../../core/contract/client.ts'
import type { FromTemplate } from '../../../core/contract/library-api.ts'
import type { MachineCard } from '../../../core/contract/machine-card.ts'
import { type CpuProfile, MEMORY_MIB, machineNameSchema } from '../../../core/contract/machine-spec.ts'
import type { MediaSource } from '../../../core/contract/media-source.ts'
import type { Template } from '../../../core/contract/template.ts'

/** An image by path or as a file that is still to be sent. */
export type ChosenImage = { readonly path: string } | { readonly file: File }

export type DiskChoice = 'new' | 'existing' | 'none'

export type MemoryZone = 'few' | 'enough' | 'good' | 'many'

/** How a system gets along with this much memory. */
export function memoryZone({ memoryMib: { min, good, max } }: Template, memoryMib: number): MemoryZone {
  if (memoryMib < min) return 'few'
  if (memoryMib > max) return 'many'
  return memoryMib < good ? 'enough' : 'good'
}

export type Pressure = 'fine' | 'tight' | 'over'

/** From this part of the host's memory on, the host itself begins to suffer. */
const TIGHT_FROM = 0.75

/** What `usedMib` of memory for machines mean to a host with `hostMib`. */
export function memoryPressure(usedMib: number, hostMib: number): Pressure {
  if (usedMib > hostMib) return 'over'
  return usedMib > hostMib * TIGHT_FROM ? 'tight' : 'fine'
}

/** Memory of the machines that are on. */
export function memoryInUse(machines: readonly MachineCard[]): number {
  return machines
    .filter(({ state }) => state !== 'off' && state !== 'crashed')
    .reduce((sum, { spec }) => sum + spec.memoryMib, 0)
}

export class NewMachineForm {
  readonly template: Template
  readonly group: string
  name = $state('')
  memoryMib = $state(0)
  profile = $state<CpuProfile>('max')
  limitMips = $state<number | null>(null)
  disk = $state<DiskChoice>('none')
  diskSizeMib = $state(0)
  diskImage = $state.raw<ChosenImage | null>(null)
  copyImage = $state(true)
  floppy = $state.raw<ChosenImage | null>(null)
  cdrom = $state.raw<ChosenImage | null>(null)

  constructor(template: Template, group = '') {
    this.template = template
    this.group = group
    this.name = template.name
    this.memoryMib = template.memoryMib.good
    this.profile = template.cpu.profile
    this.limitMips = template.cpu.limitMips
    this.disk = template.disk ? 'new' : 'none'
    this.diskSizeMib = template.disk?.goodMib ?? 500
  }

  get hasMedium(): boolean {
    return this.disk === 'existing' || this.floppy !== null || this.cdrom !== null
  }

  get isValid(): boolean {
    return (
      machineNameSchema.safeParse(this.name).success &&
      Number.isInteger(this.memoryMib) &&
      this.memoryMib >= MEMORY_MIB.min &&
      this.memoryMib <= MEMORY_MIB.max &&
      (this.disk !== 'existing' || this.diskImage !== null)
    )
  }

  /** Makes the machine. `send` brings a file to the host. Throws what the host says, having made nothing. */
  async create({ api }: Pick<Client, 'api'>, send: (file: File) => Promise<MediaSource>): Promise<MachineCard> {
    const sourceOf = async (image: ChosenImage): Promise<MediaSource> =>
      'file' in image ? send(image.file) : { kind: 'path', path: image.path }
    const { disk, diskImage, floppy, cdrom } = this
    const media: FromTemplate['media'] = []
    if (floppy) media.push({ slot: 'fda', source: await sourceOf(floppy) })
    if (cdrom) media.push({ slot: 'hdc', source: await sourceOf(cdrom) })
    return api.library.createFromTemplate({
      template: this.template.id,
      name: this.name.trim(),
      group: this.group,
      memoryMib: this.memoryMib,
      cpuProfile: this.profile,
      limitMips: this.limitMips,
      disk:
        disk === 'existing' && diskImage
          ? { kind: 'existing', source: await sourceOf(diskImage), copy: this.copyImage }
          : disk === 'new'
            ? { kind: 'new', sizeMib: this.diskSizeMib }
            : { kind: 'none' },
      media,
    })
  }
}
