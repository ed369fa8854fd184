/** Instructions as text: against nasm's disassembler on random ones, and a few by hand. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Disassembler } from '../../../../core/cpu/decode/disassembler.ts'
import { buildDecodeTables, expandRows } from '../../../../core/cpu/decode/forms.ts'
import { ROWS } from '../../../../core/cpu/isa/index.ts'
import { MODE_CODE32 } from '../../../../core/cpu/state/layout.ts'
import { CodeWriter } from '../../../fuzz/code-writer.ts'
import { writeRandom } from '../../../fuzz/random-instruction.ts'
import { describeWith, pathOf } from '../../../support/needs.ts'
import { Random } from '../../../support/random.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'
import { tool } from '../../../support/tools.ts'

const disassembler = new Disassembler(buildDecodeTables(expandRows(ROWS).encodings))

const textOf = (bytes: string, mode = MODE_CODE32, eip = 0x1000) =>
  disassembler.disassemble(Uint8Array.from(Buffer.from(bytes, 'hex')), 0, mode, eip)

it.each([
  ['01448b10', 'add [ebx+ecx*4+10h], eax'],
  ['80050010000080', 'add byte [1000h], 80h'],
  ['83c0ff', 'add eax, -1h'],
  ['6683450800', 'add word [ebp+8h], 0h'],
  ['7410', 'jz 1012h'],
  ['e8fbffffff', 'call 1000h'],
  ['ea785634121800', 'jmp 18h:12345678h'],
  ['f3a5', 'rep movsd'],
  ['66f2af', 'repne scasw'],
  ['f00fb111', 'lock cmpxchg [ecx], edx'],
  ['658b0500000000', 'mov eax, [gs:0h]'],
  ['678b4702', 'mov eax, [bx+2h]'],
  ['0f20c0', 'mov eax, cr0'],
  ['8ed8', 'mov ds, ax'],
  ['90', 'nop'],
  ['87c8', 'xchg eax, ecx'],
  ['874590', 'xchg [ebp-70h], eax'],
  ['0f58c1', 'addps xmm0, xmm1'],
  ['0f6fca', 'movq mm1, mm2'],
  ['dd05a0000000', 'fld qword [0a0h]'],
  ['d8c1', 'fadd st0, st1'],
  ['98', 'cwde'],
  ['0fff', 'db 0fh'],
])('%s is %s', (bytes, text) => {
  expect(textOf(bytes).text).toBe(text)
})

it('depends on the mode, and does not need more than is there', () => {
  expect(textOf('b83412', 0)).toEqual({ length: 3, text: 'mov ax, 1234h' })
  expect(textOf('7efe', 0, 0).text).toBe('jle 0h')
  expect(textOf('b834')).toEqual({ length: 1, text: 'db 0b8h' })
})

/** Names that nasm prefers. */
const ALIASES: Readonly<Record<string, string>> = {
  nb: 'nc',
  b: 'c',
  nbe: 'a',
  be: 'na',
  nl: 'nl',
  le: 'ng',
  nle: 'g',
  p: 'pe',
  np: 'po',
}

/** What both say, without what is a matter of taste: size words, signs, leading zeros. */
function plain(text: string): string {
  return text
    .replace(/^(set|cmov|j)(nb|b|nbe|be|le|nle|p|np)(?= )/, (_, head: string, cc: string) => head + ALIASES[cc])
    .replace(/^sal /, 'shl ')
    .replace(/^xlat$/, 'xlatb')
    .replace(/^rep (scas|cmps)/, 'repe $1')
    .replace(/\b(byte|word|dword|qword|tword|oword|xmmword|short|near) /g, '')
    .replace(/\b0x0*([0-9a-f]+)/g, '$1')
    .replace(/\b0*([0-9a-f]*[0-9a-f])h\b/g, '$1')
    .replace(/\[[ds]s:/, '[')
    .replace(/[+]0\]/, ']')
    .replace(/, */g, ',')
    .replace(/,\+/, ',')
}

const ndisasm = tool('ndisasm')

describeWith([ndisasm], "nasm's disassembler", () => {
  it.each([16, 32])('says the same of random %i-bit code', (bits) => {
    const random = new Random(bits)
    const writer = new CodeWriter(0, bits === 32)
    const setting = { code32: bits === 32, paged: true, kernel: true, dataBase: 0, codeBase: 0, wide: true }
    for (let i = 0; i < 1500; i++)
      writeRandom(writer, random, setting, random.pick(['integer', 'integer', 'sse', 'mmx', 'string'] as const))
    // Each in a place of its own, so that one that nasm does not know leaves the others alone.
    const place = 32
    const file = join(temporaryFolder(), 'code.bin')
    writeFileSync(
      file,
      Buffer.concat(
        writer.items.map((item) => Buffer.alloc(place, 0x90).fill(Buffer.from(item.bytes), 0, item.bytes.length)),
      ),
    )
    const { stdout } = spawnSync(pathOf(ndisasm), ['-b', String(bits), file], { encoding: 'utf8', maxBuffer: 1 << 26 })
    const theirs = new Map(
      Array.from(stdout.matchAll(/^([0-9A-F]{8}) +[0-9A-F]+ +(.*)$/gm), ([, at, text]) => [
        Number.parseInt(at!, 16),
        text!,
      ]),
    )
    const different: string[] = []
    let compared = 0
    for (const [i, { bytes }] of writer.items.entries()) {
      const { text, length } = disassembler.disassemble(
        Uint8Array.from(bytes),
        0,
        bits === 32 ? MODE_CODE32 : 0,
        i * place,
      )
      expect(length, text).toBe(bytes.length)
      const other = theirs.get(i * place) ?? ''
      // What nasm splits into its prefixes, takes for code of 64 bits, writes the other way round, or calls by a newer name.
      if (/^(lock )?(xchg|nop|pinsr[bdw]|pcmp[ei]str[im]|cmp[ps][sd]) /.test(text) || /xmm(8|9|1)/.test(other)) continue
      if (/^(db|o16|o32|a16|a32|hint_nop|[c-g]s$|rep\w* [oa]\d|lock [oa]\d)/.test(other)) continue
      compared++
      if (plain(text) !== plain(other))
        different.push(`${Buffer.from(bytes).toString('hex')}: ${text}, and nasm: ${other}`)
    }
    expect(different).toEqual([])
    expect(compared).toBeGreaterThan(1000)
  })
})
