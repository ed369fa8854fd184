/** What VBE needs to know of the adapter: video memory, the addresses of frame buffer and monitor data. */
import { PCI } from '../../bus/pci-config.ts'
import type { Call, Steps } from '../call.ts'
import { DISPI, getDispi } from './registers.ts'
import { VBE_MODES, type VbeMode, vbeBytes } from './vbe-modes.ts'

const CLASS_VGA = 0x0300
const MAX_WIDTH = 2560
const MAX_HEIGHT = 1600
const EDID_BYTES = 128

/** Bytes of video memory. */
export function* videoMemory(call: Call): Steps<number> {
  return (yield* getDispi(call, DISPI.memory64k)) * 0x1_0000
}

/** Modes that this much memory holds. */
export function availableModes(memoryBytes: number): VbeMode[] {
  return VBE_MODES.filter(
    (mode) => vbeBytes(mode) <= memoryBytes && mode.width <= MAX_WIDTH && mode.height <= MAX_HEIGHT,
  )
}

function baseAddress({ machine }: Call, bar: number): number {
  for (let device = 0; device < 32; device++) {
    if (machine.pci.readConfig(device, 0, PCI.classCode + 1, 2) !== CLASS_VGA) continue
    const value = machine.pci.readConfig(device, 0, PCI.bar0 + 4 * bar, 4)
    return value & 1 ? 0 : (value & 0xffff_fff0) >>> 0
  }
  return 0
}

/** Physical address of the linear frame buffer, 0 without PCI. */
export function frameBuffer(call: Call): number {
  return baseAddress(call, 0)
}

/** The monitor's EDID block, which the adapter shows at the start of its register range; undefined when it has none. */
export function monitorData(call: Call): Uint8Array | undefined {
  const registers = baseAddress(call, 2)
  if (registers === 0) return undefined
  const block = new Uint8Array(EDID_BYTES)
  call.machine.memory.readBytes(registers, block)
  return block[0] === 0 && block[1] === 0xff ? block : undefined
}
