import { describe, expect, test } from 'vitest'
import { AppError } from '../../../core/base/errors.ts'
import { encodeMachineFile, migrate, parseMachineFile } from '../../../core/contract/machine-file.ts'
import { MACHINE_SCHEMA_VERSION, type MachineSpec, machineSpecSchema } from '../../../core/contract/machine-spec.ts'
import { Random } from '../../support/random.ts'

const id = '0b6b9c52-6d3c-4c1e-9a53-1d1f5d4f5a10'
const minimal = { schemaVersion: MACHINE_SCHEMA_VERSION, id, name: 'A' }
const full: MachineSpec = machineSpecSchema.parse({
  ...minimal,
  template: 'freedos',
  cpu: { profile: '486', limitMips: 12.5, capPercent: 60 },
  memoryMib: 3072,
  clock: { source: 'virtual', rtc: 'utc' },
  boot: { order: ['cdrom', 'disk'], menu: true, kernel: { file: 'vmlinuz', initrd: 'initrd', append: 'quiet' } },
  firmware: { kind: 'external', bios: '/usr/share/seabios/bios.bin', vgaBios: 'C:\\roms\\vga.bin' },
  drives: [
    { slot: 'hda', kind: 'disk', file: 'disks/a.img', discardWrites: true },
    { slot: 'hdc', kind: 'cdrom' },
    { slot: 'fda', kind: 'floppy', file: '/a/b.img', writeProtected: true },
  ],
  display: { videoMemoryMib: 4 },
  serialPorts: [
    { port: 1 },
    { port: 2, kind: 'tcp', address: '[::1]:2323', listens: false },
    { port: 3, kind: 'file', file: 'out.txt' },
    { port: 4, kind: 'pipe', file: 'com4.sock' },
  ],
  notes: 'Line one\nLine two',
  group: 'Work/Old',
  pending: { settings: { memoryMib: 32 } },
  tags: ['games', 'old'],
})

const codeOf = (text: string): string => {
  try {
    parseMachineFile(text)
    return 'accepted'
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return error.code
  }
}
const codeWith = (change: object) => codeOf(JSON.stringify({ ...minimal, ...change }))

describe('machine.json', () => {
  test('is read as it was written', () => {
    expect(parseMachineFile(encodeMachineFile(full))).toEqual(full)
    expect(encodeMachineFile(full).endsWith('}\n')).toBe(true)
  })

  test('needs a version, an identity and a name; everything else has a default', () => {
    expect(parseMachineFile(JSON.stringify(minimal))).toMatchObject({
      memoryMib: 64,
      drives: [],
      boot: { order: ['floppy', 'cdrom', 'disk'] },
    })
    for (const key of ['schemaVersion', 'id', 'name']) expect(codeWith({ [key]: undefined })).toBe('spec/invalid')
  })

  test('of another version is refused by what is to be done about it', () => {
    expect(codeWith({ schemaVersion: MACHINE_SCHEMA_VERSION + 1, whatever: 1 })).toBe('spec/newer-version')
    expect(codeWith({ schemaVersion: 0 })).toBe('spec/older-version')
    expect(codeWith({ schemaVersion: '1' })).toBe('spec/invalid')
    expect(codeWith({ schemaVersion: 1.5 })).toBe('spec/invalid')
  })

  test('is migrated step by step', () => {
    const table = { 1: (file: object) => ({ ...file, a: 1 }), 2: (file: object) => ({ ...file, b: 2 }) }
    expect(migrate({ schemaVersion: 1, x: 0 }, 1, 3, table)).toEqual({ schemaVersion: 3, x: 0, a: 1, b: 2 })
    expect(() => migrate({ schemaVersion: 1 }, 1, 4, table)).toThrow('version 3')
  })

  test('of the second version is read, with what came since at its defaults', () => {
    const second = {
      schemaVersion: 2,
      id,
      name: 'A',
      serialPorts: [{ port: 1, kind: 'file', file: 'out.txt' }],
      present: { parent: null, pending: null, resume: null },
    }
    expect(parseMachineFile(JSON.stringify(second))).toMatchObject({
      schemaVersion: MACHINE_SCHEMA_VERSION,
      group: '',
      acpi: true,
      pending: null,
      serialPorts: [{ port: 1, kind: 'file', file: 'out.txt', address: null, listens: true }],
    })
  })

  test.each([
    ['an unknown key', { colour: 1 }],
    ['an unknown key within', { cpu: { profile: '486', turbo: true } }],
    ['memory below the least', { memoryMib: 0 }],
    ['memory above the most', { memoryMib: 3073 }],
    ['part of a MiB', { memoryMib: 1.5 }],
    ['a name of blanks', { name: '  ' }],
    ['a name of two lines', { name: 'a\nb' }],
    ['a path that leaves the folder', { drives: [{ slot: 'hda', kind: 'disk', file: 'a/../../b' }] }],
    ['a path that leaves the folder the other way', { drives: [{ slot: 'hda', kind: 'disk', file: 'a\\..\\b' }] }],
    ['a path with a zero byte', { drives: [{ slot: 'hda', kind: 'disk', file: 'a\0b' }] }],
    [
      'two drives in one slot',
      {
        drives: [
          { slot: 'hdc', kind: 'cdrom' },
          { slot: 'hdc', kind: 'cdrom' },
        ],
      },
    ],
    ['a floppy on the IDE channel', { drives: [{ slot: 'hda', kind: 'floppy' }] }],
    ['a disk on the floppy channel', { drives: [{ slot: 'fda', kind: 'disk', file: 'a' }] }],
    ['a hard disk without an image', { drives: [{ slot: 'hda', kind: 'disk' }] }],
    ['a boot order that repeats itself', { boot: { order: ['disk', 'disk'] } }],
    ['no boot order', { boot: { order: [] } }],
    ['a serial file without a file', { serialPorts: [{ port: 1, kind: 'file' }] }],
    ['a serial socket without a path', { serialPorts: [{ port: 1, kind: 'pipe' }] }],
    ['a serial line to nowhere', { serialPorts: [{ port: 1, kind: 'tcp' }] }],
    ['a serial line to no address', { serialPorts: [{ port: 1, kind: 'tcp', address: 'localhost' }] }],
    ['a serial line to a port that is none', { serialPorts: [{ port: 1, kind: 'tcp', address: '[::1]:65536' }] }],
    ['a serial line that others could call', { serialPorts: [{ port: 1, kind: 'tcp', address: '0.0.0.0:23' }] }],
    ['a group without a name', { group: 'a//b' }],
    ['a port twice', { serialPorts: [{ port: 1 }, { port: 1 }] }],
    ['a network adapter, of which there are none', { networkAdapters: [{ model: 'ne2000' }] }],
    ['video memory of 3 MiB', { display: { videoMemoryMib: 3 } }],
  ])('is refused with %s', (_, change) => {
    expect(codeWith(change)).toBe('spec/invalid')
  })

  test('that is damaged at random is read or refused, never anything else', () => {
    const seed = 20_260_101
    const random = new Random(seed)
    const text = encodeMachineFile(full)
    let refused = 0
    for (let round = 0; round < 3000; round++) {
      const bytes = Buffer.from(text)
      for (let n = random.below(4) + 1; n > 0; n--)
        bytes[random.below(bytes.length)] = random.pick([random.below(256), 0x22, 0x7b, 0x5b, 0x30, 0x2d])
      const cut = random.below(4) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes
      const code = codeOf(cut.toString('utf8'))
      expect(
        ['accepted', 'spec/invalid', 'spec/newer-version', 'spec/older-version'],
        `seed ${seed}, round ${round}`,
      ).toContain(code)
      if (code !== 'accepted') refused++
    }
    expect(refused).toBeGreaterThan(1000)
    for (const text of [
      'null',
      '[]',
      '1',
      '"x"',
      '{}',
      '['.repeat(100_000),
      `{"a":${'{"a":'.repeat(5000)}`,
      '{"__proto__":{"schemaVersion":1}}',
      ' '.repeat(2 << 20),
    ])
      expect(codeOf(text)).toBe('spec/invalid')
  })
})
