/** The PC speaker's square wave as samples. */
import { isAudible } from './speaker.ts'

const VOLUME = 0.12

export class TonePcm {
  frequencyHz = 0
  readonly #sampleRate: number
  /** Where the wave is, in periods. */
  #phase = 0

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate
  }

  /** The next `count` samples. */
  next(count: number): Float32Array<ArrayBuffer> {
    const samples = new Float32Array(count)
    if (!isAudible(this.frequencyHz)) return samples
    const step = this.frequencyHz / this.#sampleRate
    for (let index = 0; index < count; index++) {
      samples[index] = this.#phase < 0.5 ? VOLUME : -VOLUME
      this.#phase = (this.#phase + step) % 1
    }
    return samples
  }
}
