/** The way between processor and planes, against a model that follows the reference manual plane by plane and bit by bit. */
import { beforeEach, describe, expect, it } from 'vitest'
import { Random } from '../../../support/random.ts'
import { VGA_MODES } from '../../../support/vga-modes.ts'
import { VgaRig } from '../../../support/vga-rig.ts'

/** Four planes of bits and the registers that lead to them, without any of the device's tricks. */
class PlaneModel {
  readonly planes = Array.from({ length: 4 }, () => new Uint8Array(0x1_0000))
  readonly latches = new Uint8Array(4)
  readonly sequencer = new Uint8Array(8)
  readonly graphics = new Uint8Array(16)

  /** Plane and its address for each plane that an access at `offset` from the window's start concerns. */
  #address(offset: number): number {
    if (this.sequencer[4]! & 8) return offset >> 2
    if (this.graphics[6]! & 2) return (offset & 0xfffe) | (offset >> 16)
    return offset & 0xffff
  }

  read(offset: number): number {
    const address = this.#address(offset)
    for (let plane = 0; plane < 4; plane++) this.latches[plane] = this.planes[plane]![address]!
    if (this.graphics[5]! & 8) {
      let result = 0
      for (let bit = 0; bit < 8; bit++) {
        let same = true
        for (let plane = 0; plane < 4; plane++) {
          const care = (this.graphics[7]! >> plane) & 1
          const wanted = (this.graphics[2]! >> plane) & 1
          if (care && ((this.latches[plane]! >> bit) & 1) !== wanted) same = false
        }
        if (same) result |= 1 << bit
      }
      return result
    }
    if (this.sequencer[4]! & 8) return this.latches[offset & 3]!
    const select = this.graphics[4]! & 3
    return this.latches[this.graphics[5]! & 0x10 ? (select & 2) + (offset & 1) : select]!
  }

  write(offset: number, value: number): void {
    const address = this.#address(offset)
    for (let plane = 0; plane < 4; plane++) {
      if (!((this.sequencer[2]! >> plane) & 1)) continue
      if (this.sequencer[4]! & 8 && plane !== (offset & 3)) continue
      const oddEven = !(this.sequencer[4]! & 8) && !(this.sequencer[4]! & 4)
      if (oddEven && (plane & 1) !== (offset & 1)) continue
      this.planes[plane]![address] = this.#result(plane, value)
    }
  }

  #result(plane: number, value: number): number {
    const mode = this.graphics[5]! & 3
    if (mode === 1) return this.latches[plane]!
    const turn = this.graphics[3]! & 7
    let rotated = value
    for (let i = 0; i < turn; i++) rotated = (rotated >> 1) | ((rotated & 1) << 7)
    const setReset = (this.graphics[0]! >> plane) & 1 ? 0xff : 0
    let data = rotated
    let mask = this.graphics[8]!
    if (mode === 0 && (this.graphics[1]! >> plane) & 1) data = setReset
    if (mode === 2) data = (value >> plane) & 1 ? 0xff : 0
    if (mode === 3) {
      data = setReset
      mask &= rotated
    }
    let result = 0
    for (let bit = 0; bit < 8; bit++) {
      const latch = (this.latches[plane]! >> bit) & 1
      let dot = (data >> bit) & 1
      const operation = (this.graphics[3]! >> 3) & 3
      if (operation === 1) dot = dot && latch
      if (operation === 2) dot = dot || latch
      if (operation === 3) dot = dot === latch ? 0 : 1
      result |= ((mask >> bit) & 1 ? dot : latch) << bit
    }
    return result
  }
}

/** Device and model side by side: every register write goes to both. */
class Pair {
  readonly rig = new VgaRig()
  readonly model = new PlaneModel()

  constructor() {
    this.rig.setMode(VGA_MODES[18])
    for (const [index, value] of VGA_MODES[18].sequencer.entries()) this.model.sequencer[index] = value
    for (const [index, value] of VGA_MODES[18].graphics.entries()) this.model.graphics[index] = value
  }

  sequencer(index: number, value: number): void {
    this.rig.sequencer(index, value)
    this.model.sequencer[index] = this.rig.indexed(0x3c4, index)
  }

  graphics(index: number, value: number): void {
    this.rig.graphics(index, value)
    this.model.graphics[index] = this.rig.indexed(0x3ce, index)
  }

  /** All planes of the device, read through its own read mode 0. */
  expectSamePlanes(bytes: number): void {
    this.sequencer(4, 6)
    this.graphics(5, 0)
    this.graphics(6, 5)
    for (let plane = 0; plane < 4; plane++) {
      this.graphics(4, plane)
      const seen = new Uint8Array(bytes)
      this.rig.context.memory.readBytes(0xa_0000, seen)
      expect(seen).toEqual(this.model.planes[plane]!.slice(0, bytes))
    }
  }
}

describe('every combination of registers', () => {
  it.each([3, 0xabcdef])('reads and writes planes as the manual says (seed %i)', (seed) => {
    const pair = new Pair()
    const random = new Random(seed)
    const map = pair.rig.context.memory
    for (let step = 0; step < 40_000; step++) {
      const kind = random.below(12)
      const offset = random.below(256)
      if (kind === 0) pair.sequencer(random.pick([2, 4]), random.next() & 0x0f)
      else if (kind < 3) {
        const index = random.pick([0, 1, 2, 3, 4, 5, 6, 7, 8])
        // Always a graphics window of 64 KiB; the map select has tests of its own.
        pair.graphics(index, index === 6 ? 5 | (random.next() & 2) : random.next() & 0xff)
      } else if (kind < 7) {
        const size = random.pick([1, 2, 4] as const)
        let expected = 0
        for (let i = 0; i < size; i++) expected |= pair.model.read(offset + i) << (8 * i)
        expect(map.read(0xa_0000 + offset, size)).toBe(expected >>> 0)
      } else {
        const size = random.pick([1, 2, 4] as const)
        const value = random.next()
        for (let i = 0; i < size; i++) pair.model.write(offset + i, (value >>> (8 * i)) & 0xff)
        map.write(0xa_0000 + offset, size, value)
      }
    }
    pair.expectSamePlanes(512)
  })
})

describe('the literal cases', () => {
  let rig: VgaRig

  beforeEach(() => {
    rig = new VgaRig()
    rig.setMode(VGA_MODES[18])
  })

  const plane = (number: number, offset: number): number => {
    rig.graphics(5, 0)
    rig.graphics(4, number)
    return rig.peek(0xa_0000 + offset)
  }

  it('write mode 0 rotates, sets and resets, and masks bits', () => {
    rig.sequencer(2, 0x0f)
    rig.poke(0xa_0000, 0xf0)
    rig.peek(0xa_0000)
    rig.graphics(0, 0x01) // plane 0 is set,
    rig.graphics(1, 0x03) // plane 1 reset,
    rig.graphics(3, 0x04) // planes 2 and 3 take the byte turned by four
    rig.graphics(8, 0x3c)
    rig.poke(0xa_0000, 0x1e)
    expect([0, 1, 2, 3].map((number) => plane(number, 0))).toEqual([0xfc, 0xc0, 0xe0, 0xe0])
  })

  it('write mode 1 copies all planes through the latches', () => {
    rig.sequencer(2, 0x0f)
    rig.graphics(5, 2)
    rig.poke(0xa_0000, 0x05)
    rig.graphics(5, 1)
    rig.peek(0xa_0000)
    rig.poke(0xa_0010, 0x00)
    expect([0, 1, 2, 3].map((number) => plane(number, 0x10))).toEqual([0xff, 0, 0xff, 0])
  })

  it('write mode 3 uses the byte as a mask for the set/reset colour', () => {
    rig.sequencer(2, 0x0f)
    rig.graphics(0, 0x0a)
    rig.graphics(5, 3)
    rig.peek(0xa_0000)
    rig.poke(0xa_0000, 0x81)
    expect([0, 1, 2, 3].map((number) => plane(number, 0))).toEqual([0, 0x81, 0, 0x81])
  })

  it('read mode 1 finds a colour', () => {
    rig.sequencer(2, 0x01)
    rig.poke(0xa_0000, 0xf0)
    rig.sequencer(2, 0x02)
    rig.poke(0xa_0000, 0xcc)
    rig.graphics(2, 0x01)
    rig.graphics(7, 0x03)
    rig.graphics(5, 8)
    expect(rig.peek(0xa_0000)).toBe(0x30)
    rig.graphics(7, 0x01)
    expect(rig.peek(0xa_0000)).toBe(0xf0)
  })
})

describe('the window', () => {
  it('is where the memory map select puts it, and nowhere without the RAM enable bit', () => {
    const rig = new VgaRig()
    rig.setMode(VGA_MODES[18])
    rig.sequencer(2, 1)
    const answers = (): string =>
      [0xa_0000, 0xa_ffff, 0xb_0000, 0xb_7fff, 0xb_8000, 0xb_ffff]
        .map((gpa) => {
          rig.poke(gpa, 0x5a)
          return rig.peek(gpa) === 0x5a ? '1' : '0'
        })
        .join('')
    const seen = [0x01, 0x05, 0x09, 0x0d].map((value) => {
      rig.graphics(6, value)
      return answers()
    })
    expect(seen).toEqual(['111111', '110000', '001100', '000011'])
    rig.graphics(6, 0x05)
    rig.out(0x3c2, 0xe1)
    expect(answers()).toBe('000000')
  })

  it('keeps characters and attributes of text in planes 0 and 1 at even addresses', () => {
    const rig = new VgaRig()
    rig.setMode(VGA_MODES[3])
    rig.poke(0xb_8000, 0x41, 0x1f, 0x42, 0x2e)
    const { vram } = rig.context.memory.memory
    expect(Array.from(vram.subarray(0, 16))).toEqual([0x41, 0x1f, 0, 0, 0, 0, 0, 0, 0x42, 0x2e, 0, 0, 0, 0, 0, 0])
    expect([0, 1, 2, 3].map((i) => rig.peek(0xb_8000 + i))).toEqual([0x41, 0x1f, 0x42, 0x2e])
  })

  it('is plain memory in mode 13h, and the handler comes back with every register that is in the way', () => {
    const rig = new VgaRig()
    const map = rig.context.memory
    const direct = (): boolean => map.hostForWrite(0xa_0000) >= 0
    rig.setMode(VGA_MODES[18])
    expect(direct()).toBe(false)
    rig.setMode(VGA_MODES[19])
    expect([direct(), map.hostForWrite(0xb_0000)]).toEqual([true, -1])
    rig.poke(0xa_0005, 0x77)
    expect(map.memory.vram[5]).toBe(0x77)
    const inTheWay: [file: 'sequencer' | 'graphics', index: number, value: number][] = [
      ['sequencer', 2, 0x07],
      ['sequencer', 4, 0x06],
      ['graphics', 1, 0x01],
      ['graphics', 3, 0x01],
      ['graphics', 3, 0x08],
      ['graphics', 5, 0x41],
      ['graphics', 5, 0x48],
      ['graphics', 6, 0x01],
      ['graphics', 8, 0x7f],
    ]
    for (const [file, index, value] of inTheWay) {
      const before = rig.indexed(file === 'sequencer' ? 0x3c4 : 0x3ce, index)
      rig[file](index, value)
      expect(direct(), `${file} ${index} = ${value}`).toBe(false)
      rig[file](index, before)
      expect(direct(), `${file} ${index} again`).toBe(true)
    }
  })

  it('reaches memory in the same way through the handler in chain 4', () => {
    const rig = new VgaRig()
    rig.setMode(VGA_MODES[19])
    rig.poke(0xa_0000, 1, 2, 3, 4, 5)
    rig.sequencer(2, 0x03)
    rig.poke(0xa_0000, 9, 9, 9, 9, 9)
    expect([0, 1, 2, 3, 4].map((i) => rig.peek(0xa_0000 + i))).toEqual([9, 9, 3, 4, 9])
  })
})
