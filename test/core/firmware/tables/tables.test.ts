/** Tables that operating systems look for: ACPI read by Intel's own compiler, checksums and contents of the others. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startMachine } from '../../../support/firmware-machine.ts'
import { describeWith, pathOf } from '../../../support/needs.ts'
import { tool } from '../../../support/tools.ts'

const IASL = tool('iasl')
const MIB = 1 << 20

/** The F segment and RAM of a machine that has gone through POST. */
function afterPost(memoryMib = 16, acpi = true): { segment: Uint8Array; ram: Uint8Array } {
  const guest = startMachine({ memoryMib, acpi, drives: [{ slot: 'fda', kind: 'floppy', medium: undefined }] })
  guest.runUntil(() => guest.screen().includes('found nothing'))
  const { memory } = guest.machine
  const rom = memory.rom.subarray(0, 0x1_0000)
  return { segment: rom.slice(), ram: memory.ram.slice() }
}

const dword = (bytes: Uint8Array, at: number) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true)
const word = (bytes: Uint8Array, at: number) => new DataView(bytes.buffer, bytes.byteOffset).getUint16(at, true)
const sum = (bytes: Uint8Array) => bytes.reduce((total, byte) => (total + byte) & 0xff, 0)

/** Offset of `signature` on a paragraph of the F segment, as operating systems search. */
function find(segment: Uint8Array, signature: string): number {
  const bytes = new TextEncoder().encode(signature)
  for (let at = 0; at < segment.length; at += 16) if (bytes.every((byte, i) => segment[at + i] === byte)) return at
  return -1
}

/** Bytes of the ACPI tables by signature. */
function acpiTables({ segment, ram }: { segment: Uint8Array; ram: Uint8Array }): Map<string, Uint8Array> {
  const at = find(segment, 'RSD PTR ')
  const table = (address: number) => ram.slice(address, address + dword(ram, address + 4))
  const rsdt = table(dword(segment, at + 16))
  const fadt = table(dword(rsdt, 36))
  return new Map([
    ['RSDT', rsdt],
    ['FACP', fadt],
    ['DSDT', table(dword(fadt, 40))],
    ['FACS', table(dword(fadt, 36))],
  ])
}

describe('Tables in the F segment', () => {
  it.each([
    ['RSD PTR ', 20],
    ['_32_', 16],
    ['_SM_', 0x1f],
    ['$PIR', 32 + 31 * 16],
  ])('%s is there, and its bytes add up to zero', (signature, length) => {
    const { segment } = afterPost()
    const at = find(segment, signature)
    expect(at).toBeGreaterThanOrEqual(0)
    expect(sum(segment.subarray(at, at + length))).toBe(0)
  })

  it('route pins as the bus is wired: INTA# of device 2 to PIRQB#, INTD# of device 1 to PIRQD#', () => {
    const { segment } = afterPost()
    const table = segment.subarray(find(segment, '$PIR'))
    const link = (device: number, pin: number) => table[32 + (device - 1) * 16 + 2 + 3 * pin]
    expect([link(1, 0), link(1, 3), link(2, 0), link(3, 3), link(31, 2)]).toEqual([0x60, 0x63, 0x61, 0x61, 0x60])
  })

  it('describe every SMBIOS structure up to the end, as long as the entry says', () => {
    const { segment } = afterPost()
    const entry = segment.subarray(find(segment, '_SM_'))
    const start = dword(entry, 0x18) - 0xf_0000
    const types: number[] = []
    let at = start
    for (let i = 0; i < word(entry, 0x1c); i++) {
      types.push(segment[at] ?? -1)
      at += segment[at + 1] ?? 0
      while (word(segment, at) !== 0) at++
      at += 2
    }
    expect({ types, bytes: at - start }).toEqual({ types: [0, 1, 3, 4, 16, 17, 19, 32, 127], bytes: word(entry, 0x16) })
  })

  it('name the model, the date, and the entries at their customary places', () => {
    const { segment } = afterPost()
    const at = (offset: number, count: number) => [...segment.subarray(offset, offset + count)]
    expect(Buffer.from(at(0xfff5, 8)).toString()).toMatch(/^\d\d\/\d\d\/\d\d$/)
    expect(at(0xfffe, 1)).toEqual([0xfc])
    expect(at(0xfff0, 5)).toEqual([0xea, 0x5b, 0xe0, 0x00, 0xf0])
    expect(at(0xff53, 1)).toEqual([0xcf])
  })
})

describe('ACPI tables', () => {
  it('add up to zero, each of them', () => {
    for (const [signature, bytes] of acpiTables(afterPost())) {
      expect(Buffer.from(bytes.subarray(0, 4)).toString()).toBe(signature)
      if (signature !== 'FACS') expect({ signature, sum: sum(bytes) }).toEqual({ signature, sum: 0 })
    }
  })

  it('lie in the last 64 KiB of memory, the FACS aligned to 64 bytes', () => {
    const { segment, ram } = afterPost(32)
    const fadt = acpiTables({ segment, ram }).get('FACP')!
    expect(dword(fadt, 36)).toBe(32 * MIB - 0x1000)
    expect(dword(fadt, 40)).toBe(32 * MIB - 0x1_0000)
  })

  it('are left out of machines with little memory', () => {
    expect(find(afterPost(4).segment, 'RSD PTR ')).toBe(-1)
  })

  it('are left out where the machine has ACPI switched off; the other tables stay', () => {
    const { segment } = afterPost(16, false)
    expect(find(segment, 'RSD PTR ')).toBe(-1)
    expect(find(segment, '$PIR')).toBeGreaterThanOrEqual(0)
  })
})

describeWith([IASL], 'The DSDT', () => {
  it('is disassembled and compiled again by iasl without a complaint', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vitrine-acpi-'))
    try {
      const dsdt = acpiTables(afterPost()).get('DSDT')!
      writeFileSync(join(folder, 'dsdt.aml'), dsdt)
      const run = (...args: string[]) =>
        execFileSync(pathOf(IASL), args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
      run('-d', 'dsdt.aml')
      expect(run('-p', 'again', 'dsdt.dsl')).toMatch(/0 Errors, 0 Warnings, 0 Remarks/)
      const source = readFileSync(join(folder, 'dsdt.dsl'), 'utf8')
      const found = ['_S5', 'PNP0A03', '_PRT', 'LNKA', 'LNKD', 'PNP0303', 'PNP0F13', 'PNP0501', 'PNP0B00', 'PNP0700']
      expect(found.filter((name) => !source.includes(name))).toEqual([])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
