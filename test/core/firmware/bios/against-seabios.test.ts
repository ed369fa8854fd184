/** INT 11h to 1Ah of our BIOS against SeaBIOS in QEMU, on machines that are alike in what the calls look at. */
import { beforeAll, expect, it } from 'vitest'
import {
  int,
  type ProbeResult,
  type ProbeStep,
  probeQemu,
  probeVitrine,
  type Registers,
} from '../../../support/bios-probe.ts'
import { describeWith, pathOf } from '../../../support/needs.ts'
import { tool } from '../../../support/tools.ts'

const QEMU = tool('qemu-system-i386')
const NASM = tool('nasm')
const CARRY = 1
const ZERO = 0x40
const SCRATCH = 0x1400

type Names = readonly (keyof Registers | 'carry' | 'zero' | 'ah' | 'bl')[]

/** A call, and which of its results must be the same. */
interface Case {
  readonly name: string
  readonly step: ProbeStep
  /** Nothing for bytes of a dump: all of them. */
  readonly names?: Names
}

const hex = (value: number) => `${value.toString(16).toUpperCase()}h`

function cases(vector: number, names: Names, list: readonly Registers[]): Case[] {
  return list.map((registers) => {
    const { ax, cx = 0, dx = 0, di = 0 } = registers
    const name = `INT ${hex(vector)} AX=${hex(ax)} CX=${hex(cx)} DX=${hex(dx)} DI=${hex(di)}`
    return { name, step: int(vector, registers), names }
  })
}

const disk = (ax: number, cx = 0, dx = 0x80): Registers => ({ ax, bx: 0x1000, cx, dx, si: SCRATCH })
const packet = (sectors: number, lba: number): Case => ({
  name: `a packet for ${sectors} at ${lba}`,
  step: {
    kind: 'poke',
    segment: 0,
    offset: SCRATCH,
    bytes: [16, 0, sectors, 0, 0, 0x20, 0, 0, lba & 0xff, lba >>> 8, lba >>> 16, 0, 0, 0, 0, 0],
  },
})

const CASES: readonly Case[] = [
  ...cases(0x12, ['ax'], [{ ax: 0 }]),
  { name: 'data area: base memory, EBDA', step: { kind: 'dump', segment: 0x40, offset: 0x0e, count: 2 } },
  { name: 'data area: keyboard buffer', step: { kind: 'dump', segment: 0x40, offset: 0x1a, count: 4 } },
  { name: 'data area: buffer bounds', step: { kind: 'dump', segment: 0x40, offset: 0x80, count: 4 } },
  // System services.
  ...cases(
    0x15,
    ['ax', 'carry'],
    [0x41, 0x84, 0xe7, 0x2402].map((ah) => ({ ax: ah > 0xff ? ah : ah << 8 })),
  ),
  ...cases(0x15, ['ah', 'carry'], [{ ax: 0x2401 }, { ax: 0x4f1e }, { ax: 0x5300 }, { ax: 0x530e }]),
  ...cases(0x15, ['es', 'carry'], [{ ax: 0xc100 }]),
  ...cases(0x15, ['ah', 'bx', 'carry'], [{ ax: 0x2403 }, { ax: 0xc201 }, { ax: 0xc204 }, { ax: 0xc205, bx: 0x300 }]),
  ...cases(0x15, ['ah', 'bl', 'cx', 'dx', 'carry'], [{ ax: 0xc206 }]),
  ...cases(
    0x15,
    ['ah', 'carry'],
    [{ ax: 0xc200, bx: 0x100 }, { ax: 0xc203, bx: 0x200 }, { ax: 0xc203, bx: 0x900 }, { ax: 0xc2ff }],
  ),
  ...cases(0x15, ['ax', 'bx', 'cx', 'dx', 'carry'], [{ ax: 0xe820, cx: 20, dx: 0x4150, di: SCRATCH }]),
  // Keyboard: a key is stored, seen, read; then the buffer is empty.
  ...cases(
    0x16,
    ['ax', 'zero'],
    [
      { ax: 0x0100 },
      { ax: 0x0200 },
      { ax: 0x0500, cx: 0x1e61 },
      { ax: 0x0100 },
      { ax: 0x1100 },
      { ax: 0x0000 },
      { ax: 0x1200 },
    ],
  ),
  // Enhanced keys through the old functions: grey arrows lose E0h, F11 does not exist.
  ...cases(
    0x16,
    ['ax', 'zero'],
    [
      ...[0x48e0, 0xe00d, 0xe02f].flatMap((cx) => [{ ax: 0x0500, cx }, { ax: 0x0100 }, { ax: 0x0000 }]),
      ...[0x8500, 0x48e0].flatMap((cx) => [{ ax: 0x0500, cx }, { ax: 0x1000 }]),
    ],
  ),
  // Clock: the date is the same on both sides of any second.
  ...cases(0x1a, ['cx', 'dx', 'carry'], [{ ax: 0x0400 }]),
  ...cases(
    0x1a,
    ['carry'],
    [{ ax: 0x0200 }, { ax: 0x0600, cx: 0x2359, dx: 0x5900 }, { ax: 0x0600 }, { ax: 0x0700 }, { ax: 0x0900 }],
  ),
  // PCI: the chip set is the same.
  ...cases(
    0x1a,
    ['ah', 'bx', 'cx', 'dx', 'carry'],
    [
      { ax: 0xb101 },
      { ax: 0xb102, cx: 0x7000, dx: 0x8086 },
      { ax: 0xb102, cx: 0x7010, dx: 0x8086 },
      { ax: 0xb102, cx: 0x7113, dx: 0x8086 },
      { ax: 0xb108, bx: 0x0008 },
      { ax: 0xb109, bx: 0x0008, di: 2 },
      { ax: 0xb10a, bx: 0x0008, di: 8 },
    ],
  ),
  ...cases(0x1a, ['ah', 'carry'], [{ ax: 0xb102, cx: 1, dx: 1 }, { ax: 0xb120 }]),
  // Hard disk of 8 MiB: 16 cylinders, 16 heads, 63 sectors.
  ...cases(
    0x13,
    ['ah', 'carry'],
    [0x0000, 0x0100, 0x0900, 0x0d00, 0x1000, 0x1100, 0x1400, 0x4500, 0x4600].map((ax) => disk(ax)),
  ),
  ...cases(0x13, ['ax', 'carry'], [disk(0x0201, 1), disk(0x0210, 2), disk(0x0401, 1), disk(0x0200, 1)]),
  ...cases(0x13, ['ah', 'carry'], [disk(0x0c00, 1), disk(0x5500)]),
  ...cases(0x13, ['ah', 'cx', 'dx', 'carry'], [disk(0x0800), disk(0x1500)]),
  ...cases(0x13, ['ah', 'carry'], [disk(0x0800, 0, 0x81), disk(0x0201, 1, 0x81), disk(0x4100, 0, 0x81)]),
  ...cases(0x13, ['ah', 'bx', 'carry'], [{ ax: 0x4100, bx: 0x55aa, dx: 0x80 }]),
  packet(2, 100),
  ...cases(0x13, ['ah', 'carry'], [disk(0x4200), disk(0x4300), disk(0x4400), disk(0x4700)]),
  packet(1, 16_384),
  ...cases(0x13, ['ah', 'carry'], [disk(0x0100)]),
  { name: 'room for AH=48h', step: { kind: 'poke', segment: 0, offset: SCRATCH, bytes: [0x1e, 0] } },
  ...cases(0x13, ['ah', 'carry'], [disk(0x4800)]),
  { name: 'parameters of AH=48h', step: { kind: 'dump', segment: 0, offset: SCRATCH, count: 0x1a } },
]

function pick(result: ProbeResult, names: Names): number[] {
  const registers = result as Record<string, number>
  const flags = registers['flags'] ?? 0
  return names.map((name) => {
    if (name === 'carry') return flags & CARRY
    if (name === 'zero') return flags & ZERO
    if (name === 'ah') return (registers['ax'] ?? 0) >>> 8
    if (name === 'bl') return (registers['bx'] ?? 0) & 0xff
    return registers[name] ?? 0
  })
}

describeWith([QEMU, NASM], 'BIOS services against SeaBIOS in QEMU', () => {
  let ours: ProbeResult[]
  let theirs: ProbeResult[]

  beforeAll(() => {
    const steps = CASES.map(({ step }) => step)
    ours = probeVitrine(pathOf(NASM), steps)
    theirs = probeQemu({ qemu: pathOf(QEMU), nasm: pathOf(NASM) }, steps)
  }, 120_000)

  it.each(CASES.map((one, index) => ({ ...one, index })))('$index: $name', ({ index, names }) => {
    const [a, b] = [ours[index]!, theirs[index]!]
    if (names) expect(pick(a, names)).toEqual(pick(b, names))
    else expect(a).toEqual(b)
  })
})
