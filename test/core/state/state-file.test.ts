import { crc32 as zlibCrc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { crc32 } from '../../../core/base/crc32.ts'
import { decodeStateFile, encodeStateFile, type StateSection } from '../../../core/state/state-file.ts'
import { StateReader, StateWriter } from '../../../core/state/state-reader.ts'
import { encodeRecord } from '../../../core/state/state-value.ts'

const section = (name: string, version: number, optional = false): StateSection => ({
  name,
  version,
  optional,
  bytes: encodeRecord({ name, version }),
})

it('computes the CRC-32 of zlib', () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i * 7)
  expect(crc32(bytes)).toBe(zlibCrc32(bytes))
  expect(crc32(bytes.subarray(300), crc32(bytes.subarray(0, 300)))).toBe(zlibCrc32(bytes))
  expect(crc32(new Uint8Array(0))).toBe(0)
})

describe('a state file', () => {
  it('holds its sections in order', () => {
    const sections = [section('cpu', 3), section('device/i8254', 1), section('note', 1, true)]
    expect(decodeStateFile(encodeStateFile(sections))).toEqual(sections)
    expect(decodeStateFile(encodeStateFile([]))).toEqual([])
  })

  it('is refused when it is no state file, is cut off, or has been changed', () => {
    const file = encodeStateFile([section('cpu', 3), section('clock', 1)])
    expect(() => decodeStateFile(new Uint8Array(100))).toThrow('does not begin as one')
    for (let length = 0; length < file.length; length++)
      expect(() => decodeStateFile(file.subarray(0, length))).toThrow('The saved state is damaged')
    for (let i = 0; i < file.length; i++) {
      const changed = file.slice()
      changed[i] = changed[i]! ^ 0x55
      let names: unknown
      try {
        names = new StateReader(changed).take('cpu', { version: 3 })
      } catch (error) {
        expect((error as { code: string }).code).toMatch(/^state\//)
        continue
      }
      // Only a changed flag, name or version of the other section is left.
      expect(names).toEqual({ name: 'cpu', version: 3 })
    }
  })

  it('of a newer container is refused with the version it needs', () => {
    const file = encodeStateFile([])
    file[8] = 9
    expect(() => decodeStateFile(file)).toThrow(
      'The saved state has version 9; this app reads up to version 1. Open it with a newer Vitrine',
    )
  })

  it('has no section twice', () => {
    expect(() => decodeStateFile(encodeStateFile([section('cpu', 1), section('cpu', 1)]))).toThrow('stands twice')
  })
})

describe('the reader of a state file', () => {
  const written = (...sections: StateSection[]) => new StateReader(encodeStateFile(sections))

  it('gives what the writer was given', () => {
    const writer = new StateWriter()
    writer.add('cpu', { version: 2 }, { eip: 0x7c00 })
    expect(new StateReader(writer.finish()).take('cpu', { version: 2 })).toEqual({ eip: 0x7c00 })
  })

  it('refuses newer sections by name and version', () => {
    expect(() => written(section('device/vga', 4)).take('device/vga', { version: 3 })).toThrow(
      'Section device/vga of the saved state has version 4; this app reads up to version 3. Open it with a newer Vitrine',
    )
  })

  it('refuses sections that nobody takes by name, unless they are optional', () => {
    expect(() => written(section('apic', 1)).finish()).toThrow(
      'a section apic (version 1) that this machine does not know',
    )
    expect(() => written(section('note', 9, true)).finish()).not.toThrow()
  })

  it('names a section that is missing', () => {
    expect(() => written().take('cpu', { version: 1 })).toThrow('lacks its section cpu')
  })

  it('migrates older records step by step', () => {
    const format = {
      version: 3,
      migrations: {
        1: ({ rate }: Record<string, unknown>) => ({ rateHz: rate as number }),
        2: ({ rateHz }: Record<string, unknown>) => ({ rateHz: (rateHz as number) * 2, gate: true }),
      },
    }
    const old = (version: number, record: Record<string, number>) =>
      written({ name: 'timer', version, optional: false, bytes: encodeRecord(record) }).take('timer', format)
    expect(old(1, { rate: 5 })).toEqual({ rateHz: 10, gate: true })
    expect(old(2, { rateHz: 7 })).toEqual({ rateHz: 14, gate: true })
    expect(old(3, { rateHz: 8 })).toEqual({ rateHz: 8 })
    expect(() => old(0, {})).toThrow('version 0, which this app can no longer read')
  })
})
