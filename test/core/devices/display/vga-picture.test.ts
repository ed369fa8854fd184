/** Every standard mode: a pattern drawn as programs draw it must be on the screen, pixel by pixel. */
import { describe, expect, it } from 'vitest'
import { egaColour, VGA_MODES } from '../../../support/vga-modes.ts'
import { type Picture, rgb, VgaRig } from '../../../support/vga-rig.ts'

/** Any pattern without symmetries. */
function pattern(x: number, y: number, colours: number): number {
  return (x * 7 + y * 13 + ((x * y) >> 5)) % colours
}

function expectPicture(picture: Picture, size: readonly [number, number], colourAt: (x: number, y: number) => number) {
  expect([picture.width, picture.height]).toEqual(size)
  const wrong: string[] = []
  for (let y = 0; y < size[1]; y++) {
    for (let x = 0; x < size[0]; x++) {
      const seen = picture.pixels[y * size[0] + x]
      if (seen !== colourAt(x, y)) wrong.push(`${x},${y}: ${seen?.toString(16)}`)
    }
  }
  expect(wrong.slice(0, 5)).toEqual([])
}

/** What pixel value `pixel` looks like through the palette registers of a mode. */
function through(palette: readonly number[], pixel: number): number {
  return rgb(egaColour(palette[pixel] ?? 0))
}

/** Draws a 16-colour pixel through the planes with the bit mask, in write mode 2. */
function planarPixel(rig: VgaRig, pitch: number, x: number, y: number, colour: number): void {
  const gpa = 0xa_0000 + y * pitch + (x >> 3)
  rig.graphics(8, 0x80 >> (x & 7))
  rig.peek(gpa)
  rig.poke(gpa, colour)
}

describe.each([
  ['0Dh', VGA_MODES[13], 320, 200],
  ['0Eh', VGA_MODES[14], 640, 200],
  ['10h', VGA_MODES[16], 640, 350],
  ['12h', VGA_MODES[18], 640, 480],
])('16 colours, mode %s', (_name, mode, width, height) => {
  it('shows what is drawn through the planes', () => {
    const rig = new VgaRig()
    rig.setMode(mode)
    rig.graphics(5, 2)
    // One band of each edge and a few lines between keep the test short.
    const rows = [0, 1, 99, 100, height - 1]
    for (const y of rows) for (let x = 0; x < width; x++) planarPixel(rig, width / 8, x, y, pattern(x, y, 16))
    expectPicture(rig.picture(), [width, height], (x, y) =>
      rows.includes(y) ? through(mode.attribute, pattern(x, y, 16)) : 0,
    )
    expect(rig.frame()).toMatchObject({ aspectWidth: 4, aspectHeight: 3 })
  })
})

describe('CGA modes', () => {
  it('4: two bits a pixel, even and odd lines in halves of the memory', () => {
    const rig = new VgaRig()
    rig.setMode(VGA_MODES[4])
    for (let y = 0; y < 200; y++) {
      for (let column = 0; column < 80; column++) {
        let byte = 0
        for (let k = 0; k < 4; k++) byte = (byte << 2) | pattern(column * 4 + k, y, 4)
        rig.poke(0xb_8000 + (y & 1) * 0x2000 + (y >> 1) * 80 + column, byte)
      }
    }
    expectPicture(rig.picture(), [320, 200], (x, y) => through(VGA_MODES[4].attribute, pattern(x, y, 4)))
  })

  it('6: one bit a pixel', () => {
    const rig = new VgaRig()
    rig.setMode(VGA_MODES[6])
    for (let y = 0; y < 200; y++) {
      for (let column = 0; column < 80; column++) {
        let byte = 0
        for (let k = 0; k < 8; k++) byte = (byte << 1) | pattern(column * 8 + k, y, 2)
        rig.poke(0xb_8000 + (y & 1) * 0x2000 + (y >> 1) * 80 + column, byte)
      }
    }
    expectPicture(rig.picture(), [640, 200], (x, y) => through(VGA_MODES[6].attribute, pattern(x, y, 2)))
  })
})

/** The rig's DAC from entry 64 on is a ramp of grey. */
function entry(pixel: number): number {
  return pixel < 64 ? rgb(egaColour(pixel)) : rgb([pixel >> 2, pixel >> 2, pixel >> 2])
}

describe('256 colours', () => {
  it('13h: a byte a pixel', () => {
    const rig = new VgaRig()
    rig.setMode(VGA_MODES[19])
    for (let i = 0; i < 64_000; i++) rig.poke(0xa_0000 + i, pattern(i % 320, Math.floor(i / 320), 256))
    expectPicture(rig.picture(), [320, 200], (x, y) => entry(pattern(x, y, 256)))
  })

  it('13h: through the pixel mask', () => {
    const rig = new VgaRig()
    rig.setMode(VGA_MODES[19])
    rig.poke(0xa_0000, 0xff)
    rig.out(0x3c6, 0x0f)
    expect(rig.picture().pixels[0]).toBe(entry(0x0f))
  })

  it('mode X: 320 by 240, four pixels at each address, and pages', () => {
    const rig = new VgaRig()
    rig.setMode(VGA_MODES.x)
    const page = 0x4b00
    for (let plane = 0; plane < 4; plane++) {
      rig.sequencer(2, 1 << plane)
      for (let i = 0; i < 80 * 240; i++) {
        const [x, y] = [(i % 80) * 4 + plane, Math.floor(i / 80)]
        rig.poke(0xa_0000 + page + i, pattern(x, y, 256))
      }
    }
    rig.crtc(0x0c, page >> 8)
    rig.crtc(0x0d, page & 0xff)
    rig.context.advance(1e9 / 30)
    expectPicture(rig.picture(), [320, 240], (x, y) => entry(pattern(x, y, 256)))
    expect(rig.frame()).toMatchObject({ aspectWidth: 4, aspectHeight: 3 })
  })

  it('mode X: panned by a pixel with two steps of the panning register, wider than the screen', () => {
    const rig = new VgaRig()
    rig.setMode(VGA_MODES.x)
    rig.crtc(0x13, 60) // 480 pixels
    for (let plane = 0; plane < 4; plane++) {
      rig.sequencer(2, 1 << plane)
      for (let i = 0; i < 120 * 240; i++) {
        rig.poke(0xa_0000 + i, pattern((i % 120) * 4 + plane, Math.floor(i / 120), 256))
      }
    }
    rig.crtc(0x0d, 5)
    rig.attribute(0x13, 6)
    rig.context.advance(1e9 / 30)
    expectPicture(rig.picture(), [320, 240], (x, y) => entry(pattern(x + 23, y, 256)))
  })
})

it.each([
  ['13', 0x83, 0x2000, 0x4001],
  ['15', 0xa3, 0x8000, 0x0001],
])('brings bit %s of the address counter around in word mode', (_bit, modeControl, start, address) => {
  const rig = new VgaRig()
  rig.setMode(VGA_MODES[3])
  rig.crtc(0x17, modeControl)
  rig.crtc(0x0c, start >> 8)
  rig.context.memory.memory.vram.set([0x41, 0x07], address * 4)
  rig.context.advance(1e9 / 30)
  expect(rig.device.screenText()?.text[0]?.[0]).toBe('A')
})

describe('the split screen', () => {
  /** Lines of mode 12h filled with their number's colour, from plane address 0 on. */
  function bands(): VgaRig {
    const rig = new VgaRig()
    rig.setMode(VGA_MODES[18])
    rig.graphics(5, 2)
    for (let y = 0; y < 600; y++) for (let i = 0; i < 80; i++) rig.poke(0xa_0000 + y * 80 + i, (y >> 3) & 15)
    return rig
  }

  function setLineCompare(rig: VgaRig, line: number): void {
    rig.crtc(0x11, 0x0c)
    rig.crtc(0x18, line & 0xff)
    rig.crtc(0x07, (0x3e & ~0x10) | ((line >> 4) & 0x10))
    rig.crtc(0x09, line & 0x200 ? 0x40 : 0)
  }

  it('shows address 0 below the line, whatever the start address', () => {
    const rig = bands()
    setLineCompare(rig, 299)
    rig.crtc(0x0c, (80 * 100) >> 8)
    rig.crtc(0x0d, (80 * 100) & 0xff)
    rig.context.advance(1e9 / 30)
    expectPicture(rig.picture(), [640, 480], (_x, y) => {
      const line = y <= 299 ? y + 100 : y - 300
      return through(VGA_MODES[18].attribute, (line >> 3) & 15)
    })
  })

  it('stops pixel panning where the mode control register says so', () => {
    const rig = bands()
    rig.graphics(8, 0x80)
    for (let y = 0; y < 480; y++) {
      rig.peek(0xa_0000 + y * 80 + 1)
      rig.poke(0xa_0000 + y * 80 + 1, 15)
    }
    setLineCompare(rig, 399)
    rig.attribute(0x13, 3)
    const white = through(VGA_MODES[18].attribute, 15)
    const mark = (y: number): number =>
      rig
        .picture()
        .pixels.subarray(y * 640, y * 640 + 20)
        .indexOf(white)
    expect([mark(0), mark(400)]).toEqual([5, 5])
    rig.attribute(0x10, 0x21)
    expect([mark(0), mark(400)]).toEqual([5, 8])
  })
})

it('takes palette bits 4 to 7 from the colour select register', () => {
  const rig = new VgaRig()
  rig.setMode(VGA_MODES[18])
  rig.graphics(5, 2)
  rig.poke(0xa_0000, 1)
  rig.attribute(0x14, 0x0e)
  expect(rig.picture().pixels[0]).toBe(entry(0xc1))
  rig.attribute(0x10, 0x81)
  expect(rig.picture().pixels[0]).toBe(entry(0xe1))
})

it('leaves out planes that the colour plane enable register switches off', () => {
  const rig = new VgaRig()
  rig.setMode(VGA_MODES[18])
  rig.graphics(5, 2)
  rig.poke(0xa_0000, 0x0f)
  rig.attribute(0x12, 0x05)
  expect(rig.picture().pixels[0]).toBe(through(VGA_MODES[18].attribute, 5))
})
