/**
 * The ISA chips of the PC beside those of QEMU: the same accesses give the same answers. Time there is the host's, so nothing
 * here depends on it. Left out is where QEMU is coarser than the data sheets: requests that fall before they are acknowledged.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { InterruptLine } from '../../../core/bus/interrupt-line.ts'
import { i8237 } from '../../../core/devices/chipset/i8237.ts'
import { i8042 } from '../../../core/devices/input/i8042.ts'
import { i8259 } from '../../../core/devices/interrupt/i8259.ts'
import { ns16550a } from '../../../core/devices/serial/ns16550a.ts'
import { i8254 } from '../../../core/devices/timer/i8254.ts'
import { ChipPair } from '../../support/chip-pair.ts'
import { FakeContext } from '../../support/fake-context.ts'
import { describeWith, pathOf } from '../../support/needs.ts'
import { QemuChips } from '../../support/qemu-chips.ts'
import { Random } from '../../support/random.ts'
import { tool } from '../../support/tools.ts'

const qemu = tool('qemu-system-i386')
const MS = 1_000_000

/** A board on which interrupt wires lead to the interrupt controllers. */
class Board extends FakeContext {
  readonly pic = i8259.create(this, {})

  override irq(line: number): InterruptLine {
    return this.pic.irqInput(line)
  }
}

function createBoard(): Board {
  const board = new Board({ ramBytes: 0x10_0000 })
  i8254.create(board, {})
  i8237.create(board, {})
  i8042.create(board, { mouse: true, fastMouse: true })
  ns16550a.create(board, { com: 1, pace: false })
  ns16550a.create(board, { com: 2, pace: false })
  return board
}

describeWith([qemu], 'the chips of the PC compared with those of QEMU', () => {
  let pair: ChipPair
  const out = (port: number, ...values: number[]) => pair.out(port, ...values)

  beforeAll(() => {
    pair = new ChipPair(createBoard(), new QemuChips(pathOf(qemu), ['-serial', 'null', '-serial', 'null']))
  })

  afterAll(() => pair.theirs.close())

  it('tells access, mode and coding of a timer channel alike', async () => {
    for (let control = 0x10; control < 0x40; control++) {
      if ((control & 0x30) === 0) continue
      await out(0x43, 0x40 | control)
      await out(0x41, 0x34)
      if ((control & 0x30) === 0x30) await out(0x41, 0x12)
      await pair.settle(MS / 100)
      await out(0x43, 0xe4)
      await pair.expectSame(0x41, `status after ${control.toString(16)}`, 0x31)
    }
  })

  it('keeps and reads registers of the DMA controllers alike', async () => {
    const random = new Random(0x8237)
    for (const [first, stride] of [
      [0x00, 1],
      [0xc0, 2],
    ] as const) {
      await out(first + 13 * stride, 0)
      for (let i = 0; i < 400; i++) {
        const kind = random.below(10)
        if (kind < 5) await out(first + random.below(8) * stride, random.below(256), random.below(256))
        else if (kind === 5) {
          // QEMU takes a counter over with its second byte, so the flip-flop moves only here, once a counter is complete.
          await out(first + 12 * stride, 0)
          await pair.expectSame(first + random.below(8) * stride, `step ${i}, low byte`)
          await out(first + 12 * stride, 0)
        } else if (kind === 6) await out(first + random.pick([10, 14, 15]) * stride, random.below(8))
        else {
          const register = first + random.below(8) * stride
          await pair.expectSame(register, `step ${i}, low byte`)
          await pair.expectSame(register, `step ${i}, high byte`)
        }
      }
    }
    for (const port of [0x81, 0x82, 0x83, 0x87, 0x89, 0x8a, 0x8b]) {
      await out(port, port ^ 0x5a)
      await pair.expectSame(port, 'page')
    }
  })

  it('serves requests alike under random commands, acknowledged by polling', async () => {
    // Level-triggered lines: QEMU keeps an edge whose line has fallen. For the same reason input 2 of the master stays masked;
    // input 0 because QEMU's timer runs without being asked. No special mask mode: QEMU's non-specific EOI ends masked levels.
    await out(0x64, 0x60)
    await out(0x60, 0x47)
    await out(0x20, 0x11)
    await out(0x21, 0x08, 0x04, 0x01, 0x05)
    await out(0xa0, 0x11)
    await out(0xa1, 0x70, 0x02, 0x01, 0x00)
    await out(0x4d0, 0x18)
    await out(0x4d1, 0x10)
    await out(0x3fc, 0x08)
    await out(0x2fc, 0x08)
    const random = new Random(0x8259)
    const commands = [0x20, 0x20, 0x63, 0x64, 0xa0, 0xc2, 0xc3, 0xe4, 0x0a, 0x0b, 0x0b, 0x40]
    for (let i = 0; i < 1500; i++) {
      const [port, own] = random.pick([
        [0x20, 0xfa],
        [0xa0, 0xff],
      ] as const)
      const kind = random.below(10)
      const what = `step ${i}, port ${port.toString(16)}`
      if (kind < 2) await out(port, random.pick(commands))
      else if (kind === 2) await out(port + 1, random.below(256) | (own ^ 0xff))
      else if (kind === 3) await pair.expectSame(port + 1, `${what}, mask`)
      else if (kind === 4) await request(random.pick([3, 4, 12]), true)
      else if (kind === 5) await request(random.pick([3, 4, 12]), false)
      else if (kind < 8) {
        await out(port, 0x0c)
        const [mine, other] = await pair.in8(port)
        // What the level reads when nothing is pending is nobody's promise.
        expect(`${what}, poll: ${mine & 0x80 ? mine : 0}`).toBe(`${what}, poll: ${other & 0x80 ? other : 0}`)
      } else await pair.expectSame(port, `${what}, IRR or ISR`, own)
    }

    /** Raises or lowers a line: the serial ports' transmitters, and a byte from the mouse that nobody reads. */
    async function request(line: 3 | 4 | 12, level: boolean): Promise<void> {
      if (line === 12) {
        await pair.in8(0x60)
        if (!level) return
        await out(0x64, 0xd3)
        await out(0x60, 0x1e)
      } else {
        const base = line === 4 ? 0x3f8 : 0x2f8
        await out(base + 1, 0)
        if (level) await out(base + 1, 0x02)
      }
    }
  })

  it('edge and level control takes the same bits', async () => {
    for (const value of [0xff, 0x00, 0xa5, 0x5a]) {
      await out(0x4d0, value)
      await out(0x4d1, value)
      await pair.expectSame(0x4d0, 'ELCR1')
      await pair.expectSame(0x4d1, 'ELCR2')
    }
    await out(0x4d0, 0)
    await out(0x4d1, 0)
  })

  /** Every byte that comes out of both keyboard controllers, in hexadecimal. */
  async function drain(): Promise<[string, string]> {
    const bytes: [string[], string[]] = [[], []]
    for (let i = 0; i < 24; i++) {
      await pair.settle(MS)
      for (const [index, chips] of [pair.ours, pair.theirs].entries())
        if ((await chips.in8(0x64)) & 1) bytes[index as 0 | 1].push((await chips.in8(0x60)).toString(16))
    }
    return [bytes[0].join(' '), bytes[1].join(' ')]
  }

  it.each([
    [
      'its RAM',
      [
        [0x64, 0x60],
        [0x60, 0x47],
        [0x64, 0x20],
      ],
    ],
    ['self-test', [[0x64, 0xaa]]],
    [
      'port tests',
      [
        [0x64, 0xab],
        [0x64, 0xa9],
      ],
    ],
    [
      'bytes put back',
      [
        [0x64, 0xd2],
        [0x60, 0x42],
        [0x64, 0xd3],
        [0x60, 0x43],
      ],
    ],
    ['an echo', [[0x60, 0xee]]],
    ['the id of the keyboard', [[0x60, 0xf2]]],
    [
      'scan code sets',
      [
        [0x60, 0xf0],
        [0x60, 0x00],
        [0x60, 0xf0],
        [0x60, 0x02],
      ],
    ],
    [
      'lights and rate',
      [
        [0x60, 0xed],
        [0x60, 0x02],
        [0x60, 0xf3],
        [0x60, 0x20],
      ],
    ],
    ['a reset of the keyboard', [[0x60, 0xff]]],
    [
      'enabling and defaults',
      [
        [0x60, 0xf5],
        [0x60, 0xf6],
        [0x60, 0xf4],
      ],
    ],
    [
      'a reset of the mouse',
      [
        [0x64, 0xd4],
        [0x60, 0xff],
      ],
    ],
    [
      'the id and status of the mouse',
      [
        [0x64, 0xd4],
        [0x60, 0xf2],
        [0x64, 0xd4],
        [0x60, 0xe9],
      ],
    ],
    [
      'rate and resolution',
      [0xf3, 80, 0xe8, 2, 0xe7, 0xe9, 0xe6, 0xe9].flatMap((byte) => [
        [0x64, 0xd4],
        [0x60, byte],
      ]),
    ],
    [
      'the knock for a wheel',
      [0xf3, 200, 0xf3, 100, 0xf3, 80, 0xf2].flatMap((byte) => [
        [0x64, 0xd4],
        [0x60, byte],
      ]),
    ],
    [
      'remote mode',
      [0xf0, 0xe9, 0xeb, 0xea].flatMap((byte) => [
        [0x64, 0xd4],
        [0x60, byte],
      ]),
    ],
  ] as [string, [number, number][]][])('answers alike: %s', async (_name, writes) => {
    let mine = ''
    let other = ''
    for (const [port, value] of writes) {
      await out(port, value)
      if (port === 0x64 && value === 0xd4) continue
      const [a, b] = await drain()
      mine += `${a}; `
      other += `${b}; `
    }
    expect(mine).toBe(other)
  })

  it('has the same registers of the serial port, alone and in loopback', async () => {
    const random = new Random(16_550)
    await out(0x3fc, 0x1b)
    await out(0x3fa, 0x07)
    for (let i = 0; i < 500; i++) {
      const what = `step ${i}`
      const kind = random.below(10)
      if (kind === 0) await out(0x3fb, random.below(128) & 0x3f)
      else if (kind === 1) await out(0x3ff, random.below(256))
      else if (kind === 2) {
        await out(0x3fc, 0x10 | random.below(16))
        await pair.expectSame(0x3fe, `${what}, modem status`, 0xf0) // QEMU has no deltas in loopback
      } else if (kind === 3) {
        await out(0x3f8, random.below(256))
        await pair.settle(MS)
        await pair.expectSame(0x3fd, `${what}, line status`)
        await pair.expectSame(0x3f8, `${what}, data`)
      } else await pair.expectSame(random.pick([0x3fb, 0x3fc, 0x3fd, 0x3ff]), what)
    }
  })
})
