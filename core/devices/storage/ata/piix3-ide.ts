/**
 * The IDE function of the PIIX3 (82371SB, function 1): two channels at their customary ports and interrupts, with bus masters.
 * The ports answer whatever the timing registers say, so that software which knows no PCI finds its drives without help.
 * Source: Intel 82371SB data sheet (290550-002), 2.2 and 2.7.
 */
import type { AppError } from '../../../base/errors.ts'
import { z } from '../../../base/schema.ts'
import { COMMAND_IO, COMMAND_MASTER, PCI, PciConfig, type PciConfigState, portWindow } from '../../../bus/pci-config.ts'
import type { BlockDevice } from '../../../disk/block-device.ts'
import { type Device, type DeviceContext, defineDevice, type StateRecord } from '../../device.ts'
import { AtaDisk } from './ata-disk.ts'
import { BusMaster, type BusMasterState } from './bus-master.ts'
import { CdDrive } from './cd-drive.ts'
import { IdeChannel } from './ide-channel.ts'
import type { DriveIdentity } from './identify.ts'

const BUS_MASTER_PORTS = 16
const CHANNELS = [
  { name: 'ide0', commandPort: 0x1f0, controlPort: 0x3f6, irq: 14 },
  { name: 'ide1', commandPort: 0x170, controlPort: 0x376, irq: 15 },
] as const

const options = z.strictObject({
  irqDelayNs: z.int().min(1000).max(10_000_000).default(25_000).meta({
    title: 'Interrupt delay',
    description: 'Nanoseconds from a command to its completion. Some old systems need 1 to 5 milliseconds.',
  }),
})
/** What can be set of the controller. */
export type Piix3IdeOptions = z.infer<typeof options>

/** A place for a drive: channel 0 or 1, unit 0 (master) or 1 (slave). */
export type IdeSlot = readonly [channel: 0 | 1, unit: 0 | 1]

/** Device 1, function 1. Drives are attached once, before power-on; discs come and go. */
export class Piix3Ide implements Device {
  /** A medium could not be read or written on the host; the guest saw a drive error. */
  onHostError: (slot: IdeSlot, error: AppError) => void = () => {}
  /** The guest opened the tray of a CD drive. */
  onTrayOpened: (slot: IdeSlot) => void = () => {}
  readonly #context: DeviceContext
  readonly #config = new PciConfig({
    vendorId: 0x8086,
    deviceId: 0x7010,
    classCode: 0x01_0180,
    subsystemVendorId: 0x1af4,
    subsystemId: 0x1100,
  })
  readonly #busMasters: readonly [BusMaster, BusMaster]
  readonly #channels: readonly IdeChannel[]

  constructor(context: DeviceContext, settings: Piix3IdeOptions) {
    this.#context = context
    const config = this.#config
    this.#busMasters = [new BusMaster(context.memory), new BusMaster(context.memory)]
    this.#channels = CHANNELS.map(
      ({ irq, ...place }, i) =>
        new IdeChannel(context.ports, context.timers, context.irq(irq), this.#busMasters[i], {
          ...place,
          delayNs: settings.irqDelayNs,
          mayMaster: () => config.busMaster,
        }),
    )
    config.define(PCI.command, 2, 0, { writable: COMMAND_IO | COMMAND_MASTER })
    config.define(PCI.status, 2, 0x0280, { clearable: 0x3800 })
    config.define(PCI.cacheLineSize, 2, 0, { writable: 0xf000 })
    config.define(PCI.interruptLine, 1, 0)
    config.define(0x40, 4, 0, { writable: 0xffff_ffff }) // timing of both channels
    config.define(0x44, 1, 0, { writable: 0xff }) // timing of slaves
    config.addIoBar(4, BUS_MASTER_PORTS, portWindow(context.ports, BUS_MASTER_PORTS, this.#busMasterPorts()))
    config.onWrite = (offset, size) => {
      if (offset <= PCI.command && offset + size > PCI.command) for (const channel of this.#channels) channel.kickDma()
    }
    context.pci.add(1, 1, config)
  }

  /** Puts a hard disk on a channel. `disk` stays the caller's to close. */
  attachDisk(slot: IdeSlot, disk: BlockDevice, identity: Partial<DriveIdentity> = {}): void {
    const [channel, unit] = slot
    const engine = this.#channels[channel].engine(unit)
    const drive = new AtaDisk(engine, disk, {
      identity: {
        model: 'VITRINE HARD DISK',
        serial: `VT0000000${1 + 2 * channel + unit}`,
        firmware: '1.0',
        ...identity,
      },
      slave: unit === 1,
      onHostError: (error) => this.#hostError(slot, error),
    })
    this.#channels[channel].attach(unit, drive)
  }

  /** Puts a CD drive on a channel; it is empty. */
  attachCdDrive(slot: IdeSlot, identity: Partial<DriveIdentity> = {}): void {
    const [channel, unit] = slot
    const engine = this.#channels[channel].engine(unit)
    const drive = new CdDrive(engine, {
      identity: { model: 'VITRINE CD-ROM', serial: `VT0000000${1 + 2 * channel + unit}`, firmware: '1.0', ...identity },
      onHostError: (error) => this.#hostError(slot, error),
      onTrayOpened: () => this.onTrayOpened(slot),
    })
    this.#channels[channel].attach(unit, drive)
  }

  /** Puts a disc (sectors of 2048 bytes) into the CD drive at `slot`, or takes it out. False when no CD drive is there. */
  insert(slot: IdeSlot, disc: BlockDevice | undefined): boolean {
    const drive = this.#channels[slot[0]].drive(slot[1])
    if (drive?.kind !== 'cdrom') return false
    drive.insert(disc)
    return true
  }

  reset(): void {
    this.#config.reset()
    for (const busMaster of this.#busMasters) busMaster.reset()
    for (const channel of this.#channels) channel.reset()
  }

  save(): StateRecord {
    return {
      config: this.#config.save(),
      busMasters: this.#busMasters.map((busMaster) => busMaster.save()),
      channels: this.#channels.map((channel) => channel.save()),
    }
  }

  restore(record: StateRecord): void {
    this.#config.restore(record['config'] as PciConfigState)
    const busMasters = record['busMasters'] as readonly BusMasterState[]
    const channels = record['channels'] as readonly StateRecord[]
    this.#channels.forEach((channel, i) => {
      channel.restore(channels[i])
      this.#busMasters[i].restore(busMasters[i])
    })
  }

  dispose(): void {
    this.#config.dispose()
    for (const channel of this.#channels) channel.dispose()
  }

  #hostError(slot: IdeSlot, error: AppError): void {
    this.#context.log.warn(`ide${slot[0]} unit ${slot[1]}: ${error.message}`)
    this.onHostError(slot, error)
  }

  /** Eight ports a channel. */
  #busMasterPorts() {
    const of = (port: number): BusMaster => this.#busMasters[(port >>> 3) & 1]
    return {
      read8: (port: number) => of(port).read8(port & 7),
      write8: (port: number, value: number) => of(port).write8(port & 7, value),
    }
  }
}

export const piix3Ide = defineDevice({
  id: 'piix3-ide',
  label: 'Intel PIIX3 IDE controller',
  role: 'storage',
  version: 1,
  options,
  create: (context, settings) => new Piix3Ide(context, settings),
})
