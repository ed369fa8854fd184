/** Our video BIOS on our adapter: pictures without characters are those of SeaBIOS's video BIOS in QEMU. */
import { beforeAll, it } from 'vitest'
import { describeWith, pathOf } from '../support/needs.ts'
import { qemuPictures } from '../support/qemu-vga.ts'
import { tool } from '../support/tools.ts'
import { expectAlike } from '../support/vga-compare.ts'
import { machinePictures } from '../support/vga-machine.ts'
import type { Picture } from '../support/vga-rig.ts'
import { int10, type VgaStep, vesa } from '../support/vga-script.ts'

const QEMU = tool('qemu-system-i386')
const NASM = tool('nasm')

/** QEMU leaves the three bits that 15-bit colours lack at zero. */
const LOW_BITS = 7

/** Pixels of many colours, some of them twice with exclusive or, and a palette change. */
function pixels(mode: number): VgaStep[] {
  const plain = Array.from({ length: 120 }, (_, i) => int10(0x0c00 | (i % 16), 0, 20 + i * 2, 30 + i))
  const twice = Array.from({ length: 40 }, (_, i) => int10(0x0c80 | (i % 16), 0, 40 + i * 2, 40 + i))
  return [int10(mode), ...plain, ...(mode === 0x13 ? [] : twice), int10(0x1010, 3, 0x1020, 0x3000)]
}

/** Text attributes without characters: blank cells on coloured backgrounds, scrolled. */
const backgrounds: VgaStep[] = [
  int10(3),
  int10(0x0100, 0, 0x2000),
  ...Array.from({ length: 8 }, (_, i) => [int10(0x0200, 0, 0, i << 8), int10(0x0920, i << 4, 10 + i)]).flat(),
  int10(0x0602, 0x2700, 0x0102, 0x0620),
  int10(0x0701, 0x4700, 0x0008, 0x0a10),
]

const SCENES: readonly (readonly [name: string, steps: VgaStep[]])[] = [
  ...[0x04, 0x06, 0x0e, 0x10, 0x12, 0x13].map(
    (mode) => [`pixels of mode ${mode.toString(16)}h`, pixels(mode)] as const,
  ),
  ['backgrounds of text', backgrounds],
  ['640 by 400 in 256 colours', vesa(0x100, 4)],
  ['800 by 600 in 256 colours', vesa(0x103, 8)],
  ['640 by 480 in 32768 colours', vesa(0x110, 10)],
  ['640 by 480 in 65536 colours', vesa(0x111, 10)],
  ['800 by 600 in 16 million colours', vesa(0x115, 22)],
  ['pixels after a VBE mode', [...vesa(0x101, 2), ...pixels(0x12)]],
]

describeWith([QEMU, NASM], 'Pictures of our video BIOS', () => {
  let ours: Picture[]
  let theirs: Picture[]

  beforeAll(async () => {
    const scripts = SCENES.map(([, steps]) => steps)
    ours = machinePictures(pathOf(NASM), undefined, scripts)
    theirs = await qemuPictures({ qemu: pathOf(QEMU), nasm: pathOf(NASM) }, scripts)
  })

  it.each(SCENES.map(([name], index) => ({ name, index })))('$name', ({ index }) => {
    expectAlike(ours[index]!, theirs[index]!, LOW_BITS)
  })
})
