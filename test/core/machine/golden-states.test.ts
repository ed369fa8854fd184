/**
 * State files that earlier versions wrote must load for ever. A golden of today is made anew with UPDATE_GOLDEN=1 only while no
 * release has written its version; afterwards a new one is added beside it.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { demoImage } from '../../../assets/demo/build.ts'
import { decodeStateFile, encodeStateFile } from '../../../core/state/state-file.ts'
import { StateReader } from '../../../core/state/state-reader.ts'
import { encodeRecord } from '../../../core/state/state-value.ts'
import { powerOn, readImage, records, runSlices, type SavedMachineOptions, take } from '../../support/saved-machine.ts'

const folder = join(import.meta.dirname, '../../golden/state')

/** Machines by the name of their golden: what they are made from. The demo disk runs on each. */
const sets: Readonly<Record<string, SavedMachineOptions>> = {
  'disk-1': { images: { hda: readImage(demoImage) } },
  'every-drive-1': {
    images: {
      fda: new Uint8Array(1_474_560),
      fdb: new Uint8Array(737_280),
      hda: readImage(demoImage),
      hdb: new Uint8Array(1 << 20),
      hdc: new Uint8Array(2048 * 300),
    },
    bootOrder: ['disk'],
    serialPorts: [1, 2, 3, 4],
    debugExit: true,
    cpuProfile: 'pentium',
  },
}

if (process.env['UPDATE_GOLDEN'])
  for (const [name, options] of Object.entries(sets)) {
    const on = powerOn(options)
    runSlices(on, 900)
    writeFileSync(join(folder, `${name}.state.gz`), gzipSync(take(on).state, { level: 9 }))
  }

const golden = (name: string) => new Uint8Array(gunzipSync(readFileSync(join(folder, `${name}.state.gz`))))

describe('the golden state', () => {
  it('exists for every set of devices, and nothing else does', () => {
    expect(existsSync(folder) && readdirSync(folder).sort()).toEqual(
      Object.keys(sets)
        .map((name) => `${name}.state.gz`)
        .sort(),
    )
  })

  it.each(Object.entries(sets))('%s loads, is saved again without a difference, and runs on', (name, options) => {
    const state = golden(name)
    const on = powerOn(options)
    on.machine.restoreState(state)
    expect(records(on.machine.saveState())).toEqual(records(state))
    const { nowNs } = { nowNs: on.machine.clock.nowNs() }
    runSlices(on, 10)
    expect(on.machine.clock.nowNs()).toBeGreaterThan(nowNs)
  })
})

describe('a state that does not fit', () => {
  const [name, options] = Object.entries(sets)[0] as [string, SavedMachineOptions]
  const refused = (state: Uint8Array, other: Partial<SavedMachineOptions> = {}) => {
    const on = powerOn({ ...options, ...other })
    try {
      on.machine.restoreState(state)
    } catch (error) {
      return `${(error as { code: string }).code}: ${(error as Error).message}`
    }
    return 'taken'
  }

  it('is refused with what differs', () => {
    const state = golden(name)
    expect(refused(state, { memoryMib: 32 })).toBe(
      'vm/invalid-state: The saved state is of a machine with memory (MiB) 16, not 32',
    )
    expect(refused(state, { cpuProfile: '486' })).toBe(
      'vm/invalid-state: The saved state is of a machine with processor max, not 486',
    )
    expect(refused(state, { images: { hda: new Uint8Array(2 << 20) } })).toMatch(
      /^vm\/invalid-state: The saved state does not fit the drive hda: its disk had \d+ sectors and has 4096$/,
    )
    expect(refused(state, { images: {} })).toBe('vm/invalid-state: The saved state is of a machine with 1 drives')
    expect(refused(state, { serialPorts: [] })).toBe(
      'vm/invalid-state: The saved state has a device ns16550a.1 that this machine has not',
    )
  })

  it('of a newer app is refused by the section that is newer or unknown', () => {
    const sections = decodeStateFile(golden(name))
    const newer = sections.map((s) => (s.name === 'device/vga' ? { ...s, version: 77 } : s))
    expect(refused(encodeStateFile(newer))).toContain(
      'state/newer-version: Section device/vga of the saved state has version 77',
    )
    const apic = { name: 'apic', version: 3, optional: false, bytes: encodeRecord({}) }
    expect(refused(encodeStateFile([...sections, apic]))).toContain('a section apic (version 3)')
    expect(refused(encodeStateFile([...sections, { ...apic, optional: true }]))).toBe('taken')
  })

  it('of a machine that lacked a chip leaves that chip as at power-on', () => {
    const sections = decodeStateFile(golden(name)).filter((s) => s.name !== 'device/pc-speaker')
    expect(refused(encodeStateFile(sections))).toBe('taken')
    expect(refused(encodeStateFile(sections.filter((s) => s.name !== 'cpu')))).toContain('lacks its section cpu')
  })

  it('has records of the right fields only', () => {
    for (const { name: section } of decodeStateFile(golden(name))) {
      const sections = decodeStateFile(golden(name)).map((s) =>
        s.name === section && new StateReader(golden(name)).has(section)
          ? { ...s, bytes: encodeRecord({ wrong: 1 }) }
          : s,
      )
      expect(refused(encodeStateFile(sections)), section).toMatch(/^(state\/corrupt: |taken$)/)
    }
  })
})
