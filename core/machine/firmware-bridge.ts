/** The machine as its firmware sees it (firmware/machine.ts), over the processor, the buses and the drives. */
import type { PciBus } from '../bus/pci-bus.ts'
import type { PortBus } from '../bus/port-bus.ts'
import type { Cpu } from '../cpu/exec/cpu.ts'
import type { LogSink, MachineAction } from '../devices/device.ts'
import { floppyFormatFor } from '../disk/floppy-formats.ts'
import { driveGeometry } from '../disk/geometry.ts'
import type { CdDrive, FirmwareConfig, FirmwareMachine, FloppyDrive, HardDisk, IdePlace } from '../firmware/machine.ts'
import type { AddressMap } from '../memory/address-map.ts'
import type { VirtualClock } from '../time/virtual-clock.ts'
import { type Drive, type Drives, ideSlot } from './drives.ts'

export interface BridgeParts {
  readonly cpu: Cpu
  readonly ports: PortBus
  readonly memory: AddressMap
  readonly pci: PciBus
  readonly clock: VirtualClock
  readonly log: LogSink
  readonly config: FirmwareConfig
  readonly drives: Drives
  /** Types of drives A and B as in CMOS; 0 where there is none. */
  readonly cmosFloppyTypes: readonly number[]
  request(action: MachineAction): void
  idle(ns: number): void
}

const ALL_ONES = { 1: 0xff, 2: 0xffff, 4: 0xffff_ffff } as const

function idePlace(drive: Drive): IdePlace {
  const [channel, unit] = ideSlot(drive.slot)
  const primary = channel === 0
  return {
    ioBase: primary ? 0x1f0 : 0x170,
    controlBase: primary ? 0x3f6 : 0x376,
    irq: primary ? 14 : 15,
    unit,
    pci: { device: 1, fn: 1 },
  }
}

const placeName = (drive: Drive): string => {
  const [channel, unit] = ideSlot(drive.slot)
  return `IDE ${channel} ${unit ? 'slave' : 'master'}`
}

export function createFirmwareMachine(parts: BridgeParts): FirmwareMachine {
  const { cpu, drives, memory } = parts
  /** Physical address of `linear`, or -1 where no page is present. Paging is on only in virtual-8086 mode. */
  const physical = (linear: number, write: boolean): number => {
    if (!cpu.paging) return linear >>> 0
    if (!cpu.walk.translate(linear >>> 0, write, cpu.state.cpl === 3) || cpu.walk.page >= 0x1_0000_0000) return -1
    return cpu.walk.page + (linear & 0xfff)
  }
  const read = (linear: number, size: 1 | 2 | 4): number => {
    if ((linear & 0xfff) + size > 0x1000) {
      let value = 0
      for (let i = 0; i < size; i++) value |= read(linear + i, 1) << (8 * i)
      return value >>> 0
    }
    const gpa = physical(linear, false)
    return gpa < 0 ? ALL_ONES[size] : memory.read(gpa, size)
  }
  const write = (linear: number, size: 1 | 2 | 4, value: number): void => {
    if ((linear & 0xfff) + size > 0x1000) {
      for (let i = 0; i < size; i++) write(linear + i, 1, (value >>> (8 * i)) & 0xff)
      return
    }
    const gpa = physical(linear, true)
    if (gpa >= 0) memory.write(gpa, size, value)
  }
  /** Calls `part` for each piece of the range that lies in one page. */
  const pages = (linear: number, length: number, part: (at: number, done: number, count: number) => void): void => {
    for (let done = 0; done < length; ) {
      const at = (linear + done) >>> 0
      const count = Math.min(length - done, 0x1000 - (at & 0xfff))
      part(at, done, count)
      done += count
    }
  }
  const floppies = (['fda', 'fdb'] as const).map((slot, i): FloppyDrive | undefined => {
    const drive = drives.all.find((d) => d.slot === slot)
    if (!drive) return undefined
    return {
      cmosType: (parts.cmosFloppyTypes[i] || 4) as FloppyDrive['cmosType'],
      get media() {
        return drive.medium
      },
      get geometry() {
        const format = drive.medium && floppyFormatFor(drive.medium.sectors)
        return format
      },
      get mediaChanges() {
        return drive.changes
      },
    }
  })
  const hardDisks = drives.ofKind('disk').map((drive): HardDisk => {
    const media = drive.medium as NonNullable<Drive['medium']>
    return {
      label: placeName(drive),
      media,
      geometry: driveGeometry(media),
      ide: idePlace(drive),
    }
  })
  const cdDrives = drives.ofKind('cdrom').map(
    (drive): CdDrive => ({
      label: placeName(drive),
      get media() {
        return drive.medium
      },
      get mediaChanges() {
        return drive.changes
      },
      ide: idePlace(drive),
    }),
  )
  return {
    cpu: cpu.state,
    ports: parts.ports,
    memory,
    pci: parts.pci,
    clock: parts.clock,
    log: parts.log,
    config: parts.config,
    floppies,
    hardDisks,
    cdDrives,
    readLinear8: (address) => read(address, 1),
    readLinear16: (address) => read(address, 2),
    readLinear32: (address) => read(address, 4),
    writeLinear8: (address, value) => write(address, 1, value),
    writeLinear16: (address, value) => write(address, 2, value),
    writeLinear32: (address, value) => write(address, 4, value),
    readLinearBytes(address, into) {
      pages(address, into.length, (at, done, count) => {
        const gpa = physical(at, false)
        if (gpa < 0) into.fill(0xff, done, done + count)
        else memory.readBytes(gpa, into, done, count)
      })
    },
    writeLinearBytes(address, from) {
      pages(address, from.length, (at, done, count) => {
        const gpa = physical(at, true)
        if (gpa >= 0) memory.writeBytes(gpa, from, done, count)
      })
    },
    probeLinear(address, length, forWrite) {
      let missing = -1
      pages(address, length, (at) => {
        if (missing < 0 && physical(at, forWrite) < 0) missing = at
      })
      return missing
    },
    patchRom(gpa, bytes) {
      for (let i = 0; i < bytes.length; i++) {
        const host = memory.hostForRead(gpa + i)
        if (host < 0) continue
        memory.memory.writes.touch(host)
        memory.memory.u8[host] = bytes[i]
        memory.onDeviceWrite(host, 1)
      }
    },
    request: parts.request,
    idle: parts.idle,
  }
}
