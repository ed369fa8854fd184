/**
 * A tiny assembler for ROM images: bytes with labels. Every instruction is given as its bytes and as NASM text; the text makes
 * up a listing, and a test has NASM assemble it and compares the images, so that the two cannot disagree.
 */
import { assert } from '../../base/errors.ts'
import { encodeTrap } from '../trap.ts'

type Fixup = {
  readonly at: number
  readonly label: string
  readonly kind: 'rel8' | 'rel16' | 'rel32' | 'abs16' | 'abs32'
  readonly from?: string
}

/** A ROM image in the making. Offsets are those in the image; `abs32` labels have `linearBase` added. */
export class Assembler {
  readonly image: Uint8Array
  readonly #linearBase: number
  readonly #labels = new Map<string, number>()
  readonly #fixups: Fixup[] = []
  readonly #listing: string[] = []
  #at = 0
  #bits: 16 | 32 = 16

  /** `linearBase` is the address at which the image appears. */
  constructor(sizeBytes: number, linearBase: number) {
    this.image = new Uint8Array(sizeBytes)
    this.#linearBase = linearBase
  }

  /** Offset of the next byte. */
  get offset(): number {
    return this.#at
  }

  /** Goes on at `offset`, which must not lie before the present place: fixed entry points may not be overrun. */
  org(offset: number): void {
    assert(offset >= this.#at, `ROM code overruns ${offset.toString(16)} (is at ${this.#at.toString(16)})`)
    this.#at = offset
    this.#listing.push(`times 0x${offset.toString(16)}-($-$$) db 0`)
  }

  /** Code that follows is for 16-bit or 32-bit segments. */
  bits(bits: 16 | 32): void {
    this.#bits = bits
    this.#listing.push(`bits ${bits}`)
  }

  label(name: string): void {
    assert(!this.#labels.has(name), `ROM label ${name} is defined twice`)
    this.#labels.set(name, this.#at)
    this.#listing.push(`${name}:`)
  }

  /** One instruction: NASM text and its bytes. */
  asm(text: string, ...bytes: number[]): void {
    this.#listing.push(text)
    this.#put(bytes)
  }

  /** An instruction that ends in the 16-bit offset (32-bit linear address in 32-bit code) of a label, named in the text by `$label`. */
  asmLabel(text: string, label: string, ...bytes: number[]): void {
    const wide = this.#bits === 32
    this.#listing.push(text.replaceAll('$label', () => (wide ? `${this.#linearBase} + ${label} - $$` : label)))
    this.#put(bytes)
    this.#fix(label, wide ? 'abs32' : 'abs16')
  }

  /** In 32-bit code: an instruction that ends in a label's offset in the image, as four bytes. */
  asmOffset32(text: string, label: string, ...bytes: number[]): void {
    this.#listing.push(text.replaceAll('$label', () => `${label} - $$`))
    this.#put(bytes)
    this.#fix(label, 'abs16')
    this.#put([0, 0])
  }

  trap(service: number): void {
    const bytes = encodeTrap(service)
    this.#listing.push(`db ${bytes.join(', ')} ; trap`)
    this.#put(bytes)
  }

  /** Near jump. */
  jmp(label: string): void {
    this.#listing.push(`jmp near ${label}`)
    this.#put([0xe9])
    this.#fix(label, this.#bits === 32 ? 'rel32' : 'rel16')
  }

  call(label: string): void {
    this.#listing.push(`call ${label}`)
    this.#put([0xe8])
    this.#fix(label, this.#bits === 32 ? 'rel32' : 'rel16')
  }

  /** Conditional near jump. */
  near(mnemonic: 'jc' | 'jnc' | 'jz' | 'jnz', label: string): void {
    this.#listing.push(`${mnemonic} near ${label}`)
    this.#put([0x0f, SHORT_JUMPS[mnemonic] + 0x10])
    this.#fix(label, this.#bits === 32 ? 'rel32' : 'rel16')
  }

  /** Short jump, with or without condition: `short('jc', 'done')`. */
  short(mnemonic: keyof typeof SHORT_JUMPS, label: string): void {
    this.#listing.push(mnemonic === 'loop' ? `loop ${label}` : `${mnemonic} short ${label}`)
    this.#put([SHORT_JUMPS[mnemonic]])
    this.#fix(label, 'rel8')
  }

  /** From 16-bit code: far jump to the linear address of a label through selector `selector`, a flat code segment. */
  jmpFar32(label: string, selector: number): void {
    this.#listing.push(`jmp dword 0x${selector.toString(16)}:${this.#linearBase} + ${label} - $$`)
    this.#put([0x66, 0xea])
    this.#fix(label, 'abs32')
    this.#put([selector & 0xff, selector >>> 8])
  }

  data(bytes: Iterable<number>): void {
    const list = [...bytes]
    for (let i = 0; i < list.length; i += 32) this.#listing.push(`db ${list.slice(i, i + 32).join(', ')}`)
    this.#put(list)
  }

  ascii(text: string): void {
    this.data([...text].map((c) => c.charCodeAt(0)))
  }

  word(...values: number[]): void {
    this.data(values.flatMap((value) => [value & 0xff, (value >>> 8) & 0xff]))
  }

  dword(...values: number[]): void {
    this.data(values.flatMap((value) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24]))
  }

  /** The 16-bit offset of a label as data. */
  wordOf(label: string): void {
    this.#listing.push(`dw ${label}`)
    this.#fix(label, 'abs16')
  }

  /** The distance of two labels as data. */
  wordDifference(label: string, from: string): void {
    this.#listing.push(`dw ${label} - ${from}`)
    this.#fixups.push({ at: this.#at, label, kind: 'abs16', from })
    this.#put([0, 0])
  }

  /** The linear address of a label as data. */
  dwordOf(label: string): void {
    this.#listing.push(`dd ${this.#linearBase} + ${label} - $$`)
    this.#fix(label, 'abs32')
  }

  /** Offset of a label in the image. */
  offsetOf(label: string): number {
    const offset = this.#labels.get(label)
    assert(offset !== undefined, `ROM label ${label} is not defined`)
    return offset
  }

  /** Resolves all references. */
  finish(): Uint8Array {
    for (const fixup of this.#fixups) this.#resolve(fixup)
    this.#fixups.length = 0
    return this.image
  }

  /** NASM source of the whole image. */
  listing(): string {
    return ['bits 16', 'cpu 686', 'org 0', ...this.#listing, `times ${this.image.length}-($-$$) db 0`, ''].join('\n')
  }

  #put(bytes: readonly number[]): void {
    assert(this.#at + bytes.length <= this.image.length, 'ROM image is full')
    this.image.set(bytes, this.#at)
    this.#at += bytes.length
  }

  #fix(label: string, kind: Fixup['kind']): void {
    this.#fixups.push({ at: this.#at, label, kind })
    this.#put(new Array(kind === 'rel8' ? 1 : kind.endsWith('16') ? 2 : 4).fill(0))
  }

  #resolve({ at, label, kind, from }: Fixup): void {
    const target = this.offsetOf(label) - (from === undefined ? 0 : this.offsetOf(from))
    const view = new DataView(this.image.buffer)
    if (kind === 'rel8') {
      const distance = target - (at + 1)
      assert(distance >= -128 && distance <= 127, `ROM label ${label} is too far for a short jump`)
      view.setInt8(at, distance)
    } else if (kind === 'rel16') view.setUint16(at, target - (at + 2), true)
    else if (kind === 'rel32') view.setUint32(at, target - (at + 4), true)
    else if (kind === 'abs16') view.setUint16(at, target, true)
    else view.setUint32(at, this.#linearBase + target, true)
  }
}

const SHORT_JUMPS = {
  jmp: 0xeb,
  jc: 0x72,
  jnc: 0x73,
  jz: 0x74,
  jnz: 0x75,
  jbe: 0x76,
  ja: 0x77,
  js: 0x78,
  loop: 0xe2,
} as const
