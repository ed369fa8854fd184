import { describe, expect, test } from 'vitest'
import {
  MACHINE_SCHEMA_VERSION,
  type MachineSettingsInput,
  type MachineSpec,
  machineSpecSchema,
} from '../../../core/contract/machine-spec.ts'
import { addPending, applyPending, followDrives } from '../../../main/library/pending-settings.ts'

const id = '0b6b9c52-6d3c-4c1e-9a53-1d1f5d4f5a10'
const specOf = (settings: Partial<MachineSettingsInput>): MachineSpec =>
  machineSpecSchema.parse({ schemaVersion: MACHINE_SCHEMA_VERSION, id, name: 'A', ...settings })

const disk = (slot: 'hda' | 'hdb', file: string) => ({ slot, kind: 'disk' as const, file })

describe('settings that wait', () => {
  test('add up; what is asked for again replaces what waited, or ends its waiting', () => {
    const spec = { ...specOf({}), pending: { settings: { memoryMib: 32, acpi: false } } }
    expect(addPending(spec, { memoryMib: 64 }, { memoryMib: 64 })).toEqual({
      settings: { acpi: false, memoryMib: 64 },
    })
    expect(addPending(spec, { memoryMib: 64 }, {})).toEqual({ settings: { acpi: false } })
    expect(addPending(spec, { memoryMib: 64, acpi: true }, {})).toBeNull()
  })

  test('become those of the machine', () => {
    const spec = { ...specOf({ memoryMib: 64 }), pending: { settings: { memoryMib: 32 } } }
    expect(applyPending(spec)).toMatchObject({ memoryMib: 32, pending: null })
  })

  test('follow disks into the files that snapshots give them, also in another slot', () => {
    const before = {
      ...specOf({ drives: [disk('hda', 'disks/a.qcow2'), { slot: 'hdc', kind: 'cdrom' }] }),
      pending: {
        settings: specOf({
          drives: [disk('hdb', 'disks/a.qcow2'), disk('hda', '/new.img'), { slot: 'hdc', kind: 'cdrom' }],
        }),
      },
    }
    const pending = { settings: { drives: before.pending.settings.drives } }
    const old: MachineSpec = { ...before, pending }
    const after: MachineSpec = {
      ...old,
      drives: specOf({ drives: [disk('hda', 'disks/a-1.qcow2'), { slot: 'hdc', kind: 'cdrom', file: '/x.iso' }] })
        .drives,
    }
    const files = followDrives(old, after).pending?.settings.drives?.map(({ slot, file }) => [slot, file])
    expect(files).toEqual([
      ['hdb', 'disks/a-1.qcow2'],
      ['hda', '/new.img'],
      ['hdc', '/x.iso'],
    ])
  })
})
