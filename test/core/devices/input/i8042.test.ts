import { beforeEach, describe, expect, it } from 'vitest'
import { type I8042, i8042 } from '../../../../core/devices/input/i8042.ts'
import { createFakeContext, type FakeContext } from '../../../support/fake-context.ts'

const MS = 1_000_000
let context: FakeContext
let controller: I8042

const data = (value: number) => context.ports.write8(0x60, value)
const command = (value: number, ...parameters: number[]) => {
  context.ports.write8(0x64, value)
  for (const parameter of parameters) data(parameter)
}
const status = () => context.ports.read8(0x64)
const read = () => context.ports.read8(0x60)
const irq = (line: number) => context.irqWires[line]

/** Every byte that arrives within the next 100 ms. */
function drain(): number[] {
  const bytes: number[] = []
  for (let i = 0; i < 200; i++) {
    if (status() & 1) bytes.push(read())
    else context.advance(MS / 2)
  }
  return bytes
}

function create(mouse = true): void {
  context = createFakeContext()
  controller = i8042.create(context, { mouse, fastMouse: true })
  command(0x60, 0x47) // both interrupts, system flag, translation
}

beforeEach(() => create())

describe('controller commands', () => {
  it('reads and writes all 32 bytes of its RAM', () => {
    for (let i = 1; i < 32; i++) command(0x60 + i, i ^ 0x15)
    for (let i = 1; i < 32; i++) {
      command(0x20 + i)
      expect(read()).toBe(i ^ 0x15)
    }
    command(0x20)
    expect(read()).toBe(0x47)
  })

  it('shows the system flag in the status only after self-test or command byte have set it', () => {
    controller.reset()
    expect(status()).toBe(0x10)
    command(0xaa)
    expect([status(), read()]).toEqual([0x1d, 0x55])
    command(0x60, 0x03)
    expect(status() & 0x04).toBe(0)
  })

  it('finds both ports in order', () => {
    command(0xab)
    expect(read()).toBe(0)
    command(0xa9)
    expect(read()).toBe(0)
  })

  it('has no password, and takes one without effect', () => {
    command(0xa4)
    expect(read()).toBe(0xf1)
    command(0xa5, 0x1e, 0x30, 0x00)
    command(0xa6)
    data(0xee)
    expect(drain()).toEqual([0xee])
  })

  it('disables and enables the ports by command byte and by command', () => {
    command(0xad)
    command(0xa7)
    command(0x20)
    expect(read()).toBe(0x77)
    command(0xae)
    command(0xa8)
    command(0x20)
    expect(read()).toBe(0x47)
  })

  it('reads its input port, whole or as half of the status', () => {
    command(0xc0)
    expect(read()).toBe(0xa4)
    command(0xc1)
    expect(status() & 0xf0).toBe(0x40)
    command(0xc2)
    expect(status() & 0xf0).toBe(0xa0)
    command(0xae)
    expect(status() & 0xf0).toBe(0x10)
  })

  it('puts a byte into the output buffer as if a device had sent it', () => {
    command(0xd2, 0x1e)
    expect([status() & 0x21, irq(1)?.level, irq(12)?.level, read()]).toEqual([0x01, true, false, 0x1e])
    command(0xd3, 0x2f)
    expect([status() & 0x21, irq(1)?.level, irq(12)?.level, read()]).toEqual([0x21, false, true, 0x2f])
  })

  it('tells in the status whether the last write was a command', () => {
    context.ports.write8(0x64, 0x60)
    expect(status() & 0x08).toBe(0x08)
    data(0x47)
    expect(status() & 0x08).toBe(0)
  })

  it('keeps few answers for a guest that never reads', () => {
    for (let i = 0; i < 100_000; i++) command(0x20)
    expect(drain().length).toBeLessThanOrEqual(17)
  })
})

describe('A20 gate and reset', () => {
  it('opens and closes the gate by the output port', () => {
    command(0xd1, 0xdd)
    expect(context.memory.a20).toBe(false)
    command(0xd0)
    expect(read() & 0x03).toBe(0x01)
    command(0xd1, 0xdf)
    expect(context.memory.a20).toBe(true)
    command(0xd0)
    expect(read() & 0x03).toBe(0x03)
  })

  it('opens and closes the same gate by port 92h and by commands DDh and DFh', () => {
    command(0xdd)
    expect([context.memory.a20, context.ports.read8(0x92)]).toEqual([false, 0])
    context.ports.write8(0x92, 2)
    expect([context.memory.a20, context.ports.read8(0x92)]).toEqual([true, 2])
    context.ports.write8(0x92, 0)
    expect(context.memory.a20).toBe(false)
    command(0xdf)
    expect(context.memory.a20).toBe(true)
  })

  it('resets the processor by pulse, by output port and by port 92h', () => {
    command(0xfe)
    command(0xd1, 0xde)
    context.ports.write8(0x92, 3)
    expect(context.actions).toEqual([{ kind: 'cpu-reset' }, { kind: 'cpu-reset' }, { kind: 'cpu-reset' }])
    command(0xff)
    command(0xf1)
    expect(context.actions.length).toBe(3)
  })

  it('comes back with gate open, ports enabled and translation on after a reset', () => {
    command(0x60, 0x30)
    command(0xd1, 0xdd)
    controller.reset()
    command(0x20)
    expect([read(), context.memory.a20]).toEqual([0x43, true])
  })
})

describe('output buffer', () => {
  it('takes a while for each byte of a device, and raises IRQ1 for each', () => {
    controller.keyboard.key('ArrowUp', true)
    expect(status() & 1).toBe(0)
    context.advance(MS)
    expect([status() & 0x21, irq(1)?.level]).toEqual([0x01, true])
    expect([read(), status() & 1, irq(1)?.level]).toEqual([0xe0, 0, false])
    expect(read()).toBe(0xe0) // an old handler that is chained to reads the same again
    context.advance(MS)
    expect([irq(1)?.rises, read()]).toEqual([2, 0x48])
  })

  it('asks for no interrupt that the command byte does not enable, and asks when it does', () => {
    command(0x60, 0x44)
    controller.keyboard.key('KeyA', true)
    context.advance(MS)
    expect([status() & 1, irq(1)?.level]).toEqual([1, false])
    command(0x60, 0x45)
    expect(irq(1)?.level).toBe(true)
  })

  it('leaves bytes with a disabled device until it is enabled', () => {
    command(0xad)
    controller.keyboard.key('KeyA', true)
    context.advance(10 * MS)
    expect(status() & 1).toBe(0)
    command(0xae)
    context.advance(MS)
    expect(read()).toBe(0x1e)
  })

  it('enables the keyboard with the next byte that is sent to it', () => {
    command(0xad)
    data(0xee)
    expect(drain()).toEqual([0xee])
    command(0x20)
    expect(read() & 0x10).toBe(0)
  })

  it('answers a command before what devices still have to send', () => {
    controller.keyboard.key('KeyA', true)
    controller.keyboard.key('KeyB', true)
    context.advance(MS)
    command(0x20)
    expect(drain().slice(0, 3)).toEqual([0x1e, 0x47, 0x30])
  })
})

describe('translation', () => {
  it('turns set 2 into set 1, with F0 as bit 7', () => {
    controller.keyboard.key('F7', true)
    controller.keyboard.key('F7', false)
    controller.keyboard.key('ControlRight', true)
    controller.keyboard.key('ControlRight', false)
    expect(drain()).toEqual([0x41, 0xc1, 0xe0, 0x1d, 0xe0, 0x9d])
  })

  it('passes answers of the keyboard, but for the second byte of its id', () => {
    data(0xf2)
    expect(drain()).toEqual([0xfa, 0xab, 0x41])
  })

  it('can be switched off', () => {
    command(0x60, 0x07)
    controller.keyboard.key('KeyA', true)
    controller.keyboard.key('KeyA', false)
    data(0xf2)
    expect(drain()).toEqual([0xfa, 0xab, 0x83, 0x1c, 0xf0, 0x1c])
  })
})

describe('auxiliary port', () => {
  it('sends to the mouse and marks its answers', () => {
    command(0xd4, 0xf2)
    context.advance(MS)
    expect([status() & 0x21, irq(12)?.level, read()]).toEqual([0x21, true, 0xfa])
    context.advance(MS)
    expect([read(), irq(12)?.level]).toEqual([0x00, false])
  })

  it('times out without a mouse', () => {
    create(false)
    command(0xa9)
    expect(read()).not.toBe(0)
    command(0xd4, 0xf2)
    expect([status() & 0x61, read()]).toEqual([0x61, 0xfe])
    expect(status() & 0x60).toBe(0)
  })

  it('sends nothing of the mouse before a guest has switched it on', () => {
    controller.mouse.move(5, 5)
    controller.mouse.setButtons(1)
    controller.mouse.setButtons(0)
    expect(drain()).toEqual([])
  })
})
