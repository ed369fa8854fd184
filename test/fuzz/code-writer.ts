/** Machine code as a list of instructions with places to jump to, so that single ones can be taken out of a failing program. */

export interface CodeItem {
  readonly at: number
  readonly bytes: number[]
  readonly text: string
}

/** A place in the code, known once it is bound; branches to it are completed then. */
export class Label {
  at = -1
  readonly waiting: ((at: number) => void)[] = []
}

export class CodeWriter {
  readonly items: CodeItem[] = []
  /** Linear address of the next instruction. */
  at: number
  readonly code32: boolean

  constructor(at: number, code32: boolean) {
    this.at = at
    this.code32 = code32
  }

  emit(text: string, ...bytes: number[]): CodeItem {
    const item = { at: this.at, bytes: bytes.map((b) => b & 0xff), text }
    this.items.push(item)
    this.at += bytes.length
    return item
  }

  bind(label: Label): void {
    label.at = this.at
    for (const complete of label.waiting) complete(this.at)
    label.waiting.length = 0
  }

  #when(label: Label, complete: (at: number) => void): void {
    if (label.at >= 0) complete(label.at)
    else label.waiting.push(complete)
  }

  /** A branch with an 8-bit displacement. Too far a target becomes the next instruction. */
  short(text: string, opcode: number, label: Label): void {
    const item = this.emit(text, opcode, 0)
    const next = this.at
    this.#when(label, (at) => {
      const delta = at - next
      if (delta >= -128 && delta <= 127) item.bytes[1] = delta & 0xff
    })
  }

  /** A branch with a displacement of the operand size; `opcode` are the bytes before it. */
  near(text: string, opcode: readonly number[], label: Label): void {
    const width = this.code32 ? 4 : 2
    const item = this.emit(text, ...opcode, ...new Array<number>(width).fill(0))
    const next = this.at
    this.#when(label, (at) => {
      for (let i = 0; i < width; i++) item.bytes[opcode.length + i] = ((at - next) >> (8 * i)) & 0xff
    })
  }

  /** Keeps the address of `label`, less `base`, for a table written elsewhere. */
  address(label: Label, keep: (at: number) => void): void {
    this.#when(label, keep)
  }
}

export const word = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff]
export const dword = (value: number): number[] => [...word(value), (value >>> 16) & 0xff, value >>> 24]
