/** The Bochs display interface and the PCI function, by the "VBE Display API" and QEMU's "Standard VGA" specification. */
import { beforeEach, describe, expect, it } from 'vitest'
import { VGA_MODES } from '../../../support/vga-modes.ts'
import { rgb, VgaRig } from '../../../support/vga-rig.ts'

const [ID, XRES, YRES, BPP, ENABLE, BANK, VIRT_WIDTH, VIRT_HEIGHT, X_OFFSET, Y_OFFSET, MEMORY] = Array.from(
  { length: 11 },
  (_, i) => i,
) as [number, number, number, number, number, number, number, number, number, number, number]

let rig: VgaRig

function enable(width: number, height: number, bitsPerPixel: number, flags = 0x41): void {
  rig.vbe(ENABLE, 0)
  rig.vbe(XRES, width)
  rig.vbe(YRES, height)
  rig.vbe(BPP, bitsPerPixel)
  rig.vbe(ENABLE, flags)
}

beforeEach(() => {
  rig = new VgaRig()
  rig.setMode(VGA_MODES[3])
})

describe('the registers', () => {
  it('know the interface versions B0C0h to B0C5h', () => {
    expect(rig.readVbe(ID)).toBe(0xb0c5)
    rig.vbe(ID, 0xb0c0)
    expect(rig.readVbe(ID)).toBe(0xb0c0)
    rig.vbe(ID, 0xb0c6)
    expect(rig.readVbe(ID)).toBe(0xb0c0)
  })

  it('tell the size of video memory, and what the screen can at most', () => {
    expect(rig.readVbe(MEMORY)).toBe(0x40_0000 / 0x1_0000)
    rig.vbe(ENABLE, 0x02)
    expect([XRES, YRES, BPP].map((index) => rig.readVbe(index))).toEqual([2560, 1600, 32])
    rig.vbe(ENABLE, 0)
    expect(rig.readVbe(XRES)).toBe(0)
  })

  it('make the virtual screen as large as the mode and as high as memory allows', () => {
    enable(640, 480, 32)
    const { frameBuffer } = { frameBuffer: 0x40_0000 / (640 * 4) }
    const read = (): number[] => [VIRT_WIDTH, VIRT_HEIGHT, X_OFFSET, Y_OFFSET].map((index) => rig.readVbe(index))
    expect(read()).toEqual([640, Math.floor(frameBuffer), 0, 0])
    rig.vbe(VIRT_WIDTH, 1024)
    rig.vbe(X_OFFSET, 2000)
    rig.vbe(Y_OFFSET, 100)
    expect(read()).toEqual([1024, 1024, 2000, 100])
    rig.vbe(Y_OFFSET, 9999)
    expect(read()).toEqual([1024, 1024, 384, 544])
    rig.vbe(VIRT_WIDTH, 9999)
    expect(rig.readVbe(VIRT_WIDTH)).toBe(Math.floor(0x40_0000 / 4 / 480) & ~7)
    rig.vbe(VIRT_WIDTH, 8)
    expect(rig.readVbe(VIRT_WIDTH)).toBe(640)
  })

  it('keep modes within video memory and width to whole characters', () => {
    enable(1366, 768, 32)
    expect([XRES, YRES].map((index) => rig.readVbe(index))).toEqual([1360, 768])
    enable(5000, 5000, 7)
    expect([XRES, YRES, BPP].map((index) => rig.readVbe(index))).toEqual([2560, 1600, 8])
    enable(2560, 1600, 32)
    expect([XRES, YRES].map((index) => rig.readVbe(index))).toEqual([2560, Math.floor(0x40_0000 / 4 / 2560)])
  })

  it('clear the picture when a mode is enabled, unless told not to', () => {
    const { vram } = rig.context.memory.memory
    vram.fill(0x55)
    enable(320, 200, 8, 0xc1)
    expect(vram[0]).toBe(0x55)
    enable(320, 200, 8)
    expect([vram[0], vram[320 * 200 - 1], vram[320 * 200]]).toEqual([0, 0, 0x55])
  })
})

describe('banks', () => {
  const { memory } = { memory: () => rig.context.memory }

  it('show 64 KiB of the picture at A0000h as plain memory', () => {
    enable(640, 480, 8, 0x01)
    rig.vbe(BANK, 3)
    rig.poke(0xa_1234, 0x99)
    expect(memory().memory.vram[0x3_1234]).toBe(0x99)
    expect(memory().hostForWrite(0xa_0000)).toBeGreaterThanOrEqual(0)
    expect(rig.readVbe(BANK)).toBe(3)
    rig.vbe(ENABLE, 0)
    expect(memory().hostForWrite(0xa_0000)).toBe(-1)
  })

  it('have a granularity of 32 KiB when asked for', () => {
    enable(640, 480, 8, 0x11)
    rig.vbe(BANK, 3)
    rig.poke(0xa_0000, 0x98)
    expect(memory().memory.vram[0x1_8000]).toBe(0x98)
    rig.vbe(BANK, 0x1ff)
    rig.poke(0xa_ffff, 0x97)
    expect(memory().memory.vram[0x3f_ffff]).toBe(0x97)
  })

  it('can be set apart for reading and writing', () => {
    enable(640, 480, 8, 0x01)
    rig.vbe(BANK, 0x8000 | 1)
    rig.vbe(BANK, 0x4000 | 2)
    memory().memory.vram[0x1_0007] = 0x31
    memory().write(0xa_0006, 2, 0x4433)
    expect(memory().read(0xa_0007, 1)).toBe(0x31)
    expect(Array.from(memory().memory.vram.subarray(0x2_0006, 0x2_0008))).toEqual([0x33, 0x44])
  })

  it('move planar addresses at 4 bits per pixel', () => {
    rig.setMode(VGA_MODES[18])
    enable(800, 600, 4)
    rig.vbe(BANK, 1)
    rig.sequencer(2, 0x04)
    rig.poke(0xa_0001, 0x80)
    expect(memory().memory.vram[0x1_0001 * 4 + 2]).toBe(0x80)
  })
})

describe('the linear modes', () => {
  /** Three pixels at the left end of line 1, as bytes, and what they should look like. */
  const cases: [bits: number, bytes: number[], colours: number[]][] = [
    [8, [0x04, 0x3f, 0x80], [rgb([42, 0, 0]), rgb([63, 63, 63]), rgb([32, 32, 32])]],
    [15, [0x1f, 0x00, 0xe0, 0x03, 0x00, 0x7c], [0x0000ff, 0x00ff00, 0xff0000]],
    [16, [0x1f, 0x00, 0xe0, 0x07, 0x10, 0x84], [0x0000ff, 0x00ff00, 0x848284]],
    [24, [0x01, 0x02, 0x03, 0xff, 0x00, 0x80, 0x10, 0x20, 0x30], [0x030201, 0x8000ff, 0x302010]],
    [32, [0x01, 0x02, 0x03, 0xff, 0xff, 0x00, 0x80, 0x00, 0x10, 0x20, 0x30, 0], [0x030201, 0x8000ff, 0x302010]],
  ]

  it.each(cases)('of %i bits per pixel show colours in the right order', (bits, bytes, colours) => {
    enable(64, 48, bits)
    const { vram } = rig.context.memory.memory
    const pitch = (64 * ((bits + 7) >> 3)) | 0
    vram.set(bytes, pitch)
    const { width, height, pixels } = rig.picture()
    expect([width, height]).toEqual([64, 48])
    expect(Array.from(pixels.subarray(64, 67))).toEqual(colours)
    expect(pixels[0]).toBe(0)
    expect(pixels[67]).toBe(0)
  })

  it.each(cases)('of %i bits per pixel begin at the offsets of a wider virtual screen', (bits, bytes, colours) => {
    enable(64, 48, bits)
    rig.vbe(VIRT_WIDTH, 128)
    rig.vbe(X_OFFSET, 13)
    rig.vbe(Y_OFFSET, 5)
    const bytesPerPixel = (bits + 7) >> 3
    rig.context.memory.memory.vram.set(bytes, ((5 + 47) * 128 + 13) * bytesPerPixel)
    const { pixels } = rig.picture()
    expect(Array.from(pixels.subarray(47 * 64, 47 * 64 + 3))).toEqual(colours)
  })

  it('may begin anywhere in memory, across the rows of the virtual screen', () => {
    enable(64, 48, 8)
    rig.vbe(X_OFFSET, 60)
    rig.context.memory.memory.vram[64 + 5] = 0x3f
    expect(rig.picture().pixels.indexOf(0xffffff)).toBe(9)
  })

  it('of 4 bits per pixel come from the planes, panned by single pixels', () => {
    rig.setMode(VGA_MODES[18])
    enable(800, 600, 4)
    rig.sequencer(2, 0x0f)
    rig.graphics(5, 2)
    rig.graphics(8, 0x10) // pixel 3
    rig.peek(0xa_0000 + 100)
    rig.poke(0xa_0000 + 100, 0x0c)
    const colour = rgb([63, 21, 21])
    expect(rig.picture().pixels[800 + 3]).toBe(colour)
    rig.vbe(VIRT_WIDTH, 808)
    rig.vbe(X_OFFSET, 3)
    rig.peek(0xa_0000 + 101)
    rig.poke(0xa_0000 + 101, 0x0c)
    expect(rig.picture().pixels[800]).toBe(colour)
  })

  it('are square, but the old low resolutions as wide as a monitor', () => {
    enable(800, 600, 32)
    expect(rig.frame()).toMatchObject({ width: 800, height: 600, aspectWidth: 800, aspectHeight: 600 })
    enable(640, 400, 8)
    expect(rig.frame()).toMatchObject({ width: 640, height: 400, aspectWidth: 4, aspectHeight: 3 })
  })

  it('are dark while the attribute controller keeps its palette, as drivers blank the screen', () => {
    enable(64, 48, 32)
    rig.context.memory.memory.vram.fill(0xff, 0, 64)
    rig.in(0x3da)
    rig.out(0x3c0, 0x00)
    rig.context.advance(1e9 / 30)
    expect(rig.picture().pixels[0]).toBe(0)
    rig.in(0x3da)
    rig.out(0x3c0, 0x20)
    expect(rig.picture().pixels[0]).toBe(0xffffff)
  })

  it('give the VGA mode back unharmed', () => {
    rig.loadFont()
    rig.type('A')
    const before = rig.picture()
    enable(640, 480, 32, 0xc1)
    rig.vbe(ENABLE, 0)
    expect(rig.picture()).toEqual(before)
  })
})

describe('the PCI function', () => {
  const config = (offset: number, size: 1 | 2 | 4 = 4): number => rig.context.pci.readConfig(2, 0, offset, size)
  const setConfig = (offset: number, size: 1 | 2 | 4, value: number): void =>
    rig.context.pci.writeConfig(2, 0, offset, size, value)

  function place(): void {
    setConfig(0x10, 4, 0xe000_0000)
    setConfig(0x18, 4, 0xfebf_0000)
    setConfig(0x04, 2, 0x0003)
  }

  it('is 1234:1111, a VGA, with a frame buffer and 4 KiB of registers', () => {
    expect([config(0), config(8), config(0x2c)]).toEqual([0x1111_1234, 0x0300_0002, 0x1100_1af4])
    setConfig(0x10, 4, 0xffff_ffff)
    setConfig(0x14, 4, 0xffff_ffff)
    setConfig(0x18, 4, 0xffff_ffff)
    setConfig(0x30, 4, 0xffff_ffff)
    expect([config(0x10), config(0x14), config(0x18), config(0x30)]).toEqual([0xffc0_0008, 0, 0xffff_f000, 0])
  })

  it('maps video memory straight into the address space', () => {
    place()
    enable(640, 480, 32)
    rig.context.memory.write(0xe000_0000 + 640 * 4, 4, 0x0012_3456)
    expect(rig.picture().pixels[640]).toBe(0x123456)
    expect(rig.context.memory.hostForWrite(0xe03f_f000)).toBeGreaterThanOrEqual(0)
    expect(rig.context.memory.hostForWrite(0xe040_0000)).toBe(-1)
    setConfig(0x04, 2, 0)
    expect(rig.context.memory.hostForWrite(0xe000_0000)).toBe(-1)
  })

  it('has VGA ports and VBE registers in memory', () => {
    place()
    const map = rig.context.memory
    expect(map.read(0xfebf_0500, 2)).toBe(0xb0c5)
    expect(map.read(0xfebf_0514, 2)).toBe(0x40)
    for (const [i, value] of [800, 600, 32, 0x41].entries()) map.write(0xfebf_0502 + 2 * i, 2, value)
    expect(rig.frame()).toMatchObject({ width: 800, height: 600 })
    map.write(0xfebf_0414, 2, 0x77_0f) // 3D4h, 3D5h in one access
    expect(rig.indexed(0x3d4, 0x0f)).toBe(0x77)
    expect(map.read(0xfebf_040c, 1)).toBe(0x67)
    expect([map.read(0xfebf_0600, 4), map.read(0xfebf_0604, 4)]).toEqual([8, 0x1e1e_1e1e])
  })

  it('shows a monitor that describes itself correctly', () => {
    place()
    const edid = new Uint8Array(128)
    rig.context.memory.readBytes(0xfebf_0000, edid)
    expect(Array.from(edid.subarray(0, 8))).toEqual([0, 255, 255, 255, 255, 255, 255, 0])
    expect(edid.reduce((sum, byte) => sum + byte, 0) % 256).toBe(0)
    const [width, height] = [edid[56]! | ((edid[58]! & 0xf0) << 4), edid[59]! | ((edid[61]! & 0xf0) << 4)]
    expect([edid[18], edid[19], width, height, (edid[54]! | (edid[55]! << 8)) * 10_000]).toEqual([
      1, 3, 1024, 768, 65_000_000,
    ])
    expect(new TextDecoder().decode(edid.subarray(95, 103))).toBe('Vitrine\n')
    expect(rig.context.memory.read(0xfebf_0080, 4)).toBe(0)
  })
})
