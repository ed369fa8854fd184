import { describe, expect, test } from 'vitest'
import type { Card } from '../../../core/contract/machine-card.ts'
import { MACHINE_SCHEMA_VERSION, machineSpecSchema } from '../../../core/contract/machine-spec.ts'
import { matchesSearch } from '../../../core/contract/search.ts'

const spec = machineSpecSchema.parse({
  schemaVersion: MACHINE_SCHEMA_VERSION,
  id: '0b6b9c52-6d3c-4c1e-9a53-1d1f5d4f5a10',
  name: 'Büro',
  template: 'windows-98',
  group: 'Work/Old',
  tags: ['Games', 'straße'],
  notes: 'The password is on the\nyellow label.',
  drives: [{ slot: 'hdc', kind: 'cdrom', file: '/images/Encarta 99.iso' }],
  serialPorts: [{ port: 2, kind: 'tcp', address: '127.0.0.1:2323' }],
})
const card: Card = {
  kind: 'machine',
  id: spec.id,
  folder: 'Buero',
  spec,
  state: 'off',
  crash: null,
  discardsWrites: false,
  thumbnail: null,
  snapshots: { count: 0, lastAt: null },
  problems: [],
}
const found = (query: string) => matchesSearch(card, query, (id) => (id === 'windows-98' ? 'Windows 98' : undefined))

describe('search', () => {
  test.each([
    [''],
    ['  '],
    ['büro'],
    ['BURO'],
    ['windows 98'],
    ['encarta'],
    ['cd-rom'],
    ['serial 2323'],
    ['com2'],
    ['games'],
    ['STRASSE'],
    ['yellow'],
    ['work/old'],
    ['tag:games'],
    ['group:work'],
    ['off 64'],
    ['encarta games büro'],
  ])('finds %s', (query) => expect(found(query)).toBe(true))

  test.each([['windows 95'], ['floppy'], ['tag:work'], ['group:games'], ['running'], ['encarta linux']])(
    'does not find %s',
    (query) => expect(found(query)).toBe(false),
  )

  test('finds broken folders by name and by what is wrong', () => {
    const broken: Card = {
      kind: 'broken',
      folder: 'Copy',
      error: { code: 'spec/invalid', message: 'The machine file is not JSON', context: {} },
      actions: [],
    }
    expect([
      matchesSearch(broken, 'copy json', () => undefined),
      matchesSearch(broken, 'games', () => undefined),
    ]).toEqual([true, false])
  })
})
