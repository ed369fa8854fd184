import { describe, expect, test } from 'vitest'
import { MEMORY_MIB } from '../../../core/contract/machine-spec.ts'
import type { Template } from '../../../core/contract/template.ts'
import {
  memoryInUse,
  memoryPressure,
  memoryZone,
  NewMachineForm,
} from '../../../renderer/panels/templates/new-machine-form.svelte.ts'
import { diskStops, speedName, speedStops } from '../../../renderer/panels/templates/stops.ts'
import { familiesOf, filterTemplates, monogram } from '../../../renderer/panels/templates/template-list.ts'
import { createFakeClient, fakeCard } from '../fake-client.ts'

const windows98: Template = {
  id: 'windows-98',
  name: 'Windows 98',
  family: 'windows',
  years: { first: 1998, last: 1999 },
  summary: 'The last Windows that many DOS games get along with.',
  cpu: { profile: 'pentium2', limitMips: 200 },
  memoryMib: { min: 16, good: 128, max: 512 },
  disk: { goodMib: 8000, maxMib: 131_071 },
  floppyDrives: 1,
  cdDrives: 1,
  videoMemoryMib: 8,
  rtc: 'local',
  bootOrder: ['floppy', 'disk'],
  acpi: false,
  hints: [],
  reasons: [],
  isTested: false,
  download: null,
}
const haiku: Template = { ...windows98, id: 'haiku', name: 'Haiku', family: 'unix', summary: 'Free', disk: null }

describe('the gallery', () => {
  test('finds templates by family and by every word, in name, summary and years', () => {
    const all = [windows98, haiku]
    const names = (family: Parameters<typeof filterTemplates>[1], search: string) =>
      filterTemplates(all, family, search).map(({ id }) => id)
    expect(names('all', '')).toEqual(['windows-98', 'haiku'])
    expect(names('unix', '')).toEqual(['haiku'])
    expect(names('all', '1998 dos GAMES')).toEqual(['windows-98'])
    expect(names('unix', 'windows')).toEqual([])
    expect(familiesOf(all)).toEqual(['all', 'windows', 'unix'])
  })

  test('writes short names on little screens', () => {
    expect(['Windows 98', 'Windows NT 4', 'Windows XP', 'MS-DOS', 'FreeDOS', 'Haiku', 'Plan 9'].map(monogram)).toEqual([
      '98',
      'NT 4',
      'XP',
      'DOS',
      'FDOS',
      'Ha',
      '9',
    ])
  })
})

describe('the choices for a new machine', () => {
  test('begin as the template is', () => {
    const form = new NewMachineForm(windows98)
    expect([form.name, form.memoryMib, form.profile, form.limitMips, form.disk, form.diskSizeMib]).toEqual([
      'Windows 98',
      128,
      'pentium2',
      200,
      'new',
      8000,
    ])
    expect(new NewMachineForm(haiku).disk).toBe('none')
    expect(form.isValid).toBe(true)
    form.disk = 'existing'
    expect(form.isValid).toBe(false)
    form.disk = 'none'
    form.memoryMib = MEMORY_MIB.max + 1
    expect(form.isValid).toBe(false)
  })

  test('become one call, with files sent before', async () => {
    const { client, calls } = createFakeClient({ 'library.createFromTemplate': () => fakeCard({ name: 'Desk' }) })
    const form = new NewMachineForm(windows98, 'Office')
    form.name = ' Desk '
    form.disk = 'existing'
    form.diskImage = { path: '/a.img' }
    form.copyImage = false
    form.cdrom = { file: new File(['x'], 'b.iso') }
    await form.create(client, async () => ({ kind: 'upload', uploadId: 7 }))
    expect(calls).toEqual([
      [
        'library.createFromTemplate',
        {
          template: 'windows-98',
          name: 'Desk',
          group: 'Office',
          memoryMib: 128,
          cpuProfile: 'pentium2',
          limitMips: 200,
          disk: { kind: 'existing', source: { kind: 'path', path: '/a.img' }, copy: false },
          media: [{ slot: 'hdc', source: { kind: 'upload', uploadId: 7 } }],
        },
      ],
    ])
  })

  test('are told what they mean: to the system, and to this computer', () => {
    expect([8, 64, 128, 513].map((mib) => memoryZone(windows98, mib))).toEqual(['few', 'enough', 'good', 'many'])
    expect([700, 800, 1025].map((mib) => memoryPressure(mib, 1024))).toEqual(['fine', 'tight', 'over'])
    const machines = [
      fakeCard({ name: 'a', memoryMib: 64 }, 'running'),
      fakeCard({ name: 'b', memoryMib: 32 }, 'paused'),
      fakeCard({ name: 'c', memoryMib: 512 }),
    ]
    expect(memoryInUse(machines)).toBe(96)
  })

  test('have stops where people expect them', () => {
    expect(diskStops(340, 500)).toEqual([10, 20, 32, 40, 60, 80, 120, 200, 340, 500])
    expect(diskStops(700, 2000)).toContain(700)
    expect(speedStops(50)).toEqual([4, 15, 27, 50, 100, 300, null])
    expect([4, 50, null].map(speedName)).toEqual(['386, 25 MHz (4 MIPS)', '50 MIPS', 'As fast as it goes'])
  })
})
