/** A library as large as nobody has by hand: machines with settings, notes, pictures and snapshots, all of them whole. */
import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeMachineFile } from '../../core/contract/machine-file.ts'
import { MACHINE_SCHEMA_VERSION, machineSpecSchema } from '../../core/contract/machine-spec.ts'
import { SNAPSHOT_RECORD_VERSION } from '../../core/contract/snapshot.ts'
import { Random } from './random.ts'

/** A picture that does not compress well, of the size that pictures of busy screens have. */
const PNG_BYTES = 12_000
const TEMPLATES = ['ms-dos', 'windows-98', 'linux', 'os2', 'other']

function picture(random: Random): Buffer {
  const png = Buffer.alloc(PNG_BYTES)
  Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex').copy(png)
  png.writeUInt32BE(320, 16)
  png.writeUInt32BE(240, 20)
  for (let i = 24; i < PNG_BYTES; i++) png[i] = random.below(256)
  return png
}

/** Makes `machines` machines with `snapshots` snapshots each in the folder `root`. */
export function makeLargeLibrary(root: string, machines: number, snapshots: number): void {
  const random = new Random(500)
  for (let number = 1; number <= machines; number++) {
    const folder = join(root, `Machine ${number}`)
    mkdirSync(join(folder, 'disks'), { recursive: true })
    writeFileSync(join(folder, 'disks/disk.img'), Buffer.alloc(512))
    const png = picture(random)
    writeFileSync(join(folder, 'thumbnail.png'), png)
    const spec = machineSpecSchema.parse({
      schemaVersion: MACHINE_SCHEMA_VERSION,
      id: randomUUID(),
      name: `Machine ${number}`,
      template: random.pick(TEMPLATES),
      group: number % 3 === 0 ? `Group ${number % 12}/Inner` : '',
      notes: `Notes of machine ${number}. `.repeat(10),
      tags: [`tag${number % 20}`],
      drives: [
        { slot: 'fda', kind: 'floppy' },
        { slot: 'hda', kind: 'disk', file: 'disks/disk.img' },
        { slot: 'hdc', kind: 'cdrom' },
      ],
    })
    let parent: string | null = null
    for (let snapshot = 1; snapshot <= snapshots; snapshot++) {
      const id = randomUUID()
      mkdirSync(join(folder, 'snapshots', id), { recursive: true })
      const record = {
        recordVersion: SNAPSHOT_RECORD_VERSION,
        id,
        name: `Snapshot ${snapshot}`,
        description: 'Before the update. '.repeat(5),
        createdAt: new Date(Date.UTC(2026, 0, snapshot, number % 24)).toISOString(),
        parent,
        kind: 'manual',
        pinned: false,
        machineState: 'off',
        hasMemory: false,
        spec,
        floppies: [],
        thumbnail: { widthPx: 320, heightPx: 240, pngBase64: png.toString('base64') },
      }
      writeFileSync(join(folder, 'snapshots', id, 'record.json'), `${JSON.stringify(record, undefined, 2)}\n`)
      parent = id
    }
    writeFileSync(join(folder, 'machine.json'), encodeMachineFile({ ...spec, present: { ...spec.present, parent } }))
  }
}
