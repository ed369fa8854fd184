import { describe, expect, test } from 'vitest'
import { MACHINE_SCHEMA_VERSION, machineSpecSchema } from '../../../core/contract/machine-spec.ts'
import { templateSchema } from '../../../core/contract/template.ts'
import { findTemplate, TEMPLATES } from '../../../core/templates/catalogue.ts'
import { templateSettings } from '../../../core/templates/template-settings.ts'

const id = '0b6b9c52-6d3c-4c1e-9a53-1d1f5d4f5a10'
const noChoice = { group: '' }

describe('the catalogue of templates', () => {
  test('names each system once', () => {
    expect(new Set(TEMPLATES.map((template) => template.id)).size).toBe(TEMPLATES.length)
    expect(new Set(TEMPLATES.map(({ name }) => name)).size).toBe(TEMPLATES.length)
    expect(findTemplate('windows-95')?.name).toBe('Windows 95')
    expect(findTemplate('windows-11')).toBeUndefined()
  })

  test.each(TEMPLATES.map((template) => [template.id, template] as const))(
    '%s is what the contract says, and its figures agree',
    (_, template) => {
      expect(templateSchema.parse(template)).toEqual(template)
      const { min, good, max } = template.memoryMib
      expect([min, good, max]).toEqual([min, good, max].toSorted((a, b) => a - b))
      if (template.disk) expect(template.disk.goodMib).toBeLessThanOrEqual(template.disk.maxMib)
      expect(template.years.first).toBeLessThanOrEqual(template.years.last ?? 2026)
      for (const text of [template.summary, ...template.hints, ...template.reasons.map((reason) => reason.text)])
        expect(text, text).toMatch(/^[A-Z].*[.]$/s)
    },
  )

  test.each(TEMPLATES.map((template) => [template.id, template] as const))(
    '%s says why it slows the processor down, holds memory back, or differs in ACPI and clock',
    (_, template) => {
      const explained = new Set(template.reasons.map(({ setting }) => setting))
      if (template.cpu.limitMips !== null) expect(explained).toContain('speed')
      if (!template.acpi) expect(explained).toContain('acpi')
      if (template.rtc === 'utc') expect(explained).toContain('clock')
      if (template.disk === null) expect(explained).toContain('disk')
    },
  )

  test.each(TEMPLATES.map((template) => [template.id, template] as const))('%s makes a machine', (_, template) => {
    const settings = templateSettings(template, noChoice, template.name, 'disks/disk.qcow2', new Map())
    const spec = machineSpecSchema.parse({ schemaVersion: MACHINE_SCHEMA_VERSION, id, ...settings })
    expect(spec).toMatchObject({
      template: template.id,
      memoryMib: template.memoryMib.good,
      cpu: template.cpu,
      acpi: template.acpi,
      clock: { rtc: template.rtc },
      boot: { order: template.bootOrder },
    })
    // Nothing in the order to start from that is not there.
    const kinds = new Set(spec.drives.map(({ kind }) => kind))
    for (const device of template.bootOrder) expect(kinds).toContain(device)
  })
})

describe('settings from a template', () => {
  test('are what was chosen, and the template where nothing was', () => {
    const windows95 = findTemplate('windows-95')
    if (!windows95) throw new Error('missing')
    const choice = { group: 'Old', memoryMib: 32, cpuProfile: '486', limitMips: null } as const
    const settings = templateSettings(windows95, choice, 'A', null, new Map([['fdb', '/b.img']]))
    expect(settings).toMatchObject({
      name: 'A',
      group: 'Old',
      memoryMib: 32,
      cpu: { profile: '486', limitMips: null },
      drives: [
        { slot: 'fda', kind: 'floppy', file: null },
        { slot: 'fdb', kind: 'floppy', file: '/b.img' },
        { slot: 'hdc', kind: 'cdrom', file: null },
      ],
    })
  })
})
