/** Looks at a machine's lights: those of the keyboard, and which drives have moved bytes since the last look. */
import type { Lights } from '../../core/contract/events.ts'
import type { DriveSlot } from '../../core/contract/machine-spec.ts'
import type { VmThreadMessage } from '../../core/contract/vm-thread.ts'
import type { Machine } from '../../core/machine/machine.ts'

/** Faster than the eye would be of no use. */
const INTERVAL_MS = 100
const [SCROLL_LOCK, NUM_LOCK, CAPS_LOCK] = [1, 2, 4]

export class LightWatch {
  readonly #machine: Machine
  readonly #moved = new Map<DriveSlot, { readBytes: number; writtenBytes: number }>()
  #nextMs = 0
  #told = ''

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /** Tells the host what has changed. */
  tick(nowMs: number, post: (message: VmThreadMessage) => void): void {
    if (nowMs < this.#nextMs) return
    this.#nextMs = nowMs + INTERVAL_MS
    const lights = this.#look()
    const text = JSON.stringify(lights)
    if (text === this.#told) return
    this.#told = text
    post({ type: 'lights', lights })
  }

  #look(): Lights {
    const { keyboard, mouse } = this.#machine
    const leds = keyboard.leds()
    const reading: DriveSlot[] = []
    const writing: DriveSlot[] = []
    for (const { slot, readBytes, writtenBytes } of this.#machine.counters().drives) {
      const before = this.#moved.get(slot) ?? { readBytes: 0, writtenBytes: 0 }
      if (readBytes > before.readBytes) reading.push(slot)
      if (writtenBytes > before.writtenBytes) writing.push(slot)
      this.#moved.set(slot, { readBytes, writtenBytes })
    }
    return {
      capsLock: (leds & CAPS_LOCK) !== 0,
      numLock: (leds & NUM_LOCK) !== 0,
      scrollLock: (leds & SCROLL_LOCK) !== 0,
      mouse: mouse.listening(),
      reading,
      writing,
    }
  }
}
