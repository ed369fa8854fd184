/** INT 10h. */
import { type Call, ES, type Steps } from '../call.ts'
import { readCharacter, teletype, writeCharacters, writeString } from './characters.ts'
import { readCursor, selectPage, setCursorPosition, setCursorShape } from './cursor.ts'
import { alternateSelect, displayCombination, functionalityState, readMode } from './display-services.ts'
import { fontService } from './font-services.ts'
import { setVideoMode } from './mode-set.ts'
import { cgaPalette, paletteService } from './palette-services.ts'
import { readPixel, writePixel } from './pixels.ts'
import { saveRestoreService } from './save-restore.ts'
import { scrollService } from './scroll.ts'
import { vbeService } from './vbe.ts'

/** What AL is after a mode set, for the modes whose caller may look at it. */
function modeResult(number: number): number {
  const mode = number & 0x7f
  return mode > 7 ? 0x20 : mode === 6 ? 0x3f : 0x30
}

export function* videoService(call: Call): Steps {
  switch (call.ah) {
    case 0x00: {
      const number = call.al
      if (yield* setVideoMode(call, number)) call.al = modeResult(number)
      return
    }
    case 0x01:
      return yield* setCursorShape(call, call.cx)
    case 0x02:
      return yield* setCursorPosition(call, call.bh, call.dh, call.dl)
    case 0x03:
      return readCursor(call)
    case 0x04: // light pen: none
      call.ah = 0
      return
    case 0x05:
      return yield* selectPage(call, call.al)
    case 0x06:
    case 0x07:
      return yield* scrollService(call)
    case 0x08:
      return yield* readCharacter(call)
    case 0x09:
    case 0x0a:
      return yield* writeCharacters(call)
    case 0x0b:
      return yield* cgaPalette(call)
    case 0x0c:
      return yield* writePixel(call)
    case 0x0d:
      return yield* readPixel(call)
    case 0x0e:
      return yield* teletype(call)
    case 0x0f:
      return readMode(call)
    case 0x10:
      return yield* paletteService(call)
    case 0x11:
      return yield* fontService(call)
    case 0x12:
      return yield* alternateSelect(call)
    case 0x13:
      return yield* writeString(call)
    case 0x1a:
      return displayCombination(call)
    case 0x1b:
      return yield* functionalityState(call)
    case 0x1c:
      return yield* saveRestoreService(call, call.linear(ES, call.bx))
    case 0x4f:
      return yield* vbeService(call)
  }
}
