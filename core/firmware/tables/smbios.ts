/** SMBIOS 2.4 tables in the F segment (DMTF System Management BIOS Reference Specification 2.4): BIOS, system, enclosure, processor, memory. */
import type { FirmwareMachine } from '../machine.ts'
import { BIOS_DATE, TABLES } from '../rom/layout.ts'
import { putText, setChecksum } from './checksum.ts'

const ENTRY_BYTES = 0x1f
const VENDOR = 'Vitrine'
const PRODUCT = 'Vitrine PC'

/** A structure: its formatted part (without the 4-byte header), and its strings. */
interface Structure {
  readonly type: number
  readonly fields: readonly number[]
  readonly strings: readonly string[]
}

const word = (value: number) => [value & 0xff, (value >>> 8) & 0xff]
const dword = (value: number) => [...word(value), ...word(value >>> 16)]

function structures({ config }: FirmwareMachine): Structure[] {
  const mib = config.ramBytes >>> 20
  const uuid = config.uuid ?? new Uint8Array(16)
  const date = BIOS_DATE.replace(/(..)$/, '20$1')
  return [
    {
      type: 0, // start segment, 64 KiB, characteristics: PCI, shadowing, CD boot, selectable boot, EDD, ACPI
      fields: [1, 2, ...word(0xf000), 3, 0, ...dword(0x0009_9080), ...dword(0), 1, 0, 0, 0, 0xff, 0xff],
      strings: [VENDOR, config.version, date],
    },
    {
      type: 1,
      fields: [1, 2, 3, 0, ...uuid, 6, 0, 0],
      strings: [VENDOR, PRODUCT, config.version],
    },
    { type: 3, fields: [1, 1, 0, 0, 0, 3, 3, 3, 3, ...dword(0), 0, 0, 0, 0], strings: [VENDOR] },
    {
      type: 4, // central processor, populated and enabled
      fields: [1, 3, 2, 2, ...dword(0), ...dword(0), 0, 0, ...word(0), ...word(0), ...word(0), 0x41, 1]
        .concat(word(0xffff), word(0xffff), word(0xffff))
        .concat([0, 0, 0]),
      strings: ['CPU 0', VENDOR],
    },
    { type: 16, fields: [1, 3, 3, ...dword(mib * 1024), ...word(0xfffe), ...word(1)], strings: [] },
    {
      type: 17,
      fields: [...word(0x1000), ...word(0xfffe), ...word(64), ...word(64), ...word(mib), 9, 0, 1, 0, 7]
        .concat(word(0), word(0))
        .concat([0, 0, 0, 0]),
      strings: ['DIMM 0'],
    },
    { type: 19, fields: [...dword(0), ...dword(mib * 1024 - 1), ...word(0x1000), 1], strings: [] },
    { type: 32, fields: [0, 0, 0, 0, 0, 0, 0], strings: [] },
    { type: 127, fields: [], strings: [] },
  ]
}

function encode({ type, fields, strings }: Structure, handle: number): number[] {
  const text = strings.flatMap((line) => [...[...line].map((c) => c.charCodeAt(0)), 0])
  const end = strings.length === 0 ? [0, 0] : [0]
  return [type, 4 + fields.length, ...word(handle), ...fields, ...text, ...end]
}

/** Memory devices refer to their array by this handle. */
const ARRAY_HANDLE = 0x1000

export function installSmbios(machine: FirmwareMachine): void {
  const list = structures(machine)
  const encoded = list.map((structure, i) => encode(structure, structure.type === 16 ? ARRAY_HANDLE : i))
  const table = Uint8Array.from(encoded.flat())
  const entry = new Uint8Array(ENTRY_BYTES)
  const view = new DataView(entry.buffer)
  putText(entry, 0, '_SM_')
  entry.set([0, ENTRY_BYTES, 2, 4], 4)
  view.setUint16(8, Math.max(...encoded.map((bytes) => bytes.length)), true)
  putText(entry, 0x10, '_DMI_')
  view.setUint16(0x16, table.length, true)
  view.setUint32(0x18, TABLES.smbios, true)
  view.setUint16(0x1c, list.length, true)
  entry[0x1e] = 0x24
  setChecksum(entry.subarray(0x10), 5)
  setChecksum(entry, 4)
  machine.patchRom(TABLES.smbios, table)
  machine.patchRom(TABLES.smbiosEntry, entry)
}
