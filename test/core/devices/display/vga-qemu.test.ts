/** The same accesses to our adapter and to QEMU's: the two pictures must agree. */
import { beforeAll, it } from 'vitest'
import { font8x16 } from '../../../../core/firmware/fonts/font-8x16.ts'
import { describeWith, pathOf } from '../../../support/needs.ts'
import { qemuPictures } from '../../../support/qemu-vga.ts'
import { tool } from '../../../support/tools.ts'
import { expectAlike } from '../../../support/vga-compare.ts'
import { VGA_MODES } from '../../../support/vga-modes.ts'
import { type Picture, VgaRig } from '../../../support/vga-rig.ts'
import {
  attributeRegister,
  modeSteps,
  playScript,
  register,
  type VgaStep,
  vbeRegister,
} from '../../../support/vga-script.ts'

const fill = (gpa: number, count: number, seed: number): VgaStep => ({ kind: 'fill', gpa, count, seed })
const map = (planes: number): VgaStep => register(0x3c4, 2, planes)

/** Other bytes in each plane. */
function fillPlanes(count: number): VgaStep[] {
  return [1, 2, 4, 8].flatMap((planes, i) => [map(planes), fill(0xa_0000, count, i * 977 + 5)])
}

/**
 * Text of all attributes and characters but B0h to BFh, whose eighth dot QEMU repeats as the ninth and IBM's manual does not.
 * Blinking is off, because QEMU has none.
 */
function text(mode: (typeof VGA_MODES)[1 | 3]): VgaStep[] {
  const font = Array.from({ length: 256 }, (_, code): VgaStep => {
    return { kind: 'write', gpa: 0xa_0000 + code * 32, bytes: [...font8x16.subarray(code * 16, code * 16 + 16)] }
  })
  const cells = Array.from({ length: 2000 }, (_, i) => [(i & 0xf0) === 0xb0 ? 0xdb : i & 0xff, (i * 7) & 0xff])
  return [
    ...modeSteps(mode),
    ...[map(4), register(0x3c4, 4, 7), register(0x3ce, 5, 0), register(0x3ce, 6, 4)],
    ...font,
    ...[map(3), register(0x3c4, 4, 2), register(0x3ce, 5, 0x10), register(0x3ce, 6, 0x0e)],
    { kind: 'write', gpa: 0xb_8000, bytes: cells.flat() },
    register(0x3d4, 0x0a, 0x20),
    ...attributeRegister(0x10, 0x04),
  ]
}

function linear(width: number, height: number, bits: number, more: VgaStep[] = []): VgaStep[] {
  const bytes = width * height * ((bits + 7) >> 3)
  const banks = Array.from({ length: Math.ceil(bytes / 0x1_0000) }, (_, bank) => [
    ...vbeRegister(5, bank),
    fill(0xa_0000, 0x8000, bank * 31 + 1),
    fill(0xa_8000, 0x8000, bank * 57 + 2),
  ])
  return [
    ...modeSteps(VGA_MODES[19]),
    ...[vbeRegister(1, width), vbeRegister(2, height), vbeRegister(3, bits), vbeRegister(4, 0x41)].flat(),
    ...banks.flat(),
    ...more,
  ]
}

/** Write modes 1 to 3 with latches, functions and masks, on a filled mode 12h screen. */
function planarOperations(): VgaStep[] {
  const steps = [...modeSteps(VGA_MODES[18]), ...fillPlanes(0x8000), map(0x0f)]
  for (let i = 0; i < 300; i++) {
    const from = 0xa_0000 + ((i * 7919) % 38_000)
    const to = 0xa_0000 + ((i * 4241) % 38_000)
    steps.push(register(0x3ce, 0, i & 15), register(0x3ce, 1, (i >> 1) & 15), register(0x3ce, 3, i & 0x1f))
    steps.push(register(0x3ce, 8, (i * 37) & 0xff), register(0x3ce, 5, i & 3), map((i % 15) + 1))
    steps.push({ kind: 'read', gpa: from }, { kind: 'write', gpa: to, bytes: [i & 0xff, (i * 3) & 0xff] })
  }
  return steps
}

const SCENES: readonly (readonly [name: string, steps: VgaStep[]])[] = [
  ['text, 80 columns', text(VGA_MODES[3])],
  // Nine dots of 40 columns become sixteen in QEMU.
  ['text, 40 columns of 8 dots', [...text(VGA_MODES[1]), register(0x3c4, 1, 0x09)]],
  ['mode 4', [...modeSteps(VGA_MODES[4]), fill(0xb_8000, 0x4000, 9)]],
  ['mode 6', [...modeSteps(VGA_MODES[6]), fill(0xb_8000, 0x4000, 9)]],
  ['mode 0Dh', [...modeSteps(VGA_MODES[13]), ...fillPlanes(8000)]],
  ['mode 0Eh', [...modeSteps(VGA_MODES[14]), ...fillPlanes(16_000)]],
  ['mode 10h', [...modeSteps(VGA_MODES[16]), ...fillPlanes(28_000)]],
  ['mode 12h after all kinds of writing', planarOperations()],
  ['mode 13h', [...modeSteps(VGA_MODES[19]), fill(0xa_0000, 0x8000, 3), fill(0xa_8000, 0x7d00, 4)]],
  ['mode X', [...modeSteps(VGA_MODES.x), ...fillPlanes(19_200)]],
  [
    'mode 12h with a start address and a split',
    [
      ...[...modeSteps(VGA_MODES[18]), ...fillPlanes(0x8000)],
      ...[register(0x3d4, 0x0c, 0x03), register(0x3d4, 0x0d, 0x21), register(0x3d4, 0x11, 0x0c)],
      ...[register(0x3d4, 0x18, 0x40), register(0x3d4, 0x07, 0x3e), register(0x3d4, 0x09, 0x00)],
    ],
  ],
  [
    '360 by 480 in 256 colours',
    [
      ...[...modeSteps(VGA_MODES.x), { kind: 'out8', port: 0x3c2, value: 0xe7 } as const],
      ...[0x6b, 0x59, 0x5a, 0x8e, 0x5e, 0x8a].map((value, index) => register(0x3d4, index, value)),
      ...[register(0x3d4, 0x09, 0x40), register(0x3d4, 0x13, 0x2d), ...fillPlanes(0xa8c0)],
    ],
  ],
  [
    'mode 12h through the colour select register',
    [
      ...[...modeSteps(VGA_MODES[18]), ...fillPlanes(38_400)],
      ...[...attributeRegister(0x14, 0x0e), ...attributeRegister(0x10, 0x81), ...attributeRegister(0x12, 0x0b)],
    ],
  ],
  ['640 by 480 at 8 bits', linear(640, 480, 8)],
  ['640 by 480 at 15 bits', linear(640, 480, 15)],
  ['640 by 480 at 16 bits', linear(640, 480, 16)],
  ['640 by 480 at 24 bits', linear(640, 480, 24)],
  [
    '640 by 480 at 32 bits, panned',
    linear(640, 480, 32, [...vbeRegister(6, 720), ...vbeRegister(8, 24), ...vbeRegister(9, 3)]),
  ],
]

const QEMU = tool('qemu-system-i386')
const NASM = tool('nasm')

describeWith([QEMU, NASM], 'the same accesses in QEMU', () => {
  let theirs: Picture[] = []

  beforeAll(async () => {
    const scripts = SCENES.map(([, steps]) => steps)
    theirs = await qemuPictures({ qemu: pathOf(QEMU), nasm: pathOf(NASM) }, scripts)
  }, 120_000)

  it.each(SCENES.map(([name, steps], index) => [name, steps, index] as const))('show %s', (name, steps, index) => {
    const rig = new VgaRig(0x100_0000)
    playScript(rig, steps)
    rig.context.advance(1e9)
    expectAlike(rig.picture(), theirs[index]!, name.includes('15 bits') ? 7 : 3)
  })
})
