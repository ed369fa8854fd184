/** Makes a machine from its config: memory, buses, processor, chips, firmware, and the wires between them. */
import { AppError } from '../base/errors.ts'
import type { DmaService } from '../bus/dma.ts'
import type { InterruptLine } from '../bus/interrupt-line.ts'
import { PciBus } from '../bus/pci-bus.ts'
import { memoryWindow, PciConfig } from '../bus/pci-config.ts'
import { PortBus } from '../bus/port-bus.ts'
import { Cpu } from '../cpu/exec/cpu.ts'
import { EXECUTION } from '../cpu/exec/execution.ts'
import { type InterpreterImage, loadInterpreterImage } from '../cpu/exec/image.ts'
import { CPU_PROFILES } from '../cpu/exec/profiles.ts'
import * as L from '../cpu/state/layout.ts'
import { type PcSpeaker, pcSpeaker } from '../devices/audio/pc-speaker.ts'
import { i440fx } from '../devices/chipset/i440fx.ts'
import { i8237 } from '../devices/chipset/i8237.ts'
import { piix3 } from '../devices/chipset/piix3.ts'
import { piix4Pm } from '../devices/chipset/piix4-pm/piix4-pm.ts'
import { debugExit } from '../devices/debug/debug-exit.ts'
import { portE9 } from '../devices/debug/port-e9.ts'
import type { Device, DeviceContext, DeviceDescriptor, MachineAction } from '../devices/device.ts'
import { vga } from '../devices/display/vga/vga.ts'
import { i8042 } from '../devices/input/i8042.ts'
import { i8259 } from '../devices/interrupt/i8259.ts'
import { ns16550a } from '../devices/serial/ns16550a.ts'
import { piix3Ide } from '../devices/storage/ata/piix3-ide.ts'
import { i82077aa } from '../devices/storage/i82077aa/i82077aa.ts'
import { cmosLayout } from '../devices/timer/cmos-layout.ts'
import { i8254 } from '../devices/timer/i8254.ts'
import { mc146818 } from '../devices/timer/mc146818.ts'
import type { BlockDevice } from '../disk/block-device.ts'
import { FLOPPY_DRIVES } from '../disk/floppy-formats.ts'
import { biosGeometry, driveGeometry } from '../disk/geometry.ts'
import { KERNEL_ROM_PCI } from '../firmware/rom/kernel-rom.ts'
import { AddressMap } from '../memory/address-map.ts'
import { GuestMemory } from '../memory/guest-memory.ts'
import { ROM_BASE } from '../memory/layout.ts'
import { placeRoms } from '../memory/pc-memory-map.ts'
import { TimerQueue } from '../time/timer-queue.ts'
import { CodeProfile } from './code-profile.ts'
import { createDisplay, createKeyboard, createMouse, createSerialPort } from './console.ts'
import { Drives } from './drives.ts'
import { installFirmware } from './firmware-installation.ts'
import { type GuestClock, HostClock, InstructionClock } from './guest-clock.ts'
import type { Machine, MachineConfig, MachineCounters, SerialPort } from './machine.ts'
import { canSave, type InstalledDevice, type MachineParts, restoreMachine, saveMachine } from './machine-state.ts'
import { RunLoop } from './run-loop.ts'

const MIB = 1 << 20

/** The interpreter is the same for all machines of a process. */
let sharedImage: InterpreterImage | undefined

/** Makes a machine, switched on and about to execute its first instruction. Throws AppError `vm/invalid-state`, `spec/invalid` or `firmware/bad-image`. */
export function createMachine(config: MachineConfig): Machine {
  if (config.memoryMib < 1 || config.memoryMib > 3072)
    throw new AppError('spec/invalid', `A machine has 1 to 3072 MiB of memory, not ${config.memoryMib}`)
  return new Pc(config)
}

/** The PC: i440FX with PIIX3, and everything that hangs on it. */
class Pc implements Machine {
  readonly memory: GuestMemory
  readonly clock: GuestClock
  readonly display: Machine['display']
  readonly keyboard: Machine['keyboard']
  readonly mouse: Machine['mouse']
  readonly serialPorts: readonly SerialPort[]
  readonly codeProfile: CodeProfile
  readonly #cpu: Cpu
  readonly #loop: RunLoop
  readonly #drives: Drives
  readonly #pm: ReturnType<typeof piix4Pm.create>
  /** In the order of creation. */
  readonly #devices: InstalledDevice[] = []
  readonly #parts: MachineParts
  readonly #setRtc: (ms: number) => void

  constructor(config: MachineConfig) {
    this.memory = new GuestMemory(config.memoryMib * MIB, config.videoMemoryMib * MIB)
    const map = new AddressMap(this.memory)
    const ports = new PortBus()
    const pci = new PciBus()
    pci.attach(ports)
    const { log } = config
    this.clock =
      config.clock === 'virtual'
        ? new InstructionClock(() => this.#cpu?.instructions ?? 0)
        : new HostClock(config.hostNowNs, () => this.#cpu?.instructions ?? 0)
    const timers = new TimerQueue(this.clock)
    const request = (action: MachineAction) => this.#loop.request(action)
    // Chips that others are wired to come first; the context refers to them once they exist.
    const wires: {
      irq?: (line: number) => InterruptLine
      pci?: (device: number, pin: number) => InterruptLine
      dma?: DmaService
    } = {}
    const context: DeviceContext = {
      clock: this.clock,
      timers,
      ports,
      memory: map,
      pci,
      log,
      dma: { channel: (number) => required(wires.dma, 'DMA').channel(number) },
      irq: (line) => required(wires.irq, 'interrupts')(line),
      pciInterrupt: (device, pin) => required(wires.pci, 'PCI interrupts')(device, pin),
      request,
    }
    const add = <Options, Instance extends Device>(
      descriptor: DeviceDescriptor<Options, Instance>,
      options: unknown = {},
      name = descriptor.id,
    ): Instance => {
      const device = descriptor.create(context, descriptor.options.parse(options))
      this.#devices.push({ name, format: descriptor, device, last: descriptor.role === 'interrupt' })
      return device
    }
    const pic = add(i8259)
    wires.irq = (line) => pic.irqInput(line)
    wires.dma = add(i8237)
    const numericError = numericErrorWire(pic.irqInput(13))
    const profile = CPU_PROFILES[config.cpuProfile]
    sharedImage ??= loadInterpreterImage(config.generatedCode)
    const firmwareHost = { isTrapAddress: (_linear: number) => false, trap: (_service: number) => {} }
    this.#cpu = new Cpu(
      sharedImage,
      map,
      ports,
      {
        acknowledgeInterrupt: () => pic.acknowledge(),
        interruptPending: () => pic.pending,
        numericError: () => {
          numericError.level = true
        },
        isTrapAddress: (linear) => firmwareHost.isTrapAddress(linear),
        firmwareTrap: (service) => firmwareHost.trap(service),
        timeStamp: () => (this.clock.nowNs() * profile.clockHz) / 1e9,
        shutdown: () => {
          log.warn('The processor stopped after a triple fault; the machine restarts')
          request({ kind: 'reset' })
        },
      },
      profile,
      { ...EXECUTION[config.engine], nowNs: () => config.hostNowNs(), thread: config.regionThread },
    )
    this.codeProfile = new CodeProfile(this.#cpu, sharedImage.tables)
    pic.onOutput = () => this.#cpu.interruptChanged()
    // Port F0h: the coprocessor's error is acknowledged; the processor goes on despite it (IGNNE#).
    ports.register(0xf0, 2, {
      write8: () => {
        numericError.level = false
        if (this.#cpu.state.u32[L.FPU_FERR >> 2]) this.#cpu.state.u32[L.FPU_IGNNE >> 2] = 1
      },
    })
    const bridge = add(i440fx)
    const isa = add(piix3)
    wires.pci = (device, pin) => isa.interrupts.input(device, pin)
    const ide = add(piix3Ide)
    this.#pm = add(piix4Pm)
    const timer = add(i8254)
    this.#connectSpeaker(add(pcSpeaker), timer.speakerTimer, config)
    const controller = add(i8042)
    const adapter = add(vga)
    const floppies = add(i82077aa, {
      driveB: config.drives.some((d) => d.slot === 'fdb') ? 'auto' : 'none',
      driveA: config.drives.some((d) => d.slot === 'fda') ? 'auto' : 'none',
    })
    const rtc = add(mc146818, { startEpochMs: Math.round(config.rtcStartMs) })
    const uarts = config.serialPorts.map((com) => add(ns16550a, { com }, `${ns16550a.id}.${com}`))
    this.serialPorts = uarts.map(createSerialPort)
    this.#drives = new Drives(config.drives, ide, floppies)
    if (config.debugExit) this.#addDebugPorts(add(portE9), add(debugExit))
    this.display = createDisplay(adapter)
    this.keyboard = createKeyboard(controller.keyboard)
    this.mouse = createMouse(controller.mouse)
    this.#loop = new RunLoop({
      cpu: this.#cpu,
      timers,
      clock: this.clock,
      hostNowNs: config.hostNowNs,
      resetAll: () => this.#resetAll(),
      resetCpu: () => this.#resetCpu(),
    })
    const floppyTypes = [0, 1].map((unit) => FLOPPY_DRIVES[floppies.driveType(unit as 0 | 1)]) as [number, number]
    const writeCmos = () => {
      for (const [address, value] of cmosLayout(this.#cmosFacts(config, floppyTypes))) rtc.writeRam(address, value)
    }
    writeCmos()
    const installed = installFirmware(config, {
      cpu: this.#cpu,
      ports,
      memory: map,
      pci,
      clock: this.clock,
      log,
      drives: this.#drives,
      cmosFloppyTypes: floppyTypes,
      request,
      idle: (ns) => this.#loop.idle(ns),
    })
    firmwareHost.isTrapAddress = installed.isTrapAddress
    firmwareHost.trap = installed.trap
    const plan = placeRoms(this.memory, installed.roms)
    bridge.installRoms(plan)
    // Other people's firmware takes option ROMs from PCI functions only.
    for (const rom of plan.optionRoms)
      if (rom.gpa === 0xc_0000) adapter.installRom(map, ROM_BASE + rom.offset, rom.bytes)
      else if (config.firmware && config.kernel) addRomCard(pci, map, ROM_BASE + rom.offset, rom.bytes)
    this.#parts = {
      config,
      cpu: this.#cpu,
      clock: this.clock,
      pci,
      loop: this.#loop,
      drives: this.#drives,
      firmware: installed,
      devices: this.#devices,
      numericError,
    }
    this.#setRtc = (ms) => rtc.setClock(ms)
    this.#resetAll()
  }

  #connectSpeaker(speaker: PcSpeaker, timer: Parameters<PcSpeaker['connect']>[0], config: MachineConfig): void {
    speaker.connect(timer)
    let frequency = 0
    speaker.onChange = (change) => {
      if (change.frequencyHz === frequency) return
      frequency = change.frequencyHz
      config.onTone(frequency)
    }
  }

  #addDebugPorts(e9: ReturnType<typeof portE9.create>, _exit: Device): void {
    e9.onByte = (byte) => this.serialPorts.find((port) => port.port === 1)?.onOutput(byte)
  }

  #cmosFacts(config: MachineConfig, floppies: [number, number]): Parameters<typeof cmosLayout>[0] {
    const disk = (slot: string) => {
      const medium = this.#drives.all.find((drive) => drive.slot === slot && drive.kind === 'disk')?.medium
      if (!medium) return undefined
      const { cylinders, heads, sectorsPerTrack } = driveGeometry(medium)
      const translated = biosGeometry(medium).heads !== heads
      return {
        cylinders,
        heads,
        sectors: sectorsPerTrack,
        translation: translated ? ('lba' as const) : ('none' as const),
      }
    }
    return {
      memoryBytes: config.memoryMib * MIB,
      floppies,
      disks: [disk('hda'), disk('hdb')],
      fpu: true,
      mouse: true,
      bootOrder: config.bootOrder,
    }
  }

  #resetAll(): void {
    for (const { device } of this.#devices) device.reset()
    this.#resetCpu()
  }

  #resetCpu(): void {
    this.#parts.firmware.reset()
    this.#cpu.reset()
  }

  runSlice(budgetNs: number): ReturnType<Machine['runSlice']> {
    return this.#loop.runSlice(budgetNs)
  }

  reset(): void {
    this.#loop.request({ kind: 'reset' })
  }

  pressPowerButton(): void {
    this.#pm.pressPowerButton()
  }

  insert(...[slot, medium]: Parameters<Machine['insert']>): void {
    this.#drives.insert(slot, medium)
  }

  eject(...[slot]: Parameters<Machine['eject']>): void {
    this.#drives.eject(slot)
  }

  settleMedia(): void {
    for (const { medium } of this.#drives.all) medium?.settle()
  }

  switchMedium(...[slot, medium]: Parameters<Machine['switchMedium']>): BlockDevice {
    return this.#drives.switchMedium(slot, medium)
  }

  medium(...[slot]: Parameters<Machine['medium']>): BlockDevice | undefined {
    return this.#drives.all.find((drive) => drive.slot === slot)?.medium
  }

  get canSave(): boolean {
    return canSave(this.#parts)
  }

  saveState(): Uint8Array<ArrayBuffer> {
    return saveMachine(this.#parts)
  }

  restoreState(state: Uint8Array): void {
    restoreMachine(this.#parts, state)
  }

  setRealTimeClock(ms: number): void {
    this.#setRtc(ms)
  }

  counters(): MachineCounters {
    const { instructions, compiler } = this.#cpu
    const compiled = Math.min(compiler?.instructions ?? 0, instructions)
    return {
      instructionsInterpreted: instructions - compiled,
      instructionsCompiled: compiled,
      haltedNs: this.#loop.haltedNs,
      regionsCompiled: compiler?.compiled ?? 0,
      compileNs: compiler?.compileNs ?? 0,
      codeBytes: compiler?.codeBytes ?? 0,
      exits: {
        slices: this.#loop.slices,
        decoded: this.#cpu.blocks.decoded,
        invalidated: this.#cpu.blocks.invalidated,
      },
      drives: this.#drives.all.map(({ slot, medium }) => ({
        slot,
        readBytes: medium?.readBytes ?? 0,
        writtenBytes: medium?.writtenBytes ?? 0,
      })),
    }
  }

  dispose(): void {
    for (const { device } of this.#devices) device.dispose?.()
    this.#drives.close()
  }
}

/** A PCI function that is nothing but an expansion ROM: what starts `--kernel` over somebody else's BIOS. */
function addRomCard(pci: PciBus, map: AddressMap, host: number, bytes: number): void {
  const card = new PciConfig(KERNEL_ROM_PCI)
  card.addRomBar(bytes, memoryWindow(map, bytes, { host, writable: false }))
  pci.add(31, 0, card)
}

/** FERR# of the coprocessor on its interrupt input. */
function numericErrorWire(line: InterruptLine): { level: boolean } {
  let level = false
  return {
    get level() {
      return level
    },
    set level(high) {
      level = high
      line.set(high)
    },
  }
}

/** What a chip created too early would ask for: an error of this file's order, never of a guest. */
function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new AppError('internal/bug', `A device asks for ${what} before the chip exists`)
  return value
}
