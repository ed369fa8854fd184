/** The ROM code is given twice, as bytes and as text: NASM must make the same bytes of the text. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Assembler } from '../../../../core/firmware/rom/assembler.ts'
import { assembleFlatEntry } from '../../../../core/firmware/rom/flat-entry.ts'
import { assembleKernelRom } from '../../../../core/firmware/rom/kernel-rom.ts'
import { assembleSystemRom } from '../../../../core/firmware/rom/system-rom.ts'
import { assembleVgaRom } from '../../../../core/firmware/rom/vga-rom.ts'
import { describeWith, pathOf } from '../../../support/needs.ts'
import { tool } from '../../../support/tools.ts'

const NASM = tool('nasm')

function assembledByNasm(rom: Assembler): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-rom-'))
  try {
    const source = join(folder, 'rom.asm')
    const binary = join(folder, 'rom.bin')
    writeFileSync(source, rom.listing())
    execFileSync(pathOf(NASM), ['-f', 'bin', '-o', binary, source])
    return new Uint8Array(readFileSync(binary))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Where two images differ first, with the bytes there. */
function firstDifference(ours: Uint8Array, theirs: Uint8Array): string | undefined {
  const at = ours.findIndex((byte, i) => byte !== theirs[i])
  if (at < 0) return ours.length === theirs.length ? undefined : `lengths ${ours.length} and ${theirs.length}`
  const show = (bytes: Uint8Array) => Buffer.from(bytes.subarray(at, at + 8)).toString('hex')
  return `${at.toString(16)}: ${show(ours)} and ${show(theirs)}`
}

describeWith([NASM], 'ROM images against NASM', () => {
  it.each([
    ['the system ROM', assembleSystemRom],
    ['the VGA ROM', assembleVgaRom],
    ['the kernel option ROM', assembleKernelRom],
    ['the entry into protected mode', assembleFlatEntry],
  ] as const)('%s has the bytes of its listing', (_name, assemble) => {
    const rom = assemble()
    expect(firstDifference(rom.finish(), assembledByNasm(rom))).toBeUndefined()
  })
})
