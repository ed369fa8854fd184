/**
 * A VGA with the Bochs VBE interface on PCI (1234:1111), as QEMU's standard display adapter: every standard mode, linear modes up
 * to 2560 by 1600. Frame buffer in range 0, registers in range 2; it has no ROM of its own, the machine maps a video BIOS.
 *
 * Sources: IBM Personal System/2 Hardware Interface Technical Reference, "Video subsystem"; "VBE Display API" (Bochs); QEMU
 * "Standard VGA" specification.
 * Unsupported: the vertical retrace interrupt (its latch can be read, no wire carries it), light pen, 256 colours without the
 * attribute controller's 8-bit mode.
 */
import { AppError } from '../../../base/errors.ts'
import { z } from '../../../base/schema.ts'
import { memoryWindow, PciConfig, type PciConfigState } from '../../../bus/pci-config.ts'
import type { AddressMap } from '../../../memory/address-map.ts'
import { VRAM_BASE } from '../../../memory/layout.ts'
import { type Device, type DeviceContext, defineDevice, type StateRecord } from '../../device.ts'
import { Beam, type BeamState } from './beam.ts'
import { timingOf } from './crtc-timing.ts'
import { Dac, type DacState } from './dac.ts'
import { LegacyWindow } from './legacy-window.ts'
import { createPciRegisters, PCI_REGISTER_BYTES } from './pci-registers.ts'
import { PlanarMemory } from './planar-memory.ts'
import { VgaPorts } from './ports.ts'
import { VgaRegisters } from './registers.ts'
import { type Frame, type PictureSize, Screen } from './screen.ts'
import type { TextScreen } from './screen-text.ts'
import { VbeRegisters } from './vbe.ts'

/** Four planes of 64 KiB. */
const LEAST_VRAM_BYTES = 0x4_0000

const options = z.strictObject({
  pciDevice: z
    .int()
    .min(1)
    .max(31)
    .default(2)
    .meta({ title: 'PCI device', description: 'Number of the adapter on PCI bus 0.' }),
})
/** Where the adapter sits. */
export type VgaOptions = z.infer<typeof options>

/** The adapter and its monitor. */
export class Vga implements Device {
  readonly #vram: Uint8Array
  readonly #dac = new Dac()
  readonly #registers: VgaRegisters
  readonly #vbe: VbeRegisters
  readonly #planar: PlanarMemory
  readonly #beam: Beam
  readonly #window: LegacyWindow
  readonly #screen: Screen
  readonly #pci = new PciConfig({
    vendorId: 0x1234,
    deviceId: 0x1111,
    classCode: 0x03_0000,
    revision: 2, // has the extension registers
    subsystemVendorId: 0x1af4,
    subsystemId: 0x1100,
  })
  readonly #releasePorts: () => void
  /** Of registers and VBE mode when the beam's timing was computed. */
  #timedGeneration = -1
  #timedMode: object | undefined

  /** @throws AppError `spec/invalid` when the machine has less than 256 KiB of video memory */
  constructor(context: DeviceContext, settings: VgaOptions) {
    const { memory } = context.memory
    this.#vram = memory.vram
    if (memory.vramBytes < LEAST_VRAM_BYTES) throw new AppError('spec/invalid', 'A VGA needs 256 KiB of video memory')
    const words = new Uint32Array(memory.buffer, VRAM_BASE, memory.vramBytes >>> 2)
    this.#planar = new PlanarMemory(words, memory.writes)
    this.#registers = new VgaRegisters({
      memoryChanged: () => this.#window?.update(),
      startChanged: (start) => this.#retimed().setStart(start),
      blankChanged: (blank) => this.#retimed().setBlank(blank),
      interruptCleared: () => this.#retimed().clearInterrupt(),
    })
    this.#vbe = new VbeRegisters(memory.vramBytes, {
      vbeChanged: () => this.#window?.update(),
      clearMemory: (bytes) => {
        memory.writes.touchRange(VRAM_BASE, Math.min(bytes, memory.vramBytes))
        this.#vram.fill(0, 0, bytes)
      },
      dacWidthChanged: (eightBit) => {
        this.#dac.eightBit = eightBit
      },
    })
    this.#beam = new Beam(context.clock, timingOf(this.#registers, undefined))
    this.#window = new LegacyWindow(context.memory, this.#planar, this.#registers, this.#vbe)
    const beam = (): Beam => this.#retimed()
    const parts = { registers: this.#registers, dac: this.#dac, vbe: this.#vbe, planar: this.#planar, words }
    const ports = new VgaPorts({ ...parts, beam })
    this.#screen = new Screen({ ...parts, beam })
    this.#releasePorts = ports.attach(context.ports)
    this.#addRanges(context, createPciRegisters(ports, this.#vbe))
    context.pci.add(settings.pciDevice, 0, this.#pci)
    this.#window.update()
  }

  /** Size and freshness of the picture; cheap when nothing changes. */
  frame(): Frame {
    return this.#screen.frame()
  }

  /** Size of the picture without looking for changes. */
  size(): PictureSize {
    return this.#screen.size()
  }

  /** Draws the present picture: `stride` pixels a row, bytes red, green, blue, 255. */
  render(target: Uint32Array, stride: number): void {
    this.#screen.render(target, stride)
  }

  /** The text on the screen, or null in graphics modes. */
  screenText(): TextScreen | null {
    return this.#screen.text()
  }

  /** Pictures a second that the programmed timing makes. */
  get refreshHz(): number {
    return this.#retimed().timing.refreshHz
  }

  reset(): void {
    this.#pci.reset()
    this.#vbe.reset()
    this.#dac.reset()
    this.#registers.reset()
    this.#planar.latch = 0
    this.#retimed().reset()
  }

  /** Video memory is saved with the machine's memory. */
  save(): StateRecord {
    const { sequencer, crtc, graphics, attribute, indices, miscOutput, featureControl, enable, flipFlop } =
      this.#registers
    return {
      pci: this.#pci.save(),
      sequencer: sequencer.slice(),
      crtc: crtc.slice(),
      graphics: graphics.slice(),
      attribute: attribute.slice(),
      indices: indices.slice(),
      ports: Uint8Array.of(miscOutput, featureControl, enable, flipFlop ? 1 : 0),
      latch: this.#planar.latch,
      dac: this.#dac.save(),
      vbe: this.#vbe.save(),
      beam: this.#beam.save(),
    }
  }

  restore(record: StateRecord): void {
    const registers = this.#registers
    for (const file of ['sequencer', 'crtc', 'graphics', 'attribute', 'indices'] as const) {
      registers[file].set(record[file] as Uint8Array)
    }
    const [miscOutput, featureControl, enable, flipFlop] = record['ports'] as Uint8Array
    registers.miscOutput = miscOutput
    registers.featureControl = featureControl
    registers.enable = enable
    registers.flipFlop = flipFlop !== 0
    this.#planar.latch = record['latch'] as number
    this.#vbe.restore(record['vbe'] as Uint16Array)
    this.#dac.restore(record['dac'] as DacState)
    registers.changed()
    this.#retimed().restore(record['beam'] as BeamState)
    this.#pci.restore(record['pci'] as PciConfigState)
  }

  dispose(): void {
    this.#releasePorts()
    this.#window.dispose()
    this.#pci.dispose()
  }

  /** Shows a video BIOS (at `host` in the shared memory, `bytes` a multiple of 4096) in the expansion ROM range, where other people's firmware looks for it. */
  installRom(map: AddressMap, host: number, bytes: number): void {
    const rangeBytes = 2 ** Math.ceil(Math.log2(bytes))
    this.#pci.addRomBar(rangeBytes, memoryWindow(map, rangeBytes, { host, writable: false }))
  }

  #addRanges(context: DeviceContext, registers: ReturnType<typeof createPciRegisters>): void {
    const { vramBytes } = context.memory.memory
    const frameBuffer = memoryWindow(context.memory, vramBytes, { host: VRAM_BASE, writable: true })
    const rangeBytes = 2 ** Math.ceil(Math.log2(vramBytes))
    this.#pci.addMemoryBar(0, rangeBytes, frameBuffer, { prefetchable: true })
    this.#pci.addMemoryBar(2, PCI_REGISTER_BYTES, memoryWindow(context.memory, PCI_REGISTER_BYTES, { mmio: registers }))
  }

  /** The beam, with the timing that the registers give now. */
  #retimed(): Beam {
    const { generation } = this.#registers
    const { mode } = this.#vbe
    if (generation !== this.#timedGeneration || mode !== this.#timedMode) {
      this.#timedGeneration = generation
      this.#timedMode = mode
      this.#beam.timing = timingOf(this.#registers, mode)
    }
    return this.#beam
  }
}

export const vga = defineDevice({
  id: 'vga',
  label: 'VGA with Bochs VBE',
  role: 'display',
  version: 1,
  options,
  create: (context, settings) => new Vga(context, settings),
})
