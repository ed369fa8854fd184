import { describe, expect, test } from 'vitest'
import {
  CONTROL_BYTES,
  FRAME_INTERVAL_MS,
  FRAME_TAKEN,
  type VmThreadMessage,
} from '../../../core/contract/vm-thread.ts'
import type { MachineDisplay } from '../../../core/machine/machine.ts'
import { FramePublisher } from '../../../worker/vm/frame-publisher.ts'

function createPublisher() {
  const screen = { widthPx: 4, heightPx: 2, aspectWidth: 4, aspectHeight: 3 }
  const state = { changed: true, renders: 0 }
  const display: MachineDisplay = {
    mode: () => ({ ...screen }),
    render(pixels, force) {
      state.renders++
      if (!state.changed && !force) return false
      state.changed = false
      pixels.fill(state.renders, 0, screen.widthPx * screen.heightPx)
      return true
    },
    text: () => ({ mode: 'graphics', columns: 0, rows: 0, lines: [], cursor: null }),
  }
  const control = new Int32Array(new SharedArrayBuffer(CONTROL_BYTES))
  const messages: VmThreadMessage[] = []
  const publisher = new FramePublisher(display, control, (message) => messages.push(message))
  const types = () => messages.splice(0).map(({ type }) => type)
  const take = () => Atomics.store(control, FRAME_TAKEN, Atomics.load(control, 2))
  return { screen, state, control, messages, publisher, types, take }
}

describe('pictures', () => {
  test('are drawn when they are wanted, at their interval, after the last was taken, when they changed', () => {
    const { state, control, publisher, types, take } = createPublisher()
    publisher.tick(0)
    expect(state.renders).toBe(0)
    Atomics.store(control, FRAME_INTERVAL_MS, 10)
    expect(publisher.wanted).toBe(true)
    publisher.tick(100)
    expect(types()).toEqual(['frame-buffer', 'frame'])
    state.changed = true
    publisher.tick(200)
    expect(types()).toEqual([])
    take()
    publisher.tick(105)
    expect(types()).toEqual([])
    publisher.tick(201)
    expect(types()).toEqual(['frame'])
    take()
    publisher.tick(300)
    expect(types()).toEqual([])
    expect(state.renders).toBe(3)
  })

  test('get a larger buffer when the mode needs one, and are drawn whole in any new mode', () => {
    const { screen, control, messages, publisher, types, take } = createPublisher()
    Atomics.store(control, FRAME_INTERVAL_MS, 1)
    publisher.tick(0)
    take()
    types()
    screen.widthPx = 8
    publisher.tick(10)
    expect(messages.map(({ type }) => type)).toEqual(['frame-buffer', 'frame'])
    expect(messages[1]).toMatchObject({ sequence: 2, mode: { widthPx: 8, heightPx: 2 } })
    take()
    types()
    screen.widthPx = 4
    publisher.tick(20)
    expect(types()).toEqual(['frame'])
  })

  test('can be drawn at once, changed or not', () => {
    const { publisher, types, take } = createPublisher()
    publisher.drawNow()
    take()
    publisher.drawNow()
    expect(types()).toEqual(['frame-buffer', 'frame', 'frame'])
  })
})
