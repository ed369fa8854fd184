/** SeaBIOS's video BIOS for QEMU's adapter, unmodified, on ours and on QEMU's: every mode it sets must look the same. */
import { readFileSync } from 'node:fs'
import { beforeAll, it } from 'vitest'
import { describeWith, pathOf } from '../support/needs.ts'
import { qemuPictures } from '../support/qemu-vga.ts'
import { seabios, tool } from '../support/tools.ts'
import { expectAlike } from '../support/vga-compare.ts'
import { machinePictures } from '../support/vga-machine.ts'
import type { Picture } from '../support/vga-rig.ts'
import { int10, register, type VgaStep, vesa } from '../support/vga-script.ts'

const QEMU = tool('qemu-system-i386')
const NASM = tool('nasm')
const BIOS = seabios('bios-256k.bin')
const VGA_BIOS = seabios('vgabios-stdvga.bin')

/** Prints with INT 10h function 0Eh. */
function print(text: string, colour: number): VgaStep[] {
  return [...text].map((character) => int10(0x0e00 | character.charCodeAt(0), colour))
}

/** Text, a few pixels and a palette change through the BIOS. */
function standard(mode: number, { graphics }: { graphics: boolean }): VgaStep[] {
  const pixels = graphics
    ? Array.from({ length: 40 }, (_, i) => int10(0x0c00 | (i % 16), 0, 20 + i * 3, 50 + i * 2))
    : []
  const scroll = int10(0x0601, 0x1700, 0x0300, 0x0820)
  return [
    int10(mode),
    int10(0x0100, 0, 0x2000), // no cursor
    ...print('Mode with text\r\nand a second line\r\n', 0x0e),
    ...pixels,
    ...(graphics ? [] : [int10(0x0941, 0x001e, 30), scroll]),
    int10(0x1010, 7, 0x1020, 0x3000), // DAC entry 7
  ]
}

const SCENES: readonly (readonly [name: string, steps: VgaStep[]])[] = [
  ...[0x01, 0x03].map((mode) => [`mode ${mode}`, standard(mode, { graphics: false })] as const),
  ...[0x04, 0x06, 0x0d, 0x0e, 0x10, 0x12, 0x13].map(
    (mode) => [`mode ${mode.toString(16)}h`, standard(mode, { graphics: true })] as const,
  ),
  ['text of 50 lines', [int10(3), int10(0x1112), int10(0x0100, 0, 0x2000), ...print('50 lines\r\n', 7)]],
  ['640 by 400 in 256 colours', vesa(0x100, 4)],
  ['800 by 600 in 256 colours', vesa(0x103, 8)],
  ['640 by 480 in 65536 colours', vesa(0x111, 10)],
  ['800 by 600 in 16 million colours', vesa(0x115, 22)],
  ['text after a VBE mode', [...vesa(0x101, 2), ...standard(3, { graphics: false })]],
]

/** Forty columns of nine dots become sixteen dots in QEMU; the mode is compared with the dots of both set to eight. */
const scripts = SCENES.map(([name, steps]) => (name === 'mode 1' ? [...steps, register(0x3c4, 1, 0x09)] : steps))

describeWith([QEMU, NASM, BIOS, VGA_BIOS], "SeaBIOS's video BIOS", () => {
  let ours: Picture[] = []
  let theirs: Picture[] = []

  beforeAll(async () => {
    const [bios, vgaBios] = [BIOS, VGA_BIOS].map((need) => new Uint8Array(readFileSync(pathOf(need))))
    if (bios) ours = machinePictures(pathOf(NASM), { bios, vgaBios }, scripts)
    theirs = await qemuPictures({ qemu: pathOf(QEMU), nasm: pathOf(NASM) }, scripts)
  })

  it.each(SCENES.map(([name], index) => [name, index] as const))('shows %s', (_name, index) => {
    expectAlike(ours[index]!, theirs[index]!, 3)
  })
})
