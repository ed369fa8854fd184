import { describe, expect, test } from 'vitest'
import { AppError } from '../../../core/base/errors.ts'
import { machinePatchSchema } from '../../../core/contract/machine-spec.ts'
import { filterLines } from '../../../renderer/panels/log/filter-lines.ts'
import { fieldShape } from '../../../renderer/panels/settings/schema-field.ts'
import { SettingsForm } from '../../../renderer/panels/settings/settings-form.svelte.ts'
import { strings } from '../../../renderer/strings/en.ts'
import { fakeCard } from '../fake-client.ts'

const paths = Object.keys(strings.settings.fields).filter((path) => !['tags', 'tagsHint', 'boot.order'].includes(path))

describe('the fields of the form', () => {
  test.each(paths)('%s is in the schema', (path) => {
    expect(fieldShape(path).kind).toBeTypeOf('string')
  })

  test('have the limits and choices of the contract', () => {
    expect(fieldShape('memoryMib')).toMatchObject({ kind: 'number', min: 1, max: 3072, integer: true, nullable: false })
    expect(fieldShape('cpu.limitMips')).toMatchObject({ kind: 'number', max: 100_000, nullable: true })
    expect(fieldShape('clock.rtc')).toEqual({ kind: 'choice', options: ['local', 'utc'] })
    expect(fieldShape('display.videoMemoryMib')).toMatchObject({ kind: 'choice' })
    expect(fieldShape('boot.menu')).toEqual({ kind: 'boolean' })
    expect(() => fieldShape('cpu.colour')).toThrow('cpu.colour')
  })
})

describe('the draft', () => {
  function openForm() {
    const card = fakeCard({
      name: 'Alpha',
      drives: [{ slot: 'fda', kind: 'floppy' }],
    })
    return { card, form: new SettingsForm(card.spec) }
  }

  test('tells what was changed and nothing else, as the contract takes it', () => {
    const { form } = openForm()
    expect([form.isDirty, form.patch]).toEqual([false, {}])
    form.setValue('cpu.profile', '486')
    form.setTags(' games, dos,, games ')
    expect(form.patch).toEqual({
      cpu: { profile: '486', limitMips: null, capPercent: 100 },
      tags: ['games', 'dos'],
    })
    expect(machinePatchSchema.safeParse(form.patch).success).toBe(true)
    form.revert()
    expect(form.isDirty).toBe(false)
  })

  test('takes what others change, but not over what is being edited', () => {
    const { card, form } = openForm()
    form.setValue('notes', 'mine')
    form.follow({ ...card.spec, notes: 'theirs', memoryMib: 32 })
    expect([form.value('notes'), form.value('memoryMib')]).toEqual(['mine', 32])
    expect(form.patch).toEqual({ notes: 'mine' })
  })

  test('orders what the machine starts from; one stays', () => {
    const { form } = openForm()
    form.moveBootDevice(2, -1)
    form.moveBootDevice(0, -1)
    expect(form.draft.boot.order).toEqual(['floppy', 'disk', 'cdrom'])
    for (const device of ['disk', 'cdrom', 'floppy'] as const) form.toggleBootDevice(device)
    expect([form.draft.boot.order, form.unusedBootDevices]).toEqual([['floppy'], ['disk', 'cdrom']])
    form.toggleBootDevice('cdrom')
    expect(form.draft.boot.order).toEqual(['floppy', 'cdrom'])
  })

  test('adds drives where there is room for them', () => {
    const { form } = openForm()
    form.addDrive('cdrom')
    form.addDrive('floppy')
    form.addDrive('floppy')
    expect(form.draft.drives.map(({ slot, kind }) => `${slot} ${kind}`)).toEqual([
      'fda floppy',
      'fdb floppy',
      'hda cdrom',
    ])
    form.setDriveFile('fdb', '/a.img')
    form.setDriveFile('fda', '')
    form.removeDrive('hda')
    expect(form.draft.drives.map(({ file }) => file)).toEqual([null, '/a.img'])
  })

  test('says what the host objects to, and keeps what was typed', async () => {
    const { form, card } = openForm()
    form.setValue('notes', 'mine')
    const refused = () => Promise.reject(new AppError('library/io', 'The disk is full'))
    expect(await form.save(refused)).toBe(false)
    expect([form.error, form.value('notes')]).toEqual([
      'The library could not be read or written: The disk is full',
      'mine',
    ])
    expect(await form.save(async (patch) => ({ spec: { ...card.spec, ...(patch as object) } }))).toBe(true)
    expect([form.isDirty, form.error]).toEqual([false, ''])
  })

  test('COM1 is in the list or not', () => {
    const { form } = openForm()
    form.setTerminal(false)
    expect([form.hasTerminal, form.draft.serialPorts]).toEqual([false, []])
    form.setTerminal(true)
    expect(form.draft.serialPorts).toEqual([{ port: 1, kind: 'terminal', file: null, address: null, listens: true }])
  })
})

test('the log is filtered by every word', () => {
  const lines = ['power on', 'Warn: disk is slow', 'disk closed']
  expect(filterLines(lines, 'DISK')).toEqual(lines.slice(1))
  expect(filterLines(lines, 'disk slow')).toEqual(['Warn: disk is slow'])
  expect(filterLines(lines, '')).toEqual(lines)
})
