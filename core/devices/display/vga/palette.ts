/**
 * Colours on their way to the screen: the attribute controller's sixteen palette registers, and behind them the DAC.
 *
 * Source: IBM VGA technical reference, "Attribute controller registers" 00h to 14h.
 */
import type { Dac } from './dac.ts'
import type { VgaRegisters } from './registers.ts'

/** Present colours as opaque RGBA, the red byte lowest. */
export class Palette {
  /** Of the 256 pixel values of packed and 8-bit linear modes. */
  readonly colours = new Uint32Array(256)
  /** Of the 16 pixel values of text and planar modes. */
  readonly attributes = new Uint32Array(16)

  /** Takes over registers and DAC. In graphics modes with blinking, `blinkOff` is the phase that turns pixel bit 3 around. */
  update(registers: VgaRegisters, dac: Dac, blinkOff: boolean): void {
    const { attribute, graphics } = registers
    dac.resolve(this.colours)
    const mode = attribute[0x10]
    const turn = blinkOff && mode & 0x08 && graphics[6] & 0x01 ? 8 : 0
    for (let pixel = 0; pixel < 16; pixel++) {
      let entry = attribute[(pixel & attribute[0x12]) ^ turn]
      if (mode & 0x80) entry = (entry & 0x0f) | ((attribute[0x14] & 0x03) << 4)
      entry = (entry & 0x3f) | ((attribute[0x14] & 0x0c) << 4)
      this.attributes[pixel] = this.colours[entry]
    }
  }
}
