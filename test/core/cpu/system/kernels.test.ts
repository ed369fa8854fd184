/**
 * The system side of the processor: test kernels run on it bare, and what they print is compared with the expected text, which
 * QEMU must print as well, but for the deviations listed with their reasons. `limits` is about what QEMU does not check at
 * all. VITRINE_UPDATE_EXPECTED=1 writes the expected text anew, for reading the difference.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { describeWith, pathOf } from '../../../support/needs.ts'
import { tool } from '../../../support/tools.ts'
import { DEVIATIONS } from './deviations.ts'
import { assemble, runBare, runQemu } from './kernels.ts'

const KERNELS = ['segments', 'limits', 'transfers', 'tasks', 'paging', 'virtual8086', 'debug'] as const
const folder = import.meta.dirname
const nasm = tool('nasm')
const qemu = tool('qemu-system-i386')

const source = (name: string): string => join(folder, `${name}.asm`)
const expectedPath = (name: string): string => join(folder, 'expected', `${name}.txt`)
const expectedLines = (name: string): string[] => readFileSync(expectedPath(name), 'utf8').trimEnd().split('\n')
const nameOf = (line: string): string => line.split(' ', 1)[0] ?? ''

describeWith([nasm], 'A test kernel on the bare processor', () => {
  it.each(KERNELS)('%s prints what the manual says', (name) => {
    const lines = runBare(assemble(pathOf(nasm), source(name)))
    if (process.env['VITRINE_UPDATE_EXPECTED']) writeFileSync(expectedPath(name), `${lines.join('\n')}\n`)
    expect(lines).toEqual(expectedLines(name))
  })

  it.each(KERNELS)('%s prints the same when everything is compiled', (name) => {
    expect(runBare(assemble(pathOf(nasm), source(name)), 'compiler')).toEqual(expectedLines(name))
  })
})

describeWith([nasm, qemu], 'The expected text of a test kernel', () => {
  it.each(KERNELS.filter((name) => name !== 'limits'))('%s is what QEMU prints', (name) => {
    const deviations = DEVIATIONS[name] ?? {}
    const qemuLines = runQemu(pathOf(qemu), assemble(pathOf(nasm), source(name)), writeFileSync)
    const agreed = (lines: readonly string[]) => lines.filter((line) => deviations[nameOf(line)] === undefined)
    expect(qemuLines.map(nameOf)).toEqual(expectedLines(name).map(nameOf))
    expect(agreed(qemuLines)).toEqual(agreed(expectedLines(name)))
  })

  it.each(Object.entries(DEVIATIONS))('the deviations of %s are lines of it', (name, deviations) => {
    const names = expectedLines(name).map(nameOf)
    expect(Object.keys(deviations).filter((line) => !names.includes(line))).toEqual([])
  })
})
