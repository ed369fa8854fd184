/** A processor with memory from 0 and nothing else, in real mode, whose interrupt input a test holds in its hand. */
import { PortBus } from '../../../core/bus/port-bus.ts'
import { Cpu } from '../../../core/cpu/exec/cpu.ts'
import { buildInterpreterImage } from '../../../core/cpu/exec/image.ts'
import { CPU_PROFILES } from '../../../core/cpu/exec/profiles.ts'
import { AddressMap } from '../../../core/memory/address-map.ts'
import { GuestMemory } from '../../../core/memory/guest-memory.ts'
import { plainCpuHost } from '../../support/cpu-host.ts'

const RAM_BYTES = 4 << 20
const image = buildInterpreterImage()
/** The interpreter with every slow path in TypeScript. */
const imageWithoutFronts = buildInterpreterImage({ fronts: false })

export class BareProcessor {
  readonly cpu: Cpu
  readonly map: AddressMap
  readonly ports = new PortBus()
  /** The vector that INTA gives while the controller asserts INTR. */
  pending: number | undefined
  shutdowns = 0

  constructor(engine: 'interpreter' | 'compiler' | 'without fronts' = 'interpreter') {
    const memory = new GuestMemory(RAM_BYTES, 1 << 16)
    this.map = new AddressMap(memory)
    this.map.mapMemory(0, RAM_BYTES, memory.ramBase, true)
    this.cpu = new Cpu(
      engine === 'without fronts' ? imageWithoutFronts : image,
      this.map,
      this.ports,
      plainCpuHost({
        acknowledgeInterrupt: () => {
          const vector = this.pending ?? 0
          this.pending = undefined
          return vector
        },
        interruptPending: () => this.pending !== undefined,
        shutdown: () => {
          this.shutdowns++
          this.cpu.stopSlice()
        },
      }),
      CPU_PROFILES.max,
      { hotExecutions: engine === 'compiler' ? 1 : 0 },
    )
    for (let n = 0; n < 6; n++) this.cpu.state.setRealSegment(n, 0)
    this.cpu.state.setReg32(4, 0x7000)
    this.cpu.state.eip = 0x1000
    this.cpu.updateMode()
  }

  /** Puts bytes (hexadecimal, blanks allowed) at a physical address, as a device would. */
  put(at: number, hex: string): void {
    this.map.writeBytes(
      at,
      Uint8Array.from(hex.replaceAll(' ', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)),
    )
  }

  /** Asserts INTR with `vector`. */
  interrupt(vector: number): void {
    this.pending = vector
    this.cpu.interruptChanged()
  }

  word(at: number): number {
    return this.map.read(at, 2)
  }
}
