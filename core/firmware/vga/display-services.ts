/** INT 10h AH=0Fh, 12h, 1Ah, 1Bh: settings and state of the display. */
import { BDA } from '../bios/bda.ts'
import { type Call, ES, type Steps } from '../call.ts'
import { VGA, vgaPointer } from '../rom/vga-layout.ts'
import { getIndexed, MISC_READ, MISC_WRITE, SEQUENCER, setIndexed } from './registers.ts'
import { currentMode } from './video-state.ts'

const FUNCTION_DONE = 0x12
const STATE_BYTES = 64
const SCREEN_OFF = 0x20
const MEMORY_ENABLED = 0x02
/** 0040:0089. */
const KEEP_PALETTE = 0x08
const GREY = 0x02
const LINES_400 = 0x10
const LINES_200 = 0x80
/** VGA with a colour monitor. */
const DISPLAY_CODE = 8

/** AH=0Fh. */
export function readMode(call: Call): void {
  const { machine } = call
  call.al = machine.readLinear8(BDA.videoMode) | (machine.readLinear8(BDA.videoControl) & 0x80)
  call.ah = machine.readLinear16(BDA.columns)
  call.bh = machine.readLinear8(BDA.page)
}

/** AH=12h. */
export function* alternateSelect(call: Call): Steps {
  const { machine } = call
  switch (call.bl) {
    case 0x10: // colour, 256 KiB, switches
      call.bh = machine.readLinear16(BDA.crtcPort) === 0x3b4 ? 1 : 0
      call.bl = 3
      call.cl = machine.readLinear8(BDA.videoSwitches) & 0x0f
      call.ch = 0 // nothing on the feature connector
      return
    case 0x20: // print screen: the standard one
      return
    case 0x30:
      return selectScanLines(call)
    case 0x31:
      return setFlag(call, BDA.vgaFlags, KEEP_PALETTE, call.al === 1)
    case 0x32: {
      const misc = yield* call.in8(MISC_READ)
      yield* call.out8(MISC_WRITE, call.al & 1 ? misc & ~MEMORY_ENABLED : misc | MEMORY_ENABLED)
      call.al = FUNCTION_DONE
      return
    }
    case 0x33:
      return setFlag(call, BDA.vgaFlags, GREY, call.al === 0)
    case 0x34:
      return setFlag(call, BDA.videoControl, 1, call.al === 1)
    case 0x35: // two displays: there is one
      call.al = FUNCTION_DONE
      return
    case 0x36: {
      const clocking = yield* getIndexed(call, SEQUENCER, 1)
      yield* setIndexed(call, SEQUENCER, 1, call.al & 1 ? clocking | SCREEN_OFF : clocking & ~SCREEN_OFF)
      call.al = FUNCTION_DONE
      return
    }
  }
}

/** AL: 0 200, 1 350, 2 400 scan lines from the next mode set on. */
function selectScanLines(call: Call): void {
  const { machine } = call
  if (call.al > 2) return
  const flags = machine.readLinear8(BDA.vgaFlags) & ~(LINES_200 | LINES_400)
  const lines = [LINES_200, 0, LINES_400][call.al]
  machine.writeLinear8(BDA.vgaFlags, flags | lines)
  const switches = machine.readLinear8(BDA.videoSwitches) & 0xf0
  machine.writeLinear8(BDA.videoSwitches, switches | (call.al === 0 ? 8 : 9))
  call.al = FUNCTION_DONE
}

function setFlag(call: Call, address: number, bit: number, on: boolean): void {
  const { machine } = call
  if (call.al > 1) return
  const value = machine.readLinear8(address)
  machine.writeLinear8(address, on ? value | bit : value & ~bit)
  call.al = FUNCTION_DONE
}

/** AH=1Ah: display combination. */
export function displayCombination(call: Call): void {
  if (call.al === 0) call.bx = DISPLAY_CODE
  else if (call.al !== 1) return
  call.al = 0x1a
}

/** AH=1Bh: ES:DI gets the state, 64 bytes, beginning with a pointer to what the adapter can do. */
export function* functionalityState(call: Call): Steps {
  if (call.bx !== 0) return
  const { machine } = call
  const into = call.linear(ES, call.di)
  yield* call.touch(into, STATE_BYTES, true)
  const state = new Uint8Array(STATE_BYTES)
  const view = new DataView(state.buffer)
  view.setUint32(0, vgaPointer(VGA.staticState), true)
  machine.readLinearBytes(BDA.videoMode, state.subarray(4, 4 + 0x1e))
  machine.readLinearBytes(BDA.rows, state.subarray(0x22, 0x25))
  state[0x25] = DISPLAY_CODE
  const mode = currentMode(call)
  const text = mode?.kind === 'text'
  view.setUint16(0x27, mode ? colours(mode.number, mode.planes, text) : 256, true)
  state[0x29] = mode ? pages(call) : 1
  const flags = machine.readLinear8(BDA.vgaFlags)
  const lines = (machine.readLinear8(BDA.rows) + 1) * machine.readLinear16(BDA.charHeight)
  state[0x2a] = lines <= 200 ? 0 : lines <= 350 ? 1 : lines <= 400 ? 2 : 3
  state[0x2d] = (flags & GREY ? 0x02 : 0) | (flags & KEEP_PALETTE ? 0x08 : 0) | 0x01 | 0x20
  state[0x31] = 3 // 256 KiB
  machine.writeLinearBytes(into, state)
  call.al = 0x1b
}

function colours(number: number, planes: number, text: boolean): number {
  if (text) return number === 7 ? 0 : 16
  return number === 0x13 ? 256 : 1 << planes
}

function pages(call: Call): number {
  const bytes = call.machine.readLinear16(BDA.pageBytes) || 1
  const window = currentMode(call)?.segment === 0xa000 ? 0x1_0000 : 0x8000
  return Math.min(8, Math.max(1, Math.floor(window / bytes)))
}
