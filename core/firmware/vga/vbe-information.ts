/** AX=4F00h and 4F01h: what the controller and a mode can do (VBE Core Functions 3.0). */
import { type Call, ES, type Steps } from '../call.ts'
import { VGA, vgaPointer } from '../rom/vga-layout.ts'
import { VBE_STRINGS } from '../rom/vga-rom.ts'
import { availableModes, frameBuffer, videoMemory } from './vbe-adapter.ts'
import { colourMasks, VBE_TEXT_MODES, type VbeMode, type VbeTextMode, vbeBytes, vbePitch } from './vbe-modes.ts'

const VBE_VERSION = 0x0300
const CAPABLE_8_BIT_DAC = 1
const CALLER_KNOWS_VBE2 = 0x3245_4256 // "VBE2"
const SIGNATURE = 0x4153_4556 // "VESA"
const INFO_BYTES = 256
const INFO2_BYTES = 512
/** Room in the block for the list of modes: up to the OEM data of VBE 2. */
const MODE_LIST = 0x22

/** Supported, with the later fields, text output by the BIOS, colour; graphics; linear frame buffer. */
const ATTRIBUTES = 0x0f
const GRAPHICS = 0x10
const LINEAR = 0x80
const READABLE_WRITABLE = 0x07
const SPARE_BITS_USABLE = 0x02
const WINDOW_KIB = 64
/** Highest pixel clock, in Hz. */
const PIXEL_CLOCK = 270_000_000

export function* controllerInformation(call: Call): Steps {
  const { machine } = call
  const into = call.linear(ES, call.di)
  yield* call.touch(into, INFO_BYTES, true)
  const wide = machine.readLinear32(into) === CALLER_KNOWS_VBE2
  const block = new Uint8Array(wide ? INFO2_BYTES : INFO_BYTES)
  const view = new DataView(block.buffer)
  const memory = yield* videoMemory(call)
  view.setUint32(0, SIGNATURE, true)
  view.setUint16(4, VBE_VERSION, true)
  view.setUint32(6, VBE_STRINGS.oem, true)
  view.setUint32(0x0a, CAPABLE_8_BIT_DAC, true)
  view.setUint16(0x0e, call.di + MODE_LIST, true)
  view.setUint16(0x10, call.selector(ES), true)
  view.setUint16(0x12, memory >>> 16, true)
  view.setUint16(0x14, 0x0100, true)
  view.setUint32(0x16, VBE_STRINGS.vendor, true)
  view.setUint32(0x1a, VBE_STRINGS.product, true)
  view.setUint32(0x1e, VBE_STRINGS.revision, true)
  const numbers = [...availableModes(memory), ...VBE_TEXT_MODES].map(({ number }) => number).sort((a, b) => a - b)
  for (const [i, number] of [...numbers, 0xffff].entries()) view.setUint16(MODE_LIST + 2 * i, number, true)
  yield* call.touch(into, block.length, true)
  machine.writeLinearBytes(into, block)
}

/** CX the mode, ES:DI the block. False when there is no such mode. */
export function* modeInformation(call: Call): Steps<boolean> {
  const number = call.cx & 0x1fff
  const memory = yield* videoMemory(call)
  const graphics = availableModes(memory).find((mode) => mode.number === number)
  const text = VBE_TEXT_MODES.find((mode) => mode.number === number)
  if (!graphics && !text) return false
  const block = new Uint8Array(INFO_BYTES)
  if (graphics) fillGraphics(call, new DataView(block.buffer), graphics, memory)
  else if (text) fillText(new DataView(block.buffer), text)
  const into = call.linear(ES, call.di)
  yield* call.touch(into, INFO_BYTES, true)
  call.machine.writeLinearBytes(into, block)
  return true
}

function fillGraphics(call: Call, view: DataView, mode: VbeMode, memory: number): void {
  const { width, height, bitsPerPixel } = mode
  const planar = bitsPerPixel === 4
  const linear = planar ? 0 : frameBuffer(call)
  const pages = Math.min(Math.floor(memory / vbeBytes(mode)) - 1, 255)
  view.setUint16(0, ATTRIBUTES | GRAPHICS | (linear ? LINEAR : 0), true)
  fillWindow(view, 0xa000)
  view.setUint32(0x0c, vgaPointer(VGA.vbeWindow), true)
  view.setUint16(0x10, vbePitch(mode), true)
  view.setUint16(0x12, width, true)
  view.setUint16(0x14, height, true)
  view.setUint8(0x16, 8)
  view.setUint8(0x17, 16)
  view.setUint8(0x18, planar ? 4 : 1)
  view.setUint8(0x19, bitsPerPixel)
  view.setUint8(0x1a, 1)
  view.setUint8(0x1b, planar ? 3 : bitsPerPixel === 8 ? 4 : 6)
  view.setUint8(0x1d, pages)
  view.setUint8(0x1e, 1)
  if (bitsPerPixel === 32) view.setUint8(0x27, SPARE_BITS_USABLE)
  view.setUint32(0x28, linear, true)
  view.setUint16(0x32, vbePitch(mode), true)
  view.setUint8(0x34, pages)
  view.setUint8(0x35, pages)
  for (const [i, [position, size]] of colourMasks(bitsPerPixel).entries()) {
    for (const at of [0x1f, 0x36]) {
      view.setUint8(at + 2 * i, size)
      view.setUint8(at + 2 * i + 1, position)
    }
  }
  view.setUint32(0x3e, PIXEL_CLOCK, true)
}

function fillWindow(view: DataView, segment: number): void {
  view.setUint8(2, READABLE_WRITABLE)
  view.setUint16(4, WINDOW_KIB, true)
  view.setUint16(6, WINDOW_KIB, true)
  view.setUint16(8, segment, true)
}

function fillText(view: DataView, { columns, rows, charHeight }: VbeTextMode): void {
  view.setUint16(0, ATTRIBUTES, true)
  fillWindow(view, 0xb800)
  view.setUint16(4, 32, true)
  view.setUint16(6, 32, true)
  view.setUint16(0x10, columns * 2, true)
  view.setUint16(0x12, columns, true)
  view.setUint16(0x14, rows, true)
  view.setUint8(0x16, charHeight === 16 && columns === 80 ? 9 : 8)
  view.setUint8(0x17, charHeight)
  view.setUint8(0x18, 4)
  view.setUint8(0x19, 4)
  view.setUint8(0x1a, 1)
  view.setUint8(0x1e, 1)
}
