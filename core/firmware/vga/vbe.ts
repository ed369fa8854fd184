/** INT 10h AH=4Fh: VBE 3.0 (VBE Core Functions 3.0; VBE/PM 1.0; VBE/DDC 1.1). AX=004Fh is success. */
import { BDA } from '../bios/bda.ts'
import { type Call, ES, type Steps } from '../call.ts'
import { VGA_ROM_BASE } from '../rom/layout.ts'
import { vgaLabels } from '../rom/vga-rom.ts'
import {
  DAC_DATA,
  DAC_WRITE_INDEX,
  DISPI,
  getDac,
  getDispi,
  getIndexed,
  hasDispi,
  SEQUENCER,
  setDispi,
  setIndexed,
} from './registers.ts'
import { restoreState, saveState, stateBytes } from './save-restore.ts'
import { availableModes, frameBuffer, monitorData, videoMemory } from './vbe-adapter.ts'
import { controllerInformation, modeInformation } from './vbe-information.ts'
import { LINEAR, setVbeMode } from './vbe-mode-set.ts'
import { colourMasks } from './vbe-modes.ts'
import { VBE_ACTIVE } from './video-state.ts'

const SUCCESS = 0x004f
const FAILED = 0x014f
/** Not in this mode. */
const INVALID = 0x034f
const UNSUPPORTED = 0x0100
const DAC_8_BIT = 0x20
const NO_CLEAR = 0x80
const SCREEN_OFF = 0x20
/** Standby, suspend and off, all by switching the picture off. */
const POWER_STATES = 0x07
const BLANK_AFTER_RETRACE = 0x80

export function* vbeService(call: Call): Steps {
  if (!(yield* hasDispi(call))) {
    call.ax = UNSUPPORTED
    return
  }
  switch (call.al) {
    case 0x00:
      yield* controllerInformation(call)
      return succeed(call)
    case 0x01:
      return finish(call, yield* modeInformation(call))
    case 0x02:
      return finish(call, yield* setVbeMode(call, call.bx))
    case 0x03:
      return currentModeNumber(call)
    case 0x04:
      return yield* stateService(call)
    case 0x05:
      return yield* window(call)
    case 0x06:
      return yield* scanLine(call)
    case 0x07:
      return yield* displayStart(call)
    case 0x08:
      return yield* dacWidth(call)
    case 0x09:
      return yield* palette(call)
    case 0x0a:
      return protectedInterface(call)
    case 0x0b: // pixel clock: any, the picture has no beam to follow it
      return finish(call, call.bl === 0)
    case 0x10:
      return yield* power(call)
    case 0x15:
      return yield* monitor(call)
    default:
      call.ax = UNSUPPORTED
  }
}

function succeed(call: Call): void {
  call.ax = SUCCESS
}

function finish(call: Call, good: boolean): void {
  call.ax = good ? SUCCESS : FAILED
}

function inVbeMode({ machine }: Call): boolean {
  return (machine.readLinear16(BDA.vbeMode) & VBE_ACTIVE) !== 0
}

function currentModeNumber(call: Call): void {
  const { machine } = call
  const keep = machine.readLinear8(BDA.videoControl) & 0x80 ? 0x8000 : 0
  const word = machine.readLinear16(BDA.vbeMode)
  call.bx = (word & VBE_ACTIVE ? word & ~VBE_ACTIVE : machine.readLinear8(BDA.videoMode)) | keep
  succeed(call)
}

/** DL: 0 size in blocks of 64 bytes, 1 save, 2 restore; CX which states, ES:BX the buffer. */
function* stateService(call: Call): Steps {
  const mask = call.cx & 0x0f
  const buffer = call.linear(ES, call.bx)
  if (call.dl === 0) call.bx = Math.ceil(stateBytes(mask) / 64)
  else if (call.dl === 1) yield* saveState(call, mask, buffer)
  else if (call.dl === 2) yield* restoreState(call, mask, buffer)
  finish(call, call.dl <= 2)
}

/** BH: 0 sets the window's bank to DX, 1 returns it; BL is the window, A alone. */
function* window(call: Call): Steps {
  if (!inVbeMode(call) || call.machine.readLinear16(BDA.vbeMode) & LINEAR) {
    call.ax = INVALID
    return
  }
  if (call.bl !== 0 || call.bh > 1) return finish(call, false)
  if (call.bh === 1) call.dx = yield* getDispi(call, DISPI.bank)
  else {
    if (call.dx >= (yield* getDispi(call, DISPI.memory64k))) return finish(call, false)
    yield* setDispi(call, DISPI.bank, call.dx)
  }
  succeed(call)
}

/** Far call to the window function: as AX=4F05h, but only BX and DX count. */
export function* windowFunction(call: Call): Steps {
  yield* window(call)
}

function* bytesPerPixel(call: Call): Steps<number> {
  const bits = yield* getDispi(call, DISPI.bpp)
  return bits === 4 ? 1 / 8 : Math.ceil(bits / 8)
}

/** BL: 0 sets the length in pixels, 2 in bytes, 1 returns it, 3 returns the longest. */
function* scanLine(call: Call): Steps {
  if (!inVbeMode(call)) {
    call.ax = INVALID
    return
  }
  if (call.bl > 3) return finish(call, false)
  const size = yield* bytesPerPixel(call)
  const memory = yield* videoMemory(call)
  const planes = size < 1 ? 4 : 1
  const height = yield* getDispi(call, DISPI.yres)
  const longest = Math.floor(memory / planes / height / size) & ~7
  if (call.bl === 3) {
    call.bx = Math.min(longest * size, 0xffff)
    call.cx = Math.min(longest, 0xffff)
    call.dx = height
    return succeed(call)
  }
  if (call.bl !== 1) {
    const wanted = call.bl === 0 ? call.cx : Math.floor(call.cx / size)
    if (wanted > longest) {
      call.ax = 0x024f
      return
    }
    yield* setDispi(call, DISPI.virtualWidth, (wanted + 7) & ~7)
  }
  const pixels = yield* getDispi(call, DISPI.virtualWidth)
  call.cx = pixels
  call.bx = pixels * size
  call.dx = Math.min(Math.floor(memory / planes / (pixels * size)), 0xffff)
  succeed(call)
}

/** BL: 0 (80h: in the next retrace) sets the first pixel to CX, DX; 1 returns it. */
function* displayStart(call: Call): Steps {
  if (!inVbeMode(call)) {
    call.ax = INVALID
    return
  }
  const request = call.bl & ~BLANK_AFTER_RETRACE
  if (request === 0) {
    yield* setDispi(call, DISPI.xOffset, call.cx)
    yield* setDispi(call, DISPI.yOffset, call.dx)
    const [x, y] = [yield* getDispi(call, DISPI.xOffset), yield* getDispi(call, DISPI.yOffset)]
    return finish(call, x === call.cx && y === call.dx)
  }
  if (request !== 1) return finish(call, false)
  call.cx = yield* getDispi(call, DISPI.xOffset)
  call.dx = yield* getDispi(call, DISPI.yOffset)
  call.bh = 0
  succeed(call)
}

/** BL: 0 sets the DAC to BH bits a colour (6 or 8), 1 returns it. */
function* dacWidth(call: Call): Steps {
  if ((yield* getDispi(call, DISPI.bpp)) > 8 && inVbeMode(call)) {
    call.ax = INVALID
    return
  }
  if (call.bl > 1) return finish(call, false)
  let enable = yield* getDispi(call, DISPI.enable)
  if (call.bl === 0) {
    enable = call.bh >= 8 ? enable | DAC_8_BIT : enable & ~DAC_8_BIT
    yield* setDispi(call, DISPI.enable, enable | NO_CLEAR)
  }
  call.bh = enable & DAC_8_BIT ? 8 : 6
  succeed(call)
}

/** BL: 0 (80h: in the retrace) sets, 1 returns CX colours from DX on at ES:DI, four bytes each: blue, green, red, none. */
function* palette(call: Call): Steps {
  const request = call.bl & ~BLANK_AFTER_RETRACE
  const count = Math.min(call.cx, 256)
  const buffer = call.linear(ES, call.di)
  const bytes = new Uint8Array(4 * count)
  if (request > 1) return finish(call, false)
  yield* call.touch(buffer, bytes.length, request === 1)
  if (request === 1) {
    const colours = yield* getDac(call, call.dx, count)
    for (let i = 0; i < count; i++) bytes.set([colours[3 * i + 2], colours[3 * i + 1], colours[3 * i], 0], 4 * i)
    yield* call.touch(buffer, bytes.length, true)
    call.machine.writeLinearBytes(buffer, bytes)
    return succeed(call)
  }
  call.machine.readLinearBytes(buffer, bytes)
  yield* call.out8(DAC_WRITE_INDEX, call.dl)
  for (let i = 0; i < count; i++) for (const part of [2, 1, 0]) yield* call.out8(DAC_DATA, bytes[4 * i + part])
  succeed(call)
}

/** ES:DI the table of the 32-bit functions, CX its length. */
function protectedInterface(call: Call): void {
  if (call.bl !== 0) return finish(call, false)
  const label = vgaLabels()
  call.returnEs = VGA_ROM_BASE >>> 4
  call.di = label('vbe_protected')
  call.cx = label('vbe_protected_end') - label('vbe_protected')
  succeed(call)
}

/** VBE/PM. BL: 0 capabilities, 1 sets the state in BH, 2 returns it. */
function* power(call: Call): Steps {
  const clocking = yield* getIndexed(call, SEQUENCER, 1)
  if (call.bl === 0) {
    call.bl = 0x20
    call.bh = POWER_STATES
  } else if (call.bl === 1) {
    yield* setIndexed(call, SEQUENCER, 1, call.bh === 0 ? clocking & ~SCREEN_OFF : clocking | SCREEN_OFF)
  } else if (call.bl === 2) call.bh = clocking & SCREEN_OFF ? 4 : 0
  else return finish(call, false)
  succeed(call)
}

/** VBE/DDC. BL: 0 capabilities (DDC2, one second a block), 1 reads block DX to ES:DI. */
function* monitor(call: Call): Steps {
  const data = monitorData(call)
  if (!data || call.bl > 1 || (call.bl === 1 && call.dx !== 0)) return finish(call, false)
  if (call.bl === 0) call.bx = 0x0102
  else {
    const into = call.linear(ES, call.di)
    yield* call.touch(into, data.length, true)
    call.machine.writeLinearBytes(into, data)
  }
  succeed(call)
}

/** A linear mode as a kernel's boot information describes it. */
export interface LinearMode {
  readonly address: number
  readonly pitch: number
  readonly width: number
  readonly height: number
  readonly bitsPerPixel: number
  readonly masks: readonly (readonly [position: number, size: number])[]
}

/** Sets the smallest linear mode that is at least as large as wanted, with the wanted depth or else the deepest. */
export function* setNearestVbeMode(call: Call, width: number, height: number, depth: number): Steps {
  if (!(yield* hasDispi(call))) return
  const modes = availableModes(yield* videoMemory(call)).filter((mode) => mode.bitsPerPixel >= 8)
  const cost = (mode: (typeof modes)[number]) =>
    (mode.width < width || mode.height < height ? 1e9 : 0) +
    Math.abs(mode.width * mode.height - width * height) * 10 +
    (mode.bitsPerPixel === depth ? 0 : 40 - mode.bitsPerPixel)
  const best = modes.sort((a, b) => cost(a) - cost(b))[0]
  if (best) yield* setVbeMode(call, best.number | LINEAR)
}

/** The linear mode that is set, or undefined. */
export function* currentVbeMode(call: Call): Steps<LinearMode | undefined> {
  const address = frameBuffer(call)
  if (!inVbeMode(call) || address === 0) return undefined
  const bitsPerPixel = yield* getDispi(call, DISPI.bpp)
  const width = yield* getDispi(call, DISPI.xres)
  const pitch = (yield* getDispi(call, DISPI.virtualWidth)) * Math.ceil(bitsPerPixel / 8)
  const height = yield* getDispi(call, DISPI.yres)
  return { address, pitch, width, height, bitsPerPixel, masks: colourMasks(bitsPerPixel).slice(0, 3) }
}
