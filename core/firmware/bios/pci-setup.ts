/**
 * POST's part of PCI: addresses for every function, the routing of the four PIRQ lines, and the chip set's own functions
 * (PCI Local Bus Specification 2.1, 6.2.5; 82371SB and 82371AB data sheets). Configuration space is reached directly: no
 * monitor runs yet.
 */
import type { PciBus } from '../../bus/pci-bus.ts'
import { PCI } from '../../bus/pci-config.ts'
import type { PortBus } from '../../bus/port-bus.ts'
import type { FirmwareMachine } from '../machine.ts'
import { PM_BASE, SCI_IRQ, SMBUS_BASE } from '../tables/power.ts'

/** Interrupt of PIRQA# to PIRQD#. */
export const PIRQ_LINES = [10, 10, 11, 11] as const
/** First address given out for memory, and its end: the I/O APIC and ROM come after. */
const MEMORY_START = 0xe000_0000
const MEMORY_END = 0xfec0_0000
/** Ports below C000h may be aliases of ISA devices that decode ten bits. */
const IO_START = 0xc000

const PIIX_ISA = [0x7000, 0x7110]
const PIIX_IDE = [0x7010, 0x7111]
const PIIX4_PM = 0x7113

export interface FoundFunction {
  readonly device: number
  readonly fn: number
  readonly vendorId: number
  readonly deviceId: number
  /** Base class and subclass. */
  readonly classCode: number
}

/** All functions of bus 0. */
export function findFunctions(pci: PciBus): FoundFunction[] {
  const found: FoundFunction[] = []
  for (let device = 0; device < 32; device++) {
    if (pci.readConfig(device, 0, PCI.vendorId, 2) === 0xffff) continue
    const functions = pci.readConfig(device, 0, PCI.headerType, 1) & 0x80 ? 8 : 1
    for (let fn = 0; fn < functions; fn++) {
      const vendorId = pci.readConfig(device, fn, PCI.vendorId, 2)
      if (vendorId === 0xffff) continue
      const deviceId = pci.readConfig(device, fn, PCI.deviceId, 2)
      found.push({ device, fn, vendorId, deviceId, classCode: pci.readConfig(device, fn, PCI.classCode + 1, 2) })
    }
  }
  return found
}

/** Interrupt line of pin `pin` (1 = INTA#) of `device`. */
export function interruptLineOf(device: number, pin: number): number {
  return PIRQ_LINES[(device + pin - 2) & 3]
}

interface Bar {
  readonly target: FoundFunction
  readonly offset: number
  readonly bytes: number
  readonly io: boolean
}

/** Assigns everything. Called once at each start, after a reset of all chips. */
export function setUpPci(machine: FirmwareMachine): void {
  const { pci, ports } = machine
  const functions = findFunctions(pci)
  assignAddresses(machine, functions)
  for (const target of functions) {
    if (target.vendorId === 0x8086) setUpChipset(pci, ports, target)
    setUpInterrupt(pci, target)
  }
}

function assignAddresses(machine: FirmwareMachine, functions: readonly FoundFunction[]): void {
  const { pci, log } = machine
  const bars = functions.flatMap((target) => findBars(pci, target)).sort((a, b) => b.bytes - a.bytes)
  const next = { memory: Math.max(MEMORY_START, machine.config.ramBytes), io: IO_START }
  for (const { target, offset, bytes, io } of bars) {
    const start = io ? next.io : next.memory
    const base = Math.ceil(start / bytes) * bytes
    if (base + bytes > (io ? 0x1_0000 : MEMORY_END)) {
      log.warn(`No room for ${bytes} bytes of PCI function ${target.device}.${target.fn}`)
      continue
    }
    pci.writeConfig(target.device, target.fn, offset, 4, base)
    // Ranges below a page share it with no other function.
    if (io) next.io = base + bytes
    else next.memory = base + Math.max(bytes, 0x1000)
  }
  for (const { device, fn } of functions) {
    const command = pci.readConfig(device, fn, PCI.command, 2)
    pci.writeConfig(device, fn, PCI.command, 2, command | 0x07)
  }
}

/** Sizes every base address register by writing all ones (6.2.5.1). */
function findBars(pci: PciBus, target: FoundFunction): Bar[] {
  const bars: Bar[] = []
  const { device, fn } = target
  if (target.classCode === 0x0600 || (pci.readConfig(device, fn, PCI.headerType, 1) & 0x7f) !== 0) return bars
  const command = pci.readConfig(device, fn, PCI.command, 2)
  pci.writeConfig(device, fn, PCI.command, 2, command & ~3)
  for (let offset = PCI.bar0; offset < PCI.bar0 + 24; offset += 4) {
    pci.writeConfig(device, fn, offset, 4, 0xffff_ffff)
    const answer = pci.readConfig(device, fn, offset, 4)
    pci.writeConfig(device, fn, offset, 4, 0)
    if (answer === 0 || answer === 0xffff_ffff) continue
    const io = (answer & 1) !== 0
    const mask = io ? (answer & 0xfffc) | 0xffff_0000 : answer & 0xffff_fff0
    bars.push({ target, offset, bytes: (~mask >>> 0) + 1, io })
    if (!io && (answer & 6) === 4) offset += 4 // the high half of a 64-bit address stays zero
  }
  return bars
}

function setUpInterrupt(pci: PciBus, { device, fn, vendorId, deviceId }: FoundFunction): void {
  const pin = pci.readConfig(device, fn, PCI.interruptPin, 1)
  if (pin === 0) return
  const sci = vendorId === 0x8086 && deviceId === PIIX4_PM
  pci.writeConfig(device, fn, PCI.interruptLine, 1, sci ? SCI_IRQ : interruptLineOf(device, pin))
}

function setUpChipset(pci: PciBus, ports: PortBus, { device, fn, deviceId }: FoundFunction): void {
  if (PIIX_ISA.includes(deviceId)) {
    let levels = 0
    PIRQ_LINES.forEach((line, pirq) => {
      pci.writeConfig(device, fn, 0x60 + pirq, 1, line)
      levels |= 1 << line
    })
    ports.write8(0x4d0, levels & 0xff)
    ports.write8(0x4d1, levels >>> 8)
  } else if (PIIX_IDE.includes(deviceId)) {
    pci.writeConfig(device, fn, 0x40, 2, 0x8000)
    pci.writeConfig(device, fn, 0x42, 2, 0x8000)
  } else if (deviceId === PIIX4_PM) {
    pci.writeConfig(device, fn, 0x40, 4, PM_BASE | 1)
    pci.writeConfig(device, fn, 0x80, 1, 1)
    pci.writeConfig(device, fn, 0x90, 4, SMBUS_BASE | 1)
    pci.writeConfig(device, fn, 0xd2, 1, 0x09)
  }
}
