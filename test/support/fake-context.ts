/**
 * A machine without a processor for tests of single chips: real buses, memory, clock and timer queue, with wires that
 * remember what was done to them. Time moves only by `advance`.
 */
import type { DmaChannel, DmaService } from '../../core/bus/dma.ts'
import type { InterruptLine } from '../../core/bus/interrupt-line.ts'
import { SharedLine } from '../../core/bus/interrupt-line.ts'
import { PciBus } from '../../core/bus/pci-bus.ts'
import { PortBus, type PortHandler } from '../../core/bus/port-bus.ts'
import type { DeviceContext, LogSink, MachineAction } from '../../core/devices/device.ts'
import { AddressMap } from '../../core/memory/address-map.ts'
import { GuestMemory } from '../../core/memory/guest-memory.ts'
import { TimerQueue } from '../../core/time/timer-queue.ts'
import { ManualClock } from '../../core/time/virtual-clock.ts'

/** The far end of an interrupt wire: its level, and how often it rose. */
export class FakeWire implements InterruptLine {
  level = false
  rises = 0

  set(level: boolean): void {
    if (level && !this.level) this.rises++
    this.level = level
  }
}

/** A DMA channel that a test programs directly: `toDevice` is what the device reads, `fromDevice` collects what it writes. */
class FakeDmaChannel implements DmaChannel {
  ready = false
  /** Bytes left until terminal count. */
  remaining = 0
  toDevice: number[] = []
  readonly fromDevice: number[] = []

  /** Unmasks the channel for `length` bytes; `toDevice` are the bytes in memory for a device that reads. */
  program(length: number, toDevice: ArrayLike<number> = []): void {
    this.remaining = length
    this.toDevice = Array.from(toDevice)
    this.ready = length > 0
  }

  write(data: Uint8Array, offset: number, length: number): { moved: number; terminalCount: boolean } {
    const moved = this.#move(length)
    for (let i = 0; i < moved; i++) this.fromDevice.push(data[offset + i] ?? 0)
    return { moved, terminalCount: moved > 0 && this.remaining === 0 }
  }

  read(data: Uint8Array, offset: number, length: number): { moved: number; terminalCount: boolean } {
    const moved = this.#move(length)
    for (let i = 0; i < moved; i++) data[offset + i] = this.toDevice.shift() ?? 0
    return { moved, terminalCount: moved > 0 && this.remaining === 0 }
  }

  #move(length: number): number {
    if (!this.ready) return 0
    const moved = Math.min(length, this.remaining)
    this.remaining -= moved
    if (this.remaining === 0) this.ready = false
    return moved
  }
}

/** Eight scripted DMA channels. */
class FakeDma implements DmaService {
  readonly channels: readonly FakeDmaChannel[] = Array.from({ length: 8 }, () => new FakeDmaChannel())

  channel(number: number): FakeDmaChannel {
    const channel = this.channels[number]
    if (!channel) throw new RangeError(`There is no DMA channel ${number}`)
    return channel
  }
}

/** Keeps log lines for a test to look at. */
class FakeLog implements LogSink {
  readonly lines: string[] = []

  debug(message: string): void {
    this.lines.push(`debug: ${message}`)
  }

  info(message: string): void {
    this.lines.push(`info: ${message}`)
  }

  warn(message: string): void {
    this.lines.push(`warn: ${message}`)
  }
}

/** A port bus that knows which ports are claimed at the moment. */
class RecordingPortBus extends PortBus {
  readonly #ranges = new Set<{ first: number; count: number }>()

  override register(first: number, count: number, handler: PortHandler): () => void {
    const range = { first, count }
    this.#ranges.add(range)
    const release = super.register(first, count, handler)
    return () => {
      this.#ranges.delete(range)
      release()
    }
  }

  /** Every claimed port, in order of its claim. */
  claimed(): number[] {
    return [...this.#ranges].flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i))
  }
}

/** What `createFakeContext` can be told. Sizes are bytes, multiples of 64 KiB. */
export interface FakeContextOptions {
  readonly ramBytes?: number
  readonly vramBytes?: number
  readonly dma?: DmaService
}

/** A `DeviceContext` whose every part can be inspected. */
export class FakeContext implements DeviceContext {
  readonly clock = new ManualClock()
  readonly timers = new TimerQueue(this.clock)
  readonly ports = new RecordingPortBus()
  readonly memory: AddressMap
  readonly pci = new PciBus()
  readonly fakeDma = new FakeDma()
  readonly dma: DmaService
  readonly log = new FakeLog()
  /** The sixteen ISA interrupt wires, behind the sharing of their inputs. */
  readonly irqWires: readonly FakeWire[] = Array.from({ length: 16 }, () => new FakeWire())
  /** What devices asked of the machine, oldest first. */
  readonly actions: MachineAction[] = []
  readonly #irqs = this.irqWires.map((wire) => new SharedLine(wire))
  readonly #pciWires = new Map<string, { wire: FakeWire; line: SharedLine }>()

  constructor(options: FakeContextOptions = {}) {
    const ramBytes = options.ramBytes ?? 0x10_0000
    this.memory = new AddressMap(new GuestMemory(ramBytes, options.vramBytes ?? 0))
    this.memory.mapMemory(0, ramBytes, this.memory.memory.ramBase, true)
    this.memory.a20 = true
    this.dma = options.dma ?? this.fakeDma
    this.pci.attach(this.ports)
  }

  irq(line: number): InterruptLine {
    const shared = this.#irqs[line]
    if (!shared) throw new RangeError(`There is no interrupt line ${line}`)
    return shared.input()
  }

  pciInterrupt(device: number, pin: number): InterruptLine {
    return this.#pci(device, pin).line.input()
  }

  request(action: MachineAction): void {
    this.actions.push(action)
  }

  /** The wire behind interrupt pin `pin` (1 = INTA#) of PCI device `device`. */
  pciWire(device: number, pin: number): FakeWire {
    return this.#pci(device, pin).wire
  }

  /** Lets `ns` nanoseconds pass; every timer fires at its own deadline, in order. */
  advance(ns: number): void {
    this.advanceTo(this.clock.nowNs() + ns)
  }

  /** Lets time pass until the instant `ns`. */
  advanceTo(ns: number): void {
    for (let next = this.timers.nextDeadlineNs(); next <= ns; next = this.timers.nextDeadlineNs()) {
      this.clock.advanceTo(next)
      this.timers.poll()
    }
    this.clock.advanceTo(ns)
  }

  #pci(device: number, pin: number): { wire: FakeWire; line: SharedLine } {
    const key = `${device}:${pin}`
    let entry = this.#pciWires.get(key)
    if (!entry) {
      const wire = new FakeWire()
      entry = { wire, line: new SharedLine(wire) }
      this.#pciWires.set(key, entry)
    }
    return entry
  }
}

/** A fresh machine without a processor. 1 MiB of RAM at address 0 unless told otherwise. */
export function createFakeContext(options: FakeContextOptions = {}): FakeContext {
  return new FakeContext(options)
}
