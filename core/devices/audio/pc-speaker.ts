/**
 * The speaker circuit and the rest of port 61h (system control port B of the PC/AT): gate of timer channel 2, speaker data,
 * and the two bits that software measures time with, refresh and the channel's output. The circuit makes no samples; it tells
 * its listener what the cone does from an instant on. Source: IBM PC/AT Technical Reference, "System Board I/O Channel";
 * Intel 82371SB (PIIX3), NMI status and control register.
 */
import { parseWith, z } from '../../base/schema.ts'
import type { SpeakerTimer, TimerWave } from '../../bus/speaker-timer.ts'
import { TickScale } from '../../time/tick-scale.ts'
import { type Device, type DeviceContext, defineDevice, type StateRecord } from '../device.ts'

const PORT = 0x61
const BIT = { GATE: 0x01, DATA: 0x02, REFRESH: 0x10, OUTPUT: 0x20 } as const
const WRITABLE = 0x0f
/** Memory is refreshed every 18 ticks of the timer clock, 15.1 µs; each refresh toggles bit 4. */
const REFRESH_TICKS = 18

const options = z.strictObject({})

const stateSchema = z.strictObject({ control: z.int().min(0).max(WRITABLE) })

/** What the speaker does from `timeNs` of the virtual clock on. */
export interface SpeakerChange {
  readonly timeNs: number
  readonly wave: TimerWave
  /** Frequency of the tone, 0 when there is none (silence, or a program that moves the cone by itself). */
  readonly frequencyHz: number
}

const SILENCE: TimerWave = { kind: 'steady', high: false }
const DISCONNECTED: SpeakerTimer = {
  output: false,
  outputAt: () => false,
  setGate: () => {},
  wave: () => SILENCE,
  onWaveChange: () => {},
}

/** Port 61h. */
export class PcSpeaker implements Device {
  /** Called whenever the speaker begins to do something else. */
  onChange: (change: SpeakerChange) => void = () => {}
  readonly #context: DeviceContext
  readonly #scale = new TickScale(1_193_182)
  readonly #release: () => void
  #timer = DISCONNECTED
  #control = 0
  #wave = SILENCE

  constructor(context: DeviceContext) {
    this.#context = context
    this.#release = context.ports.register(PORT, 1, {
      read8: () => this.#read(),
      write8: (_port, value) => this.#write(value),
    })
  }

  /** Connects timer channel 2. */
  connect(timer: SpeakerTimer): void {
    this.#timer = timer
    timer.onWaveChange = () => this.#announce()
    timer.setGate((this.#control & BIT.GATE) !== 0)
  }

  reset(): void {
    this.#write(0)
  }

  save(): StateRecord {
    return { control: this.#control }
  }

  restore(record: StateRecord): void {
    // The gate is part of the timer's own record.
    this.#control = parseWith(stateSchema, record, 'State of the speaker', 'state/corrupt').control
    this.#announce()
  }

  dispose(): void {
    this.#release()
  }

  #read(): number {
    // Software polls this port in tight loops: the clock is looked at once.
    const ticks = this.#scale.ticksAt(this.#context.clock.nowNs())
    const refresh = ticks % (2 * REFRESH_TICKS) >= REFRESH_TICKS ? BIT.REFRESH : 0
    return this.#control | refresh | (this.#timer.outputAt(ticks) ? BIT.OUTPUT : 0)
  }

  #write(value: number): void {
    const changed = this.#control ^ value
    this.#control = value & WRITABLE
    if (changed & BIT.GATE) this.#timer.setGate((value & BIT.GATE) !== 0)
    this.#announce()
  }

  #announce(): void {
    const wave = this.#control & BIT.DATA ? this.#timer.wave() : SILENCE
    if (isSame(wave, this.#wave)) return
    this.#wave = wave
    const frequencyHz = wave.kind === 'square' ? 1e9 / wave.periodNs : 0
    this.onChange({ timeNs: this.#context.clock.nowNs(), wave, frequencyHz })
  }
}

function isSame(a: TimerWave, b: TimerWave): boolean {
  if (a.kind === 'steady') return b.kind === 'steady' && a.high === b.high
  if (a.kind === 'step') return b.kind === 'step' && a.high === b.high && a.atNs === b.atNs
  return b.kind === 'square' && a.startNs === b.startNs && a.periodNs === b.periodNs && a.highNs === b.highNs
}

export const pcSpeaker = defineDevice({
  id: 'pc-speaker',
  label: 'PC speaker',
  role: 'audio',
  version: 1,
  options,
  create: (context) => new PcSpeaker(context),
})
