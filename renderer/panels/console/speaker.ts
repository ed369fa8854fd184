/** The PC speaker: a square wave. Browsers allow sound only after the user has done something, so it begins then. */

/** Below hearing it is a click at most, above it is nothing; some guests set such values to be silent. */
const LOWEST_HZ = 20
const HIGHEST_HZ = 16_000
const VOLUME = 0.06
/** Short ramps, without which every change would click. */
const RAMP_SECONDS = 0.004

export function isAudible(frequencyHz: number): boolean {
  return frequencyHz >= LOWEST_HZ && frequencyHz <= HIGHEST_HZ
}

export class Speaker {
  #context: AudioContext | undefined
  #oscillator: OscillatorNode | undefined
  #gain: GainNode | undefined
  #frequencyHz = 0
  #muted: boolean

  constructor(muted: boolean) {
    this.#muted = muted
  }

  /** Called at every user gesture; the first one opens the sound. */
  unlock(): void {
    if (this.#muted) return
    if (!this.#context) this.#open()
    if (this.#context?.state === 'suspended') this.#context.resume().catch(() => {})
  }

  setMuted(muted: boolean): void {
    this.#muted = muted
    if (!muted) this.unlock()
    this.#apply()
  }

  /** 0 is silence. */
  tone(frequencyHz: number): void {
    this.#frequencyHz = frequencyHz
    this.#apply()
  }

  dispose(): void {
    void this.#context?.close()
    this.#context = undefined
    this.#oscillator = undefined
    this.#gain = undefined
  }

  #open(): void {
    this.#context = new AudioContext()
    this.#gain = new GainNode(this.#context, { gain: 0 })
    this.#oscillator = new OscillatorNode(this.#context, { type: 'square' })
    this.#oscillator.connect(this.#gain).connect(this.#context.destination)
    this.#oscillator.start()
    this.#apply()
  }

  #apply(): void {
    if (!this.#context || !this.#oscillator || !this.#gain) return
    const sounds = !this.#muted && isAudible(this.#frequencyHz)
    const now = this.#context.currentTime
    if (sounds) this.#oscillator.frequency.setValueAtTime(this.#frequencyHz, now)
    this.#gain.gain.setTargetAtTime(sounds ? VOLUME : 0, now, RAMP_SECONDS)
  }
}
