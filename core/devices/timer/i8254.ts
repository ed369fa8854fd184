/**
 * The 8254 of a PC at ports 0x40 to 0x43: channel 0 makes IRQ0, channel 1 once timed memory refresh, channel 2 makes tones
 * and is gated by port 61h (devices/audio/pc-speaker.ts). What a channel does is in i8254-channel.ts.
 * Source: Intel 82C54 data sheet (231244), Intel 82371SB (PIIX3) 4.3.
 */
import { parseWith, z } from '../../base/schema.ts'
import type { InterruptLine } from '../../bus/interrupt-line.ts'
import type { SpeakerTimer, TimerWave } from '../../bus/speaker-timer.ts'
import { TickScale } from '../../time/tick-scale.ts'
import type { Timer } from '../../time/timer-queue.ts'
import { type Device, type DeviceContext, defineDevice, type StateRecord } from '../device.ts'
import { channelState, I8254Channel, type TickWave } from './i8254-channel.ts'

/** Frequency of the input clock of all channels: a twelfth of 14.318 MHz. */
const PIT_CLOCK_HZ = 1_193_182
/** Interrupts closer than this many ticks (10 µs) are merged: no guest can take more, and the host should not have to. */
const LEAST_RISE_TICKS = 12
const READ_BACK = 3

const options = z.strictObject({})

const stateSchema = z.strictObject({
  channels: z.array(channelState).length(3),
  irq: z.boolean(),
  deadlineNs: z.number().nullable(),
})

/** The machine's interval timer. */
export class I8254 implements Device {
  /** Channel 2, for the speaker circuit. */
  readonly speakerTimer: SpeakerTimer
  readonly #context: DeviceContext
  readonly #scale = new TickScale(PIT_CLOCK_HZ)
  /** Channels 0 and 1 have their gates tied high. */
  readonly #channels = [new I8254Channel(true), new I8254Channel(true), new I8254Channel(false)] as const
  readonly #irq: InterruptLine
  readonly #timer: Timer
  readonly #release: () => void
  #irqLevel = false

  constructor(context: DeviceContext) {
    this.#context = context
    this.#irq = context.irq(0)
    this.#timer = context.timers.create('i8254', (deadlineNs) => this.#fire(deadlineNs))
    this.#release = context.ports.register(0x40, 4, {
      read8: (port) => (port === 0x43 ? 0xff : this.#channels[port & 3].read(this.#now())),
      write8: (port, value) => (port === 0x43 ? this.#control(value) : this.#write(port & 3, value)),
    })
    this.speakerTimer = this.#createSpeakerTimer()
  }

  reset(): void {
    for (const channel of this.#channels) channel.reset()
    this.#timer.cancel()
    this.#drive(false)
    this.speakerTimer.onWaveChange()
  }

  save(): StateRecord {
    return {
      channels: this.#channels.map((channel) => channel.save()),
      irq: this.#irqLevel,
      deadlineNs: this.#timer.armed ? this.#timer.deadlineNs : null,
    }
  }

  restore(record: StateRecord): void {
    const { channels, irq, deadlineNs } = parseWith(stateSchema, record, 'State of the timer', 'state/corrupt')
    for (const [index, channel] of this.#channels.entries()) channel.restore(channels[index])
    this.#timer.cancel()
    if (deadlineNs !== null) this.#arm(deadlineNs)
    this.#drive(irq)
    this.speakerTimer.onWaveChange()
  }

  dispose(): void {
    this.#timer.cancel()
    this.#release()
  }

  #now(): number {
    return this.#scale.ticksAt(this.#context.clock.nowNs())
  }

  /** A write to port 43h: a control word, a latch command or a read-back command. */
  #control(value: number): void {
    const now = this.#now()
    const selected = value >> 6
    if (selected === READ_BACK) {
      for (const [index, channel] of this.#channels.entries()) {
        if (!(value & (2 << index))) continue
        if (!(value & 0x20)) channel.latchCount(now)
        if (!(value & 0x10)) channel.latchStatus(now)
      }
      return
    }
    const channel = this.#channels[selected]
    if ((value & 0x30) === 0) {
      channel.latchCount(now)
      return
    }
    const wasHigh = channel.output(now)
    channel.program(value, now)
    this.#touched(selected, wasHigh, now)
  }

  #write(index: number, value: number): void {
    const now = this.#now()
    const channel = this.#channels[index]
    const wasHigh = channel.output(now)
    channel.write(value, now)
    this.#touched(index, wasHigh, now)
  }

  /** What follows from a write: it may take OUT to another level at once, which is an edge like any other. */
  #touched(index: number, wasHigh: boolean, now: number): void {
    if (index === 2) this.speakerTimer.onWaveChange()
    if (index !== 0) return
    if (!this.#channels[0].output(now)) this.#drive(false)
    else if (!wasHigh) this.#pulse()
    this.#rearm(now)
  }

  #fire(deadlineNs: number): void {
    this.#pulse()
    // Rises that the host was too late for are lost to the guest, as they would be with interrupts disabled for that long.
    this.#rearm(Math.max(this.#scale.ticksAt(deadlineNs), this.#now()))
  }

  #rearm(after: number): void {
    const rise = this.#channels[0].nextRise(after, LEAST_RISE_TICKS)
    if (rise === Number.POSITIVE_INFINITY) this.#timer.cancel()
    else this.#arm(this.#scale.nsAt(rise))
  }

  #arm(deadlineNs: number): void {
    // One-shot modes: whoever programs each interrupt counts time by another clock. A missed period would be lost.
    const { mode } = this.#channels[0]
    this.#timer.patient = mode === 0 || mode === 4
    this.#timer.arm(deadlineNs)
  }

  /**
   * A rising edge of IRQ0. The wire stays high until shortly before the next one instead of following OUT down, so that a
   * tick waits for a guest that has interrupts disabled, even when the host was late by half a period.
   */
  #pulse(): void {
    this.#drive(false)
    this.#drive(true)
  }

  #drive(level: boolean): void {
    this.#irqLevel = level
    this.#irq.set(level)
  }

  #createSpeakerTimer(): SpeakerTimer {
    const channel = this.#channels[2]
    const now = () => this.#now()
    const toWave = (wave: TickWave) => this.#toWave(wave)
    return {
      get output() {
        return channel.output(now())
      },
      outputAt: (ticks) => channel.output(ticks),
      setGate(level) {
        channel.setGate(level, now())
        this.onWaveChange()
      },
      wave: () => toWave(channel.wave(now())),
      onWaveChange: () => {},
    }
  }

  #toWave(wave: TickWave): TimerWave {
    if (wave.kind === 'steady') return wave
    if (wave.kind === 'step') return { kind: 'step', high: wave.high, atNs: this.#scale.nsAt(wave.atTick) }
    const periodNs = (wave.period * 1e9) / PIT_CLOCK_HZ
    const startNs = this.#scale.nsAt(wave.startTick)
    return { kind: 'square', startNs, periodNs, highNs: (wave.highTicks * 1e9) / PIT_CLOCK_HZ }
  }
}

export const i8254 = defineDevice({
  id: 'i8254',
  label: 'Intel 8254 timer',
  role: 'timer',
  version: 1,
  options,
  create: (context) => new I8254(context),
})
