import { describe, expect, test } from 'vitest'
import { AppError } from '../../../core/base/errors.ts'
import { machinePatchSchema } from '../../../core/contract/machine-spec.ts'
import { fieldShape, settingPaths } from '../../../renderer/panels/settings/schema-field.ts'
import { SettingsForm } from '../../../renderer/panels/settings/settings-form.svelte.ts'
import { fieldsOf, SECTION_IDS, SPECIAL } from '../../../renderer/panels/settings/settings-layout.ts'
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

  test('serial ports come and go, and forget what another kind does not have', () => {
    const { form } = openForm()
    form.addSerialPort()
    expect(form.draft.serialPorts.map(({ port }) => port)).toEqual([1, 2])
    const second = form.draft.serialPorts[1]
    if (!second) throw new Error('There is no second port')
    form.setSerialKind(second, 'tcp')
    expect(second).toMatchObject({ file: null, address: '127.0.0.1:2323', listens: true })
    form.setSerialKind(second, 'pipe')
    expect(second).toMatchObject({ file: '', address: null })
    form.removeSerialPort(1)
    expect([form.draft.serialPorts.map(({ port }) => port), form.freeSerialPorts]).toEqual([[2], [1, 3, 4]])
  })

  test('a kernel and other firmware are there when they have a file', () => {
    const { form } = openForm()
    form.setKernel('/vmlinuz')
    form.setFirmware('/bios.bin')
    form.setVgaBios('/vga.bin')
    expect(form.patch).toMatchObject({
      boot: { kernel: { file: '/vmlinuz', initrd: null, append: '' } },
      firmware: { kind: 'external', bios: '/bios.bin', vgaBios: '/vga.bin' },
    })
    form.setKernel('')
    form.setFirmware('')
    expect(form.isDirty).toBe(false)
  })

  test('a running machine gets at once what it can take, and the rest waits', () => {
    const { card, form } = openForm()
    form.setValue('cpu.limitMips', 27)
    form.setValue('cpu.profile', '486')
    form.setValue('memoryMib', 32)
    expect(form.patchAtOnce).toEqual({ cpu: { profile: 'max', limitMips: 27, capPercent: 100 } })
    const spec = { ...card.spec, cpu: { ...card.spec.cpu, limitMips: 27 } }
    form.follow(spec)
    expect([form.patchAtOnce, Object.keys(form.patch)]).toEqual([{}, ['memoryMib', 'cpu']])
    const waiting = { ...spec, pending: { settings: { memoryMib: 32 } } }
    form.revert()
    form.follow(waiting)
    expect([form.value('memoryMib'), form.waits('memoryMib'), form.waits('cpu.profile'), form.isDirty]).toEqual([
      32,
      true,
      false,
      false,
    ])
  })
})

test('every setting of the contract stands somewhere on the form', () => {
  const shown: readonly string[] = [...SECTION_IDS.flatMap(fieldsOf), ...SPECIAL]
  expect(settingPaths().filter((path) => !shown.includes(path))).toEqual(['template', 'networkAdapters'])
  // What is new has a place, but no name yet.
  expect(fieldsOf('other')).toEqual([])
})
