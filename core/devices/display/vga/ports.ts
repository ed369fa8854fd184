/**
 * The I/O ports of the adapter, by number: 3B4h, 3B5h, 3BAh or 3D4h, 3D5h, 3DAh as the I/O address bit says, 3C0h to 3CFh, and
 * the VBE interface. The memory range of the PCI function leads here, too.
 *
 * Source: IBM VGA technical reference, "Video subsystem, port addresses".
 */
import type { PortBus, PortHandler } from '../../../bus/port-bus.ts'
import type { Beam } from './beam.ts'
import type { Dac } from './dac.ts'
import type { PlanarMemory } from './planar-memory.ts'
import type { VgaRegisters } from './registers.ts'
import type { VbeRegisters } from './vbe.ts'

const VBE_INDEX = 0x1ce
const MONOCHROME_PORTS = [0x3b4, 0x3b5, 0x3ba]
const COLOUR_PORTS = [0x3d4, 0x3d5, 0x3da]
const COLOUR = 0x01

/** What the ports reach. */
export type PortTargets = {
  readonly registers: VgaRegisters
  readonly dac: Dac
  readonly vbe: VbeRegisters
  beam(): Beam
  readonly planar: PlanarMemory
}

/** Decoder of the adapter's ports. */
export class VgaPorts {
  readonly #targets: PortTargets

  constructor(targets: PortTargets) {
    this.#targets = targets
  }

  /** Claims the ports. Returns the release. */
  attach(ports: PortBus): () => void {
    const releases = [
      ports.register(0x3c0, 16, this.#vga),
      ...[...MONOCHROME_PORTS, ...COLOUR_PORTS].map((port) => ports.register(port, 1, this.#vga)),
      ports.register(VBE_INDEX, 3, this.#vbe),
    ]
    return () => {
      for (const release of releases) release()
    }
  }

  /** Reads a VGA port. Ports that are switched off or do not exist read as all ones. */
  read(port: number): number {
    const { registers, dac, planar } = this.#targets
    if (!registers.enable) return port === 0x3c3 ? 0 : 0xff
    switch (port) {
      case 0x3c0:
        return registers.readAttribute(false)
      case 0x3c1:
        return registers.readAttribute(true)
      case 0x3c2:
        return (
          (dac.sense ? 0x10 : 0) | (registers.crtc[0x11] & 0x10 && this.#targets.beam().interruptPending() ? 0x80 : 0)
        )
      case 0x3c3:
        return registers.enable
      case 0x3c4:
      case 0x3c5:
        return registers.readSequencer(port === 0x3c5)
      case 0x3c6:
      case 0x3c7:
      case 0x3c8:
      case 0x3c9:
        return dac.read(port)
      case 0x3ca:
        return registers.featureControl
      case 0x3cc:
        return registers.miscOutput
      case 0x3ce:
      case 0x3cf:
        return registers.readGraphics(port === 0x3cf)
    }
    switch (this.#crtcOffset(port)) {
      case 4:
        return registers.readCrtc(false, planar.latch)
      case 5:
        return registers.readCrtc(true, planar.latch)
      case 10:
        registers.flipFlop = false
        return this.#targets.beam().status()
    }
    return 0xff
  }

  /** Writes a VGA port. */
  write(port: number, value: number): void {
    const { registers, dac } = this.#targets
    if (port === 0x3c3) registers.writeEnable(value)
    if (!registers.enable) return
    if (port === 0x3c0) registers.writeAttribute(value)
    else if (port === 0x3c2) registers.writeMiscOutput(value)
    else if (port === 0x3c4 || port === 0x3c5) registers.writeSequencer(port === 0x3c5, value)
    else if (port >= 0x3c6 && port <= 0x3c9) dac.write(port, value)
    else if (port === 0x3ce || port === 0x3cf) registers.writeGraphics(port === 0x3cf, value)
    else {
      const offset = this.#crtcOffset(port)
      if (offset === 4 || offset === 5) registers.writeCrtc(offset === 5, value)
      else if (offset === 10) registers.featureControl = value
    }
  }

  /** Offset from 3B0h or 3D0h of a port that answers at present, or -1. */
  #crtcOffset(port: number): number {
    const base = this.#targets.registers.miscOutput & COLOUR ? 0x3d0 : 0x3b0
    return (port & ~0x0f) === base ? port & 0x0f : -1
  }

  readonly #vga: PortHandler = {
    read8: (port) => this.read(port),
    write8: (port, value) => this.write(port, value),
  }

  /** 16-bit registers: a byte read gives the low half, a byte written to the data ports is lost. */
  readonly #vbe: PortHandler = {
    read8: (port) => this.#readVbe(port),
    read16: (port) => this.#readVbe(port),
    write8: (port, value) => {
      if (port === VBE_INDEX) this.#targets.vbe.index = value
    },
    write16: (port, value) => {
      const { vbe } = this.#targets
      if (port === VBE_INDEX) vbe.index = value
      else vbe.write(vbe.index, value)
    },
  }

  #readVbe(port: number): number {
    const { vbe } = this.#targets
    return port === VBE_INDEX ? vbe.index : vbe.read(vbe.index)
  }
}
