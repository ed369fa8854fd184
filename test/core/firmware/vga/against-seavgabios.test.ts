/**
 * INT 10h of our VGA BIOS against SeaBIOS's in QEMU: registers after every mode set, palettes, data area, and what the services
 * return. Where the two differ on purpose, the test says why.
 */
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

const MODES = [0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13]
const VBE_MODES = [0x100, 0x101, 0x102, 0x103, 0x104, 0x105, 0x107, 0x10d, 0x10e, 0x10f, 0x110, 0x111, 0x112, 0x115]
const MORE_VBE_MODES = [0x118, 0x11b, 0x140, 0x143, 0x146, 0x147, 0x148, 0x178, 0x18c, 0x192]
/** Graphics controller 7 (don't care), at this place of a register dump: IBM's tables have other values where it cannot matter. */
const DONT_CARE = 1 + 5 + 25 + 7
/** SeaBIOS addresses the CRT controller where it was before the mode set, so these two keep the registers of the mode before. */
const CRTC_LEFT_ALONE = [0x07, 0x0d]
/** SeaBIOS sets up mode 0Fh as a colour mode. */
const MONOCHROME_GRAPHICS = 0x0f
const SCRATCH = 0x1000

/** One thing to compare: steps, of which the last one's result counts. */
interface Case {
  readonly name: string
  readonly steps: readonly ProbeStep[]
  readonly compare: (ours: ProbeResult, theirs: ProbeResult) => void
}

const equal: Case['compare'] = (ours, theirs) => expect(ours).toEqual(theirs)
const exceptAt =
  (...places: number[]): Case['compare'] =>
  (ours, theirs) => {
    const without = (bytes: ProbeResult) => (bytes as Uint8Array).filter((_, i) => !places.includes(i))
    expect(without(ours)).toEqual(without(theirs))
  }
const only =
  (...names: (keyof Registers | 'flags')[]): Case['compare'] =>
  (ours, theirs) => {
    const pick = (result: ProbeResult) => names.map((name) => [name, (result as Record<string, number>)[name]])
    expect(pick(ours)).toEqual(pick(theirs))
  }

const dump = (segment: number, offset: number, count: number): ProbeStep => ({ kind: 'dump', segment, offset, count })
const call = (ax: number, rest: Omit<Registers, 'ax'> = {}): ProbeStep => int(0x10, { ax, ...rest })
const hex = (value: number) => `${value.toString(16).toUpperCase()}h`

/** The CGA's registers at 0040:0065 and 0066, which SeaBIOS does not keep; relative to 0040:0049. */
const CGA_REGISTERS = [0x1c, 0x1d]

function modeCases(mode: number): Case[] {
  const set = call(mode)
  const cases: Case[] = [{ name: `mode ${hex(mode)}: palette`, steps: [set, { kind: 'dac' }], compare: equal }]
  if (mode === MONOCHROME_GRAPHICS) return cases
  if (!CRTC_LEFT_ALONE.includes(mode))
    cases.push({ name: `mode ${hex(mode)}: registers`, steps: [set, { kind: 'vga' }], compare: exceptAt(DONT_CARE) })
  cases.push(
    { name: `mode ${hex(mode)}: data area`, steps: [set, dump(0x40, 0x49, 0x1e)], compare: exceptAt(...CGA_REGISTERS) },
    { name: `mode ${hex(mode)}: more of it`, steps: [set, dump(0x40, 0x84, 7)], compare: equal },
    { name: `mode ${hex(mode)}: AH=0Fh`, steps: [set, call(0x0f00)], compare: equal },
    {
      name: `mode ${hex(mode)}: cursor after output`,
      steps: [set, call(0x0e41, { bx: 15 }), call(0x0300)],
      compare: equal,
    },
  )
  return cases
}

const text = (name: string, ...steps: ProbeStep[]): Case => ({
  name,
  steps: [call(3), ...steps, dump(0xb800, 0, 4000)],
  compare: equal,
})

const TEXT: readonly Case[] = [
  text('a string with attribute', call(0x1301, { bx: 0x1e, cx: 5, dx: 0x0203, bp: 0x7c00 })),
  text('a string with its own attributes', call(0x1303, { cx: 5, dx: 0x0203, bp: 0x7c00 })),
  text('characters and attributes', call(0x0200, { dx: 0x0304 }), call(0x0958, { bx: 0x4f, cx: 90 })),
  text('characters alone', call(0x0958, { bx: 0x4f, cx: 9 }), call(0x0a59, { bx: 0x07, cx: 3 })),
  ...([0x0601, 0x0603, 0x0702, 0x0600, 0x0719] as const).map((ax) =>
    text(
      `scrolling with AX=${hex(ax)}`,
      ...[0, 1, 2, 3, 4, 5].flatMap((row) => [
        call(0x0200, { dx: row << 8 }),
        call(0x0930 | row, { bx: row + 1, cx: 80 }),
      ]),
      call(ax, { bx: 0x1700, cx: 0x0102, dx: 0x0440 }),
    ),
  ),
  text(
    'teletype past the last line',
    call(0x0200, { dx: 0x184e }),
    ...[65, 66, 67, 13, 10, 8, 68].map((c) => call(0x0e00 | c)),
  ),
  {
    name: 'reading a character',
    steps: [call(3), call(0x0958, { bx: 0x4f, cx: 1 }), call(0x0800)],
    compare: equal,
  },
  {
    name: 'showing page 2',
    steps: [call(3), call(0x0200, { bx: 0x200, dx: 0x0506 }), call(0x0502), { kind: 'vga' }],
    compare: exceptAt(DONT_CARE),
  },
  {
    name: 'cursor of page 1',
    steps: [call(3), call(0x0200, { bx: 0x100, dx: 0x0506 }), call(0x0300, { bx: 0x100 })],
    compare: equal,
  },
]

const SERVICES: readonly Case[] = [
  { name: 'AH=1Ah', steps: [call(0x1a00)], compare: equal },
  ...(
    [
      [0x10, 0x1200],
      [0x30, 0x1202],
      [0x31, 0x1200],
      [0x33, 0x1201],
      [0x34, 0x1200],
      [0x36, 0x1200],
    ] as const
  ).map(([bl, ax]): Case => ({ name: `AH=12h BL=${hex(bl)}`, steps: [call(3), call(ax, { bx: bl })], compare: equal })),
  { name: '50 lines', steps: [call(3), call(0x1112), dump(0x40, 0x84, 3)], compare: equal },
  { name: '50 lines: registers', steps: [call(3), call(0x1112), { kind: 'vga' }], compare: exceptAt(DONT_CARE) },
  { name: '28 lines', steps: [call(3), call(0x1111), dump(0x40, 0x84, 3)], compare: equal },
  {
    name: '25 lines again',
    steps: [call(3), call(0x1112), call(0x1114), { kind: 'vga' }],
    compare: exceptAt(DONT_CARE),
  },
  ...[0, 1, 2, 3, 4, 6].map(
    (bh): Case => ({
      name: `font ${bh}`,
      steps: [call(3), call(0x1130, { bx: bh << 8 })],
      compare: only('ax', 'cx', 'dx', 'es'),
    }),
  ),
  { name: 'blinking off', steps: [call(3), call(0x1003), { kind: 'vga' }], compare: exceptAt(DONT_CARE) },
  {
    name: 'a palette register',
    steps: [call(3), call(0x1000, { bx: 0x0502 }), call(0x1007, { bx: 2 })],
    compare: equal,
  },
  {
    name: 'a DAC register',
    steps: [call(3), call(0x1010, { bx: 5, cx: 0x1122, dx: 0x3300 }), call(0x1015, { bx: 5 })],
    compare: equal,
  },
  {
    name: 'DAC pages',
    steps: [call(3), call(0x1013, { bx: 0x0100 }), call(0x1013, { bx: 0x0201 }), call(0x101a)],
    compare: equal,
  },
  {
    name: 'grey scales',
    steps: [call(3), call(0x101b, { cx: 16 }), { kind: 'dac' }],
    compare: equal,
  },
  ...(
    [
      [4, 0x82],
      [6, 0x81],
      [0x0d, 0x83],
      [0x12, 0x8f],
      [0x13, 0x81],
    ] as const
  ).map(
    ([mode, colour]): Case => ({
      name: `pixels of mode ${hex(mode)}`,
      steps: [
        call(mode),
        call(0x0c01, { cx: 100, dx: 50 }),
        call(0x0c00 | colour, { cx: 100, dx: 50 }),
        call(0x0d00, { cx: 100, dx: 50 }),
      ],
      compare: equal,
    }),
  ),
  ...[4, 6, 0x0d, 0x12, 0x13].map(
    (mode): Case => ({
      name: `reading back a character of mode ${hex(mode)}`,
      steps: [call(mode), call(0x0942, { bx: 1, cx: 1 }), call(0x0800)],
      // AH is nothing in graphics modes; SeaBIOS leaves the colour in it.
      compare: (ours, theirs) =>
        expect((ours as Record<string, number>)['ax']! & 0xff).toBe((theirs as Record<string, number>)['ax']! & 0xff),
    }),
  ),
]

/** Fields of a VBE mode block whose value is the implementation's own: attributes, window function, pages, frame buffer address. */
const OWN_FIELDS = [0x00, 0x0c, 0x0d, 0x0e, 0x0f, 0x1d, 0x28, 0x29, 0x2a, 0x2b]

const VBE: readonly Case[] = [
  ...[...VBE_MODES, ...MORE_VBE_MODES].map(
    (mode): Case => ({
      name: `description of VBE mode ${hex(mode)}`,
      steps: [call(0x4f01, { cx: mode, di: SCRATCH }), dump(0, SCRATCH, 0x32)],
      compare: exceptAt(...OWN_FIELDS),
    }),
  ),
  ...[0x101, 0x4112, 0x103, 0x102].flatMap((mode): Case[] => {
    const set = call(0x4f02, { bx: mode })
    const name = `VBE mode ${hex(mode)}`
    return [
      { name: `${name} is set`, steps: [set], compare: equal },
      { name: `${name}: number`, steps: [set, call(0x4f03)], compare: equal },
      { name: `${name}: line length`, steps: [set, call(0x4f06, { bx: 1 })], compare: only('ax', 'bx', 'cx') },
      { name: `${name}: longer lines`, steps: [set, call(0x4f06, { cx: 1024 })], compare: only('ax', 'bx', 'cx') },
      {
        name: `${name}: start`,
        steps: [set, call(0x4f07, { cx: 8, dx: 16 }), call(0x4f07, { bx: 1 })],
        compare: equal,
      },
      { name: `${name}: DAC`, steps: [set, call(0x4f08, { bx: 0x800 }), call(0x4f08, { bx: 1 })], compare: equal },
    ]
  }),
  {
    name: 'the bank',
    steps: [call(0x4f02, { bx: 0x101 }), call(0x4f05, { dx: 2 }), call(0x4f05, { bx: 0x100 })],
    compare: equal,
  },
  { name: 'a VBE mode that is none', steps: [call(0x4f02, { bx: 0x1ff })], compare: only('ax') },
  {
    name: 'text after a VBE mode',
    steps: [call(0x4f02, { bx: 0x101 }), call(3), { kind: 'vga' }],
    compare: exceptAt(DONT_CARE),
  },
]

const CASES = [...MODES.flatMap(modeCases), ...TEXT, ...SERVICES, ...VBE]

describeWith([QEMU, NASM], 'INT 10h against SeaBIOS in QEMU', () => {
  let ours: ProbeResult[]
  let theirs: ProbeResult[]

  beforeAll(() => {
    const steps = CASES.flatMap((one) => one.steps)
    ours = probeVitrine(pathOf(NASM), steps)
    theirs = probeQemu({ qemu: pathOf(QEMU), nasm: pathOf(NASM) }, steps)
  }, 120_000)

  it.each(CASES.map((one, index) => ({ ...one, index })))('$name', ({ index, compare }) => {
    const last = CASES.slice(0, index + 1).reduce((sum, one) => sum + one.steps.length, 0) - 1
    compare(ours[last]!, theirs[last]!)
  })
})
