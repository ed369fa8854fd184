/** Whole text screens in our fonts, as a person looked at them. */
import { describe, it } from 'vitest'
import { CODE_PAGE_437 } from '../../../../core/base/code-page-437.ts'
import { font8x8 } from '../../../../core/firmware/fonts/font-8x8.ts'
import { font8x14 } from '../../../../core/firmware/fonts/font-8x14.ts'
import { font8x16 } from '../../../../core/firmware/fonts/font-8x16.ts'
import { expectGolden } from '../../../support/golden-picture.ts'
import { VGA_MODES } from '../../../support/vga-modes.ts'
import { VgaRig } from '../../../support/vga-rig.ts'

const LINES: readonly (readonly [row: number, column: number, attribute: number, text: string])[] = [
  [0, 0, 0x1f, ' Vitrine   File  Machine  View  Help'.padEnd(80)],
  [2, 2, 0x07, 'The quick brown fox jumps over the lazy dog. 0123456789'],
  [3, 2, 0x0f, 'THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG! "#$%&\'()*+,-./:;<=>?@'],
  [4, 2, 0x0e, 'C:\\DOS>dir /w [~{|}^_`]  Grüße, señor! Ça va très bien, ångström'],
  [6, 2, 0x1b, '╔══════════╤═════╗ ┌──────────┬─────┐ ╒══════╤══╕ ╓──────╥──╖'],
  [7, 2, 0x1b, '║ double   │  ╬  ║ │ single   │  ┼  │ │  ╪   │  │ ║  ╫   ║  ║'],
  [8, 2, 0x1b, '╟──────────┼─────╢ ├──────────┼─────┤ ╞══════╪══╡ ╟──────╫──╢'],
  [9, 2, 0x1b, '╚══════════╧═════╝ └──────────┴─────┘ ╘══════╧══╛ ╙──────╨──╜'],
  [10, 2, 0x1b, '╠══════════╦═════╣ ▐█▌ ▄▀▄▀ ░░▒▒▓▓██  ╠══╩═══╬══╣            '],
  [12, 2, 0x0a, 'αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■  ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼⌂'],
  [13, 2, 0x0d, '½¼¡«»¿⌐¬ªº¢£¥₧ƒ ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜáíóúñÑ'],
  [15, 2, 0x70, ' OK '],
  [15, 8, 0x4f, ' Cancel '],
]

function screen(rig: VgaRig, columns: number): void {
  for (let i = 0; i < 4000; i++) rig.type(' ', { at: i })
  for (const [row, column, attribute, text] of LINES) {
    const codes = [...text].slice(0, columns - column).map((character) => CODE_PAGE_437.indexOf(character, 1))
    rig.type(String.fromCharCode(...codes), { at: row * columns + column, attribute })
  }
  for (let attribute = 0; attribute < 256; attribute++) {
    const at = (17 + (attribute >> 6)) * columns + ((attribute & 63) % columns)
    rig.type('A', { at, attribute: attribute & 0x7f })
  }
  rig.crtc(0x0a, 0x20)
}

describe('a text screen', () => {
  it('of 80 by 25', () => {
    const rig = new VgaRig()
    rig.setMode(VGA_MODES[3])
    rig.loadFont(font8x16, 16)
    screen(rig, 80)
    expectGolden(rig.picture(), 'display/text-80x25.png')
  })

  it('of 80 by 50', () => {
    const rig = new VgaRig()
    rig.setMode(VGA_MODES[3])
    rig.loadFont(font8x8, 8)
    rig.crtc(0x09, 0x47)
    screen(rig, 80)
    expectGolden(rig.picture(), 'display/text-80x50.png')
  })

  it('of 80 by 28 in the font of 14 lines', () => {
    const rig = new VgaRig()
    rig.setMode(VGA_MODES[3])
    rig.loadFont(font8x14, 14)
    rig.crtc(0x09, 0x4d)
    rig.sequencer(1, 1)
    screen(rig, 80)
    expectGolden(rig.picture(), 'display/text-80x28.png')
  })

  it('of 40 by 25', () => {
    const rig = new VgaRig()
    rig.setMode(VGA_MODES[1])
    rig.loadFont(font8x16, 16)
    screen(rig, 40)
    expectGolden(rig.picture(), 'display/text-40x25.png')
  })
})
