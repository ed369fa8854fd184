/**
 * One IDE cable with up to two drives: eight command block ports, the control port, and the interrupt (ATA/ATAPI-6, 5 and 7).
 * Both drives see every register that is written; the selected one answers. A drive that is alone answers for a second one
 * that is not there, with a status of zero (9.16.1); a cable without drives reads as zero, which software takes for empty.
 */
import type { InterruptLine } from '../../../bus/interrupt-line.ts'
import type { PortBus } from '../../../bus/port-bus.ts'
import type { TimerQueue } from '../../../time/timer-queue.ts'
import type { StateRecord } from '../../device.ts'
import type { AtaDisk } from './ata-disk.ts'
import type { BusMaster } from './bus-master.ts'
import type { CdDrive } from './cd-drive.ts'
import { DriveEngine, type DriveLink } from './drive-engine.ts'
import {
  COMMAND,
  CONTROL_HIGH_ORDER,
  CONTROL_NO_INTERRUPT,
  CONTROL_RESET,
  DEVICE_OBSOLETE,
  DEVICE_SELECT,
  REGISTER,
} from './registers.ts'

const COMMAND_PORTS = 8

/** Where a channel sits, and how fast its drives answer. */
export interface IdeChannelOptions {
  readonly name: string
  readonly commandPort: number
  readonly controlPort: number
  readonly delayNs: number
  /** Whether the bus master may access memory. */
  readonly mayMaster: () => boolean
}

/** A drive's place on the cable. */
interface Place {
  readonly engine: DriveEngine
  drive: AtaDisk | CdDrive | undefined
}

/** The cable. Unit 0 is the master. */
export class IdeChannel {
  readonly #options: IdeChannelOptions
  readonly #busMaster: BusMaster
  readonly #line: InterruptLine
  readonly #places: readonly [Place, Place]
  readonly #releases: readonly (() => void)[]
  #selected = 0
  #control = 0
  #level = false

  constructor(
    ports: PortBus,
    timers: TimerQueue,
    line: InterruptLine,
    busMaster: BusMaster,
    options: IdeChannelOptions,
  ) {
    this.#options = options
    this.#busMaster = busMaster
    this.#line = line
    const link = this.#link()
    this.#places = [
      { engine: new DriveEngine(link, timers, `${options.name} master`), drive: undefined },
      { engine: new DriveEngine(link, timers, `${options.name} slave`), drive: undefined },
    ]
    busMaster.onStart = () => this.kickDma()
    this.#releases = [this.#claimCommandPorts(ports), this.#claimControlPort(ports)]
  }

  engine(unit: number): DriveEngine {
    return this.#places[unit].engine
  }

  drive(unit: number): AtaDisk | CdDrive | undefined {
    return this.#places[unit].drive
  }

  /** Connects a drive; it is ready at once. */
  attach(unit: number, drive: AtaDisk | CdDrive): void {
    const place = this.#places[unit]
    place.drive = drive
    place.engine.connect(drive)
    place.engine.reset()
  }

  /** The bus master was started, or was given leave to access memory. */
  kickDma(): void {
    for (const { engine, drive } of this.#places) if (drive) engine.dmaStarted()
  }

  reset(): void {
    this.#selected = 0
    this.#control = 0
    for (const { engine, drive } of this.#places) {
      drive?.powerOn()
      if (drive) engine.reset()
    }
    this.#drive()
  }

  save(): StateRecord {
    return {
      selected: this.#selected,
      control: this.#control,
      drives: this.#places.map(({ engine, drive }) => (drive ? engine.save() : null)),
    }
  }

  restore(record: StateRecord): void {
    this.#selected = record['selected'] as number
    this.#control = record['control'] as number
    const drives = record['drives'] as readonly (StateRecord | null)[]
    this.#places.forEach(({ engine, drive }, unit) => {
      const saved = drives[unit]
      if (drive && saved) engine.restore(saved)
    })
    this.#level = this.#wanted()
    this.#line.set(this.#level)
  }

  dispose(): void {
    for (const release of this.#releases) release()
    for (const { engine } of this.#places) engine.dispose()
  }

  #claimCommandPorts(ports: PortBus): () => void {
    const base = this.#options.commandPort
    const read8 = (port: number): number => this.#read(port - base)
    const write8 = (port: number, value: number): void => this.#write(port - base, value)
    const data = (): DriveEngine | undefined => this.#active()
    return ports.register(base, COMMAND_PORTS, {
      read8,
      write8,
      read16: (port) => (port === base ? (data()?.readData() ?? 0) : read8(port) | (ports.read8(port + 1) << 8)),
      write16: (port, value) => {
        if (port === base) data()?.writeData(value)
        else {
          write8(port, value & 0xff)
          ports.write8(port + 1, value >>> 8)
        }
      },
      // Two words in one access, which drivers for PCI use; elsewhere it falls apart into bytes.
      read32: (port) => {
        if (port !== base) return ports.read16(port) | (ports.read16(port + 2) << 16)
        const low = data()?.readData() ?? 0
        return low | ((data()?.readData() ?? 0) << 16)
      },
      write32: (port, value) => {
        if (port !== base) {
          ports.write16(port, value & 0xffff)
          ports.write16(port + 2, value >>> 16)
          return
        }
        data()?.writeData(value & 0xffff)
        data()?.writeData(value >>> 16)
      },
    })
  }

  #claimControlPort(ports: PortBus): () => void {
    return ports.register(this.#options.controlPort, 1, {
      read8: () => this.#status(),
      write8: (_port, value) => this.#writeControl(value),
    })
  }

  /** The selected drive, if there is one. */
  #active(): DriveEngine | undefined {
    const place = this.#places[this.#selected]
    return place.drive && place.engine
  }

  #status(): number {
    return this.#active()?.status ?? 0
  }

  #read(register: number): number {
    if (register === REGISTER.status) {
      const status = this.#status()
      this.#active()?.lowerInterrupt()
      return status
    }
    const engine = this.#active() ?? (this.#places[0].drive ? this.#places[0].engine : undefined)
    if (!engine) return 0
    if (register === REGISTER.data) return engine.readData() & 0xff
    if (register === REGISTER.error) return engine.error
    if (register === REGISTER.device)
      return (engine.registers.get(register) & ~DEVICE_SELECT) | DEVICE_OBSOLETE | (this.#selected ? DEVICE_SELECT : 0)
    const highOrder = (this.#control & CONTROL_HIGH_ORDER) !== 0
    return highOrder ? engine.registers.getPrevious(register) : engine.registers.get(register)
  }

  #write(register: number, value: number): void {
    this.#control &= ~CONTROL_HIGH_ORDER
    if (register === REGISTER.data) {
      this.#active()?.writeData(value)
      return
    }
    if (register === REGISTER.status) {
      this.#command(value)
      return
    }
    for (const { engine } of this.#places) if (!engine.busy) engine.registers.write(register, value)
    if (register !== REGISTER.device) return
    this.#selected = value & DEVICE_SELECT ? 1 : 0
    this.#drive()
  }

  #command(command: number): void {
    const engine = this.#active()
    if (!engine) return
    if (command === COMMAND.executeDiagnostic) this.#diagnose()
    else if (command === COMMAND.deviceReset && this.#places[this.#selected].drive?.kind === 'cdrom')
      engine.deviceReset()
    else if (!engine.busy && !engine.requesting) engine.execute(command)
  }

  #diagnose(): void {
    this.#selected = 0
    const first = this.#places.findIndex(({ drive }) => drive !== undefined)
    this.#places.forEach(({ engine, drive }, unit) => {
      if (drive) engine.diagnose(unit === first)
    })
  }

  #writeControl(value: number): void {
    const before = this.#control
    this.#control = value & (CONTROL_HIGH_ORDER | CONTROL_RESET | CONTROL_NO_INTERRUPT)
    const changed = before ^ value
    for (const { engine, drive } of this.#places) {
      if (!drive || !(changed & CONTROL_RESET)) continue
      if (value & CONTROL_RESET) engine.holdReset()
      else engine.releaseReset()
    }
    if (value & CONTROL_RESET) this.#selected = 0
    this.#drive()
  }

  #wanted(): boolean {
    return (this.#active()?.interrupt ?? false) && !(this.#control & CONTROL_NO_INTERRUPT)
  }

  /** Drives the interrupt line; the bus master remembers that it rose. */
  #drive(): void {
    const level = this.#wanted()
    if (level && !this.#level) this.#busMaster.interrupt()
    this.#level = level
    this.#line.set(level)
  }

  #link(): DriveLink {
    const busMaster = this.#busMaster
    const { delayNs, mayMaster } = this.#options
    return {
      delayNs,
      get dmaActive() {
        return busMaster.active && mayMaster()
      },
      dmaToMemory: (data, offset, length) => busMaster.toMemory(data, offset, length),
      dmaFromMemory: (data, offset, length) => busMaster.fromMemory(data, offset, length),
      interruptChanged: () => this.#drive(),
    }
  }
}
