import { describe, expect, test } from 'vitest'
import type { Machine } from '../../../core/machine/machine.ts'
import { InputQueue } from '../../../worker/vm/input-queue.ts'

const MS = 1_000_000
const S = 1000 * MS

/** A guest that reads when the test says so, and remembers what came. */
function createGuest() {
  const got: string[] = []
  const unread = { keys: 0, mouse: 0 }
  const machine = {
    keyboard: {
      key(code: string, down: boolean) {
        got.push(`${code}${down ? '+' : '-'}`)
        unread.keys++
      },
      pending: () => unread.keys,
    },
    mouse: {
      move(dx: number, dy: number) {
        got.push(`${dx},${dy}`)
        unread.mouse++
      },
      button(button: string, down: boolean) {
        got.push(`${button}${down ? '+' : '-'}`)
        unread.mouse++
      },
      wheel(detents: number) {
        got.push(`wheel ${detents}`)
        unread.mouse++
      },
      pending: () => unread.mouse,
    },
    display: { mode: () => ({ widthPx: 64, heightPx: 40, aspectWidth: 4, aspectHeight: 3 }) },
  } as unknown as Machine
  const read = () => {
    unread.keys = 0
    unread.mouse = 0
  }
  return { queue: new InputQueue(machine), got, read, take: () => got.splice(0) }
}

describe('input', () => {
  test('of a person goes in at once', () => {
    const { queue, take } = createGuest()
    queue.keys([
      { code: 'KeyA', down: true },
      { code: 'KeyA', down: false },
    ])
    queue.mouse([
      { kind: 'move', dx: 1, dy: 2 },
      { kind: 'move', dx: 3, dy: 4 },
      { kind: 'button', button: 'left', down: true },
    ])
    queue.feed(0)
    // The button waits until the movements have been read.
    expect(take()).toEqual(['KeyA+', 'KeyA-', '1,2', '3,4'])
    expect(queue.waiting).toBe(true)
  })

  test('that is typed waits for the guest and for its own pace', () => {
    const { queue, take, read } = createGuest()
    const typed: boolean[] = []
    queue.type('aB', (done) => typed.push(done))
    queue.feed(0)
    expect(take()).toEqual(['KeyA+'])
    queue.feed(100 * MS)
    expect(take()).toEqual([])
    read()
    queue.feed(100 * MS)
    expect(take()).toEqual(['KeyA-'])
    read()
    queue.feed(101 * MS)
    expect(take()).toEqual([])
    for (let ms = 120; ms < 400; ms += 20) {
      read()
      queue.feed(ms * MS)
    }
    expect(take()).toEqual(['ShiftLeft+', 'KeyB+', 'KeyB-', 'ShiftLeft-'])
    expect(typed).toEqual([true])
    expect(queue.waiting).toBe(false)
  })

  test('that is typed with AltGr holds it around the key', () => {
    const { queue, take, read } = createGuest()
    queue.type('@', () => {}, { layout: 'de' })
    for (let ms = 0; ms < 200; ms += 20) {
      queue.feed(ms * MS)
      read()
    }
    expect(take()).toEqual(['AltRight+', 'KeyQ+', 'KeyQ-', 'AltRight-'])
  })

  test('drives the mouse into the corner, then to the place in steps that no driver accelerates', () => {
    const { queue, take, read } = createGuest()
    let done = 0
    queue.mouse([
      { kind: 'position', x: 10, y: 3 },
      { kind: 'button', button: 'left', down: true },
    ])
    queue.whenRead(() => done++)
    for (let i = 0; i < 20; i++) {
      queue.feed(i)
      read()
    }
    expect(take()).toEqual(['-127,-127', '-127,-127', '4,3', '4,0', '2,0', 'left+'])
    expect(done).toBe(1)
  })

  test('is given up when the guest reads nothing for ten seconds, or is reset', () => {
    const { queue, take } = createGuest()
    const typed: boolean[] = []
    let done = 0
    queue.type('ab', (read) => typed.push(read))
    queue.whenRead(() => done++)
    queue.feed(0)
    queue.feed(9 * S)
    expect([typed, done, queue.waiting]).toEqual([[], 0, true])
    queue.feed(11 * S)
    expect([typed, done, queue.waiting]).toEqual([[false], 1, false])
    queue.type('c', (read) => typed.push(read))
    queue.clear()
    expect(typed).toEqual([false, false])
    expect(take()).toEqual(['KeyA+'])
  })
})
