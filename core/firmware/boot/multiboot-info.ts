/** The information structure for a Multiboot kernel (Multiboot Specification 0.6.96, 3.3), in low memory. */
import type { Call, Steps } from '../call.ts'
import type { KernelBoot } from '../machine.ts'
import { memoryRegions, usableEnd } from '../tables/memory-map.ts'
import { currentVbeMode, setNearestVbeMode } from '../vga/vbe.ts'
import { encodeText } from './linux-boot.ts'

/** Where it lies: below the extended BIOS data area, away from where kernels are loaded. */
export const INFO_BASE = 0x9_0000
export const INFO_END = 0x9_f000
const INFO_BYTES = 116

export interface PlacedModule {
  readonly start: number
  readonly end: number
  readonly commandLine: string
}

/** Bits of the flags word. */
const MEMORY = 0x001
const COMMAND_LINE = 0x004
const MODULES = 0x008
const MEMORY_MAP = 0x040
const LOADER_NAME = 0x200
const FRAME_BUFFER = 0x1000

const LOADER = 'Vitrine'
const TEXT_FRAME_BUFFER = 2
const RGB_FRAME_BUFFER = 1
const INDEXED_FRAME_BUFFER = 0

/** Places strings and tables one after the other. */
class Writer {
  readonly #call: Call
  #next = INFO_BASE + INFO_BYTES

  constructor(call: Call) {
    this.#call = call
  }

  /** Address of the bytes, aligned to 4. Past the end of the area everything is cut off. */
  put(bytes: Uint8Array): number {
    const at = this.#next
    const room = Math.max(0, INFO_END - at)
    this.#call.machine.memory.writeBytes(at, bytes.subarray(0, room))
    this.#next = at + ((Math.min(bytes.length, room) + 3) & ~3)
    return at
  }

  text(text: string): number {
    const bytes = encodeText(text)
    const line = new Uint8Array(bytes.length + 1)
    line.set(bytes)
    return this.put(line)
  }

  words(values: readonly number[]): number {
    return this.put(new Uint8Array(Uint32Array.from(values).buffer))
  }
}

/** Fills the structure at INFO_BASE, and sets the screen mode that the kernel asks for. */
export function* fillMultibootInfo(
  call: Call,
  kernel: KernelBoot,
  modules: readonly PlacedModule[],
  video: { linear: boolean; width: number; height: number; depth: number } | undefined,
): Steps {
  const { config, memory } = call.machine
  const writer = new Writer(call)
  const set = (offset: number, value: number) => memory.write(INFO_BASE + offset, 4, value)
  memory.writeBytes(INFO_BASE, new Uint8Array(INFO_BYTES))
  set(0, MEMORY | COMMAND_LINE | MODULES | MEMORY_MAP | LOADER_NAME | FRAME_BUFFER)
  set(4, 639)
  set(8, Math.max(0, usableEnd(config) - 0x10_0000) >>> 10)
  set(16, writer.text(kernel.commandLine))
  set(20, modules.length)
  set(24, writer.words(modules.flatMap(({ start, end, commandLine }) => [start, end, writer.text(commandLine), 0])))
  const map = memoryRegions(config).flatMap(({ base, bytes, type }) => [20, base, 0, bytes, 0, type])
  set(44, map.length * 4)
  set(48, writer.words(map))
  set(64, writer.text(LOADER))
  yield* fillFrameBuffer(call, video)
}

function* fillFrameBuffer(
  call: Call,
  video: { linear: boolean; width: number; height: number; depth: number } | undefined,
): Steps {
  const { memory } = call.machine
  const set = (offset: number, value: number, size: 1 | 4 = 4) => memory.write(INFO_BASE + offset, size, value)
  if (video?.linear) yield* setNearestVbeMode(call, video.width || 1024, video.height || 768, video.depth || 32)
  const mode = video?.linear ? yield* currentVbeMode(call) : undefined
  if (!mode) {
    set(88, 0xb_8000)
    set(96, 160)
    set(100, 80)
    set(104, 25)
    set(108, 16, 1)
    set(109, TEXT_FRAME_BUFFER, 1)
    return
  }
  set(88, mode.address)
  set(96, mode.pitch)
  set(100, mode.width)
  set(104, mode.height)
  set(108, mode.bitsPerPixel, 1)
  set(109, mode.bitsPerPixel === 8 ? INDEXED_FRAME_BUFFER : RGB_FRAME_BUFFER, 1)
  mode.masks.forEach(([position, size], i) => {
    set(110 + 2 * i, position, 1)
    set(111 + 2 * i, size, 1)
  })
}
