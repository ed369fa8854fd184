/** For the firmware's own screens: a text mode, whatever was set before. */
import { BDA } from '../bios/bda.ts'
import type { Call, Steps } from '../call.ts'
import { VGA_ROM_BASE } from '../rom/layout.ts'
import { setVideoMode } from './mode-set.ts'

const TEXT_80 = 3
const TEXT_MODES = [2, 3]

/** Sets mode 3 when another one is set and the video BIOS is ours. */
export function* ensureTextMode(call: Call): Steps {
  const { machine } = call
  const ours = machine.readLinear16(0x10 * 4 + 2) === VGA_ROM_BASE >>> 4
  const vbe = machine.readLinear16(BDA.vbeMode) !== 0
  if (ours && (vbe || !TEXT_MODES.includes(machine.readLinear8(BDA.videoMode)))) yield* setVideoMode(call, TEXT_80)
}
