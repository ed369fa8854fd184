/** A large library with real pictures, in groups, as a browser shows it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { encodeMachineFile } from '../../core/contract/machine-file.ts'
import { MACHINE_SCHEMA_VERSION, machineSpecSchema } from '../../core/contract/machine-spec.ts'
import { SNAPSHOT_RECORD_VERSION, snapshotRecordSchema } from '../../core/contract/snapshot.ts'

function uuid(kind: number, machine: number, number = 0): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0')
  return `${hex(kind, 8)}-${hex(number, 4)}-4000-8000-${hex(machine, 12)}`
}

/** A picture of a screen: bars and noise, so that it compresses as such pictures do. */
function picture(seed: number): Buffer {
  const png = new PNG({ width: 320, height: 240 })
  let state = seed + 1
  for (let pixel = 0; pixel < 320 * 240; pixel++) {
    if (pixel % 40 === 0) state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff
    png.data.set([(state >> 4) & 0xff, (state >> 12) & 0xff, (seed * 37) & 0xff, 255], pixel * 4)
  }
  return PNG.sync.write(png)
}

/** Writes `machines` machines into `library`, each with `snapshots` snapshots in a row, in ten groups. */
export function writePicturedLibrary(library: string, machines: number, snapshots: number): void {
  const pictures = Array.from({ length: 16 }, (_, seed) => picture(seed))
  for (let machine = 0; machine < machines; machine++) {
    const id = uuid(1, machine)
    const folder = join(library, `Machine ${String(machine).padStart(3, '0')}`)
    const spec = machineSpecSchema.parse({
      schemaVersion: MACHINE_SCHEMA_VERSION,
      id,
      name: `Machine ${String(machine).padStart(3, '0')}`,
      group: machine % 11 === 0 ? '' : `Group ${machine % 10}`,
      tags: [`tag ${machine % 7}`],
      notes: `The machine with the number ${machine}`,
      drives: [{ slot: 'fda', kind: 'floppy' }],
      present: { parent: snapshots > 0 ? uuid(2, machine, snapshots - 1) : null },
    })
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'machine.json'), encodeMachineFile(spec))
    const png = pictures[machine % pictures.length] ?? Buffer.alloc(0)
    writeFileSync(join(folder, 'thumbnail.png'), png)
    for (let number = 0; number < snapshots; number++) {
      const snapshotFolder = join(folder, 'snapshots', uuid(2, machine, number))
      mkdirSync(snapshotFolder, { recursive: true })
      const record = snapshotRecordSchema.parse({
        recordVersion: SNAPSHOT_RECORD_VERSION,
        id: uuid(2, machine, number),
        name: `Snapshot ${number}`,
        createdAt: new Date(Date.UTC(2026, 0, 1 + number)).toISOString(),
        parent: number === 0 ? null : uuid(2, machine, number - 1),
        kind: 'manual',
        machineState: 'off',
        hasMemory: false,
        spec,
        thumbnail: { widthPx: 320, heightPx: 240, pngBase64: png.toString('base64') },
      })
      writeFileSync(join(snapshotFolder, 'record.json'), JSON.stringify(record))
    }
  }
}
