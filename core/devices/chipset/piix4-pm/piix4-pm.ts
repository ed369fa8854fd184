/**
 * Power management function of the PIIX4 (82371AB, function 3): the ACPI fixed registers behind PMBASE, the power management
 * timer, the system control interrupt on IRQ 9, the SMI command port and the SMBus host.
 * Source: Intel 82371AB data sheet (290562-001), chapter 7; ACPI 1.0b, 4.7. Unsupported: system management mode (a write to the
 * SMI command port only switches between legacy and ACPI mode), power states that keep memory (the machine wakes at once), idle
 * timers and traps.
 */
import { z } from '../../../base/schema.ts'
import type { InterruptLine } from '../../../bus/interrupt-line.ts'
import {
  COMMAND_IO,
  PCI,
  PciConfig,
  type PciConfigState,
  portWindow,
  type RangeListener,
} from '../../../bus/pci-config.ts'
import type { Timer } from '../../../time/timer-queue.ts'
import { type Device, type DeviceContext, defineDevice, type StateRecord } from '../../device.ts'
import { HotplugPorts } from './hotplug-ports.ts'
import { PmTimer } from './pm-timer.ts'
import { SmbusHost, type SmbusHostState } from './smbus-host.ts'

/** Configuration registers (7.1). */
const PMBASE = 0x40
const DEVACTB = 0x58
const PMREGMISC = 0x80
const SMBBA = 0x90
const SMBHSTCFG = 0xd2

/** Registers behind PMBASE (7.2): 64 ports. */
const PM_PORTS = 64
const PMSTS = 0x00
const PMEN = 0x02
const PMCNTRL = 0x04
const PMTMR = 0x08
const GPSTS = 0x0c
const GPEN = 0x0e

const TIMER_OVERFLOW = 0x0001
const POWER_BUTTON = 0x0100
const WAKE = 0x8000
/** Timer, global release, power button, clock alarm. */
const SCI_EVENTS = 0x0521
const SCI_ENABLE = 0x0001
const SLEEP_TYPE_SHIFT = 10
const SLEEP_TYPE_MASK = 7
const SLEEP_ENABLE = 0x2000
/** Sleep types of the customary ACPI tables: soft off; suspend to disk ends in the same. */
const SLEEP_OFF = 0
const SLEEP_DISK = 2

/** SMI command and status ports, and the commands that the ACPI tables of PC firmware name. */
const APMC = 0xb2
const ACPI_ENABLE = 0xf1
const ACPI_DISABLE = 0xf0

/** Which bits software can write, by byte; registers that need more than storing are handled one by one. */
const WRITABLE = new Uint8Array(PM_PORTS)
WRITABLE.set([0x21, 0x05, 0x03, 0x1c], PMEN)
WRITABLE.set([0x01, 0x0f], GPEN)
WRITABLE.set([0xfe, 0x3e, 0x02], 0x10) // processor control
WRITABLE.set([0xff, 0x8f], 0x20) // global enable
WRITABLE.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 0x28) // global control, device control
WRITABLE.set([0xff, 0xff, 0xff, 0xff], 0x34) // general purpose outputs

const options = z.strictObject({
  sciIrq: z.literal([9, 10, 11]).default(9).meta({
    title: 'ACPI interrupt',
    description: 'Interrupt line of ACPI events. The tables of every known firmware expect 9.',
  }),
})
/** What can be set of the power management function. */
export type Piix4PmOptions = z.infer<typeof options>

/** Device 1, function 3. */
export class Piix4Pm implements Device {
  readonly #context: DeviceContext
  readonly #config = new PciConfig({
    vendorId: 0x8086,
    deviceId: 0x7113,
    classCode: 0x06_8000,
    revision: 3,
    interruptPin: 1,
    subsystemVendorId: 0x1af4,
    subsystemId: 0x1100,
  })
  readonly #registers = new Uint8Array(PM_PORTS)
  readonly #view = new DataView(this.#registers.buffer)
  readonly #pmTimer: PmTimer
  readonly #overflow: Timer
  readonly #sci: InterruptLine
  readonly #smbus: SmbusHost
  readonly #hotplug: HotplugPorts
  readonly #movePm: RangeListener
  readonly #moveSmbus: RangeListener
  readonly #releaseApm: () => void
  /** Command and status of the SMI port. */
  readonly #apm = new Uint8Array(2)
  /** The timer's epoch when its overflow was last looked at. */
  #epoch = 0

  constructor(context: DeviceContext, settings: Piix4PmOptions) {
    this.#context = context
    this.#pmTimer = new PmTimer(context.clock)
    this.#overflow = context.timers.create('pm-timer overflow', () => this.#update())
    this.#sci = context.irq(settings.sciIrq)
    this.#smbus = new SmbusHost(context.timers, context.irq(settings.sciIrq))
    defineRegisters(this.#config)
    this.#hotplug = new HotplugPorts(context.ports)
    this.#config.onWrite = () => this.#place()
    this.#movePm = distinct(
      portWindow(context.ports, PM_PORTS, {
        read8: (port) => this.#read8(port & (PM_PORTS - 1)),
        write8: (port, value) => this.#write8(port & (PM_PORTS - 1), value),
        read32: (port) => this.#read32(port & (PM_PORTS - 1)),
      }),
    )
    this.#moveSmbus = distinct(portWindow(context.ports, 16, this.#smbus))
    this.#releaseApm = context.ports.register(APMC, 2, {
      read8: (port) => this.#apm[port - APMC],
      write8: (port, value) => this.#writeApm(port - APMC, value),
    })
    context.pci.add(1, 3, this.#config)
    this.reset()
  }

  /** Whether the guest would be told of the power button: an operating system with ACPI is running. */
  get acceptsPowerButton(): boolean {
    return (this.#get(PMCNTRL) & SCI_ENABLE) !== 0 && (this.#get(PMEN) & POWER_BUTTON) !== 0
  }

  /** A short press of the power button. */
  pressPowerButton(): void {
    this.#put(PMSTS, this.#get(PMSTS) | POWER_BUTTON)
    this.#update()
  }

  reset(): void {
    this.#config.reset()
    this.#registers.fill(0)
    this.#apm.fill(0)
    this.#smbus.reset()
    this.#hotplug.enabled.fill(0)
    this.#epoch = this.#pmTimer.epoch
    this.#place()
    this.#update()
  }

  save(): StateRecord {
    // An overflow that nobody has looked at yet is in the register, as it will be after the restore.
    this.#update()
    return {
      config: this.#config.save(),
      registers: this.#registers.slice(),
      apm: this.#apm.slice(),
      epoch: this.#epoch,
      smbus: this.#smbus.save(),
      hotplug: this.#hotplug.enabled.slice(),
    }
  }

  restore(record: StateRecord): void {
    this.#config.restore(record['config'] as PciConfigState)
    this.#registers.set(record['registers'] as Uint8Array)
    this.#apm.set(record['apm'] as Uint8Array)
    this.#epoch = record['epoch'] as number
    this.#smbus.restore(record['smbus'] as SmbusHostState)
    this.#hotplug.enabled.set(record['hotplug'] as Uint8Array)
    this.#place()
    this.#update()
  }

  dispose(): void {
    this.#movePm(undefined)
    this.#moveSmbus(undefined)
    this.#releaseApm()
    this.#hotplug.release()
  }

  #get(register: number): number {
    return this.#view.getUint16(register, true)
  }

  #put(register: number, value: number): void {
    this.#view.setUint16(register, value, true)
  }

  /** Puts both port ranges where the configuration says. */
  #place(): void {
    const config = this.#config
    const pm = config.read(PMBASE, 2) & 0xffc0
    this.#movePm(config.read(PMREGMISC, 1) & 1 && pm !== 0 ? pm : undefined)
    const smbus = config.read(SMBBA, 2) & 0xfff0
    const open = config.command & COMMAND_IO && config.read(SMBHSTCFG, 1) & 1
    this.#moveSmbus(open && smbus !== 0 ? smbus : undefined)
  }

  #read8(register: number): number {
    if (register <= PMSTS + 1) this.#update()
    if (register >= PMTMR && register < PMTMR + 4) return (this.#pmTimer.value >>> (8 * (register - PMTMR))) & 0xff
    return this.#registers[register]
  }

  /** The timer must be read in one piece; everything else is bytes. */
  #read32(register: number): number {
    if (register === PMTMR) return this.#pmTimer.value
    let value = 0
    for (let i = 3; i >= 0; i--) value = (value << 8) | this.#read8((register + i) & (PM_PORTS - 1))
    return value >>> 0
  }

  #write8(register: number, value: number): void {
    const clears = register <= PMSTS + 1 || register === GPSTS || register === GPSTS + 1
    if (clears) {
      this.#update()
      this.#registers[register] &= ~value
    } else {
      const mask = WRITABLE[register]
      this.#registers[register] = (this.#registers[register] & ~mask) | (value & mask)
      // The enable bit starts the transition and reads as zero, so only its write counts.
      if (register === PMCNTRL + 1 && value & (SLEEP_ENABLE >>> 8)) this.#sleep()
    }
    this.#update()
  }

  #sleep(): void {
    const type = (this.#get(PMCNTRL) >>> SLEEP_TYPE_SHIFT) & SLEEP_TYPE_MASK
    if (type === SLEEP_OFF || type === SLEEP_DISK) this.#context.request({ kind: 'power-off' })
    else this.#put(PMSTS, this.#get(PMSTS) | WAKE)
  }

  /** Without system management mode the firmware's part is done here: it hands the registers to ACPI and takes them back. */
  #writeApm(register: number, value: number): void {
    this.#apm[register] = value
    if (register !== 0) return
    const control = this.#get(PMCNTRL)
    if (value === ACPI_ENABLE) this.#put(PMCNTRL, control | SCI_ENABLE)
    else if (value === ACPI_DISABLE) this.#put(PMCNTRL, control & ~SCI_ENABLE)
    this.#update()
  }

  /** Brings the overflow status up to date, drives the interrupt, and arms the timer if an overflow would interrupt. */
  #update(): void {
    const epoch = this.#pmTimer.epoch
    if (epoch !== this.#epoch) {
      this.#epoch = epoch
      this.#put(PMSTS, this.#get(PMSTS) | TIMER_OVERFLOW)
    }
    const [status, enable] = [this.#get(PMSTS), this.#get(PMEN)]
    const event = (status & enable & SCI_EVENTS) !== 0 || (this.#get(GPSTS) & this.#get(GPEN)) !== 0
    this.#sci.set(event && (this.#get(PMCNTRL) & SCI_ENABLE) !== 0)
    if (enable & TIMER_OVERFLOW && !(status & TIMER_OVERFLOW)) this.#overflow.arm(this.#pmTimer.nextEpochNs())
    else this.#overflow.cancel()
  }
}

/** Passes on only changes, because any write to configuration space asks where the ranges are. */
function distinct(listener: RangeListener): RangeListener {
  let last: number | undefined
  return (base) => {
    if (base === last) return
    last = base
    listener(base)
  }
}

function defineRegisters(config: PciConfig): void {
  config.define(PCI.command, 2, 0, { writable: 0x0001 })
  config.define(0x06, 2, 0x0280, { clearable: 0xf900 })
  config.define(0x0c, 2, 0)
  config.define(PMBASE, 4, 1, { writable: 0xffc0 })
  for (let offset = 0x44; offset < DEVACTB; offset += 4) config.define(offset, 4, 0, { writable: 0xffff_ffff })
  // Bit 25 set says to firmware that SMIs from the command port are set up already, so that it does not wait for one.
  config.define(DEVACTB, 4, 0x0200_0000, { writable: 0x0300_0000 })
  for (let offset = 0x5c; offset < PMREGMISC; offset += 4) config.define(offset, 4, 0, { writable: 0xffff_ffff })
  config.define(PMREGMISC, 1, 0, { writable: 0x01 })
  config.define(SMBBA, 4, 1, { writable: 0xfff0 })
  config.define(SMBHSTCFG, 4, 0, { writable: 0x00ff_ff0f })
  config.define(0xd6, 1, 0)
}

export const piix4Pm = defineDevice({
  id: 'piix4-pm',
  label: 'Intel PIIX4 power management',
  role: 'chipset',
  version: 1,
  options,
  create: (context, settings) => new Piix4Pm(context, settings),
})
