import { describe, expect, test } from 'vitest'
import { LIVE_SETTINGS, splitPatch } from '../../../core/contract/live-settings.ts'
import {
  MACHINE_SCHEMA_VERSION,
  type MachineSettingsInput,
  type MachineSpec,
  machineSettingsSchema,
  machineSpecSchema,
} from '../../../core/contract/machine-spec.ts'

const id = '0b6b9c52-6d3c-4c1e-9a53-1d1f5d4f5a10'
const specOf = (settings: Partial<MachineSettingsInput> = {}): MachineSpec =>
  machineSpecSchema.parse({ schemaVersion: MACHINE_SCHEMA_VERSION, id, name: 'A', ...settings })

const drives = machineSettingsSchema.parse({
  name: 'A',
  drives: [
    { slot: 'fda', kind: 'floppy' },
    { slot: 'hda', kind: 'disk', file: 'disks/a.qcow2' },
    { slot: 'hdc', kind: 'cdrom', file: '/a.iso' },
  ],
}).drives

describe('a patch of a running machine', () => {
  test('is taken at once where only people see it', () => {
    const patch = { name: 'B', notes: 'x', tags: ['y'], group: 'z', keyboardLayout: 'de' as const }
    expect(splitPatch(specOf(), patch)).toEqual({ now: patch, later: {} })
  })

  test('waits for the next power-on where the hardware is another', () => {
    expect(splitPatch(specOf(), { memoryMib: 32, acpi: false })).toEqual({
      now: {},
      later: { memoryMib: 32, acpi: false },
    })
  })

  test('takes the pace of the processor at once, and its kind later', () => {
    const { cpu } = specOf()
    const slower = { ...cpu, limitMips: 10, capPercent: 50 }
    expect(splitPatch(specOf(), { cpu: slower })).toEqual({ now: { cpu: slower }, later: {} })
    expect(splitPatch(specOf(), { cpu: { ...slower, profile: '486' } })).toEqual({
      now: { cpu: slower },
      later: { cpu: { ...slower, profile: '486' } },
    })
  })

  test('has nothing that waits when it is what the machine has already', () => {
    const spec = specOf({ memoryMib: 32 })
    expect(splitPatch(spec, { memoryMib: 32, boot: spec.boot })).toEqual({
      now: { memoryMib: 32, boot: spec.boot },
      later: {},
    })
  })

  test('changes media at once, and drives and disks later', () => {
    const spec = specOf({ drives })
    const media = drives.map((drive) => (drive.slot === 'hdc' ? { ...drive, file: '/b.iso' } : drive))
    expect(splitPatch(spec, { drives: media })).toEqual({ now: { drives: media }, later: {} })
    const disk = drives.map((drive) => (drive.slot === 'hda' ? { ...drive, file: '/b.img' } : drive))
    expect(splitPatch(spec, { drives: disk })).toEqual({ now: {}, later: { drives: disk } })
    const fewer = drives.slice(1)
    expect(splitPatch(spec, { drives: fewer })).toEqual({ now: {}, later: { drives: fewer } })
  })

  test('moves serial lines at once, and adds ports later', () => {
    const spec = specOf()
    const [com1] = spec.serialPorts
    if (!com1) throw new Error('no port')
    const file = [{ ...com1, kind: 'file' as const, file: 'out.txt' }]
    expect(splitPatch(spec, { serialPorts: file })).toEqual({ now: { serialPorts: file }, later: {} })
    const two = [com1, { ...com1, port: 2 }]
    expect(splitPatch(spec, { serialPorts: two })).toEqual({ now: {}, later: { serialPorts: two } })
  })
})

test('every live setting is a setting', () => {
  const schema = machineSettingsSchema.toJSONSchema({ io: 'input' }) as unknown as Record<string, never>
  for (const path of LIVE_SETTINGS) {
    let place: Record<string, never> | undefined = schema
    for (const key of path.split('.')) place = (place?.['items'] ?? place)?.['properties']?.[key]
    expect(place, path).toBeDefined()
  }
})
