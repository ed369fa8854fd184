/**
 * One 8259A programmable interrupt controller with the edge/level control register that PC chipsets added. The pair of them
 * and their ports are in i8259.ts. Source: Intel 8259A data sheet (231468), Intel 82371SB (PIIX3) 4.2.2 for ELCR.
 *
 * Unsupported: MCS-80/85 mode (vectors are always those of 8086 mode), buffered mode (nothing to see without a bus buffer),
 * and LTIM, which chipsets with an ELCR ignore.
 */
import { z } from '../../base/schema.ts'

const byte = z.int().min(0).max(0xff)

/** The record of one controller. */
export const chipState = z.strictObject({
  lines: byte,
  irr: byte,
  isr: byte,
  imr: byte,
  elcr: byte,
  /** Which initialisation word is expected next at A0 = 1: 2, 3 or 4; 0 when initialised. */
  expects: z.union([z.literal(0), z.literal(2), z.literal(3), z.literal(4)]),
  icw1: byte,
  vectorBase: byte,
  icw3: byte,
  icw4: byte,
  lowestPriority: z.int().min(0).max(7),
  readIsr: z.boolean(),
  poll: z.boolean(),
  specialMask: z.boolean(),
  rotateOnAutoEoi: z.boolean(),
})
export type ChipState = z.infer<typeof chipState>

const ICW1 = { ICW4_NEEDED: 0x01, SINGLE: 0x02, SELECT: 0x10 } as const
const ICW4 = { AUTO_EOI: 0x02, SPECIAL_FULLY_NESTED: 0x10 } as const
const OCW2 = { EOI: 0x20, SPECIFIC: 0x40, ROTATE: 0x80 } as const
const OCW3 = {
  SELECT: 0x08,
  READ_ISR: 0x01,
  READ: 0x02,
  POLL: 0x04,
  SPECIAL_MASK: 0x20,
  SET_SPECIAL_MASK: 0x40,
} as const

const NONE = -1
/** The level given when the request has gone before it was acknowledged (data sheet, "Edge and Level Triggered Modes"). */
const SPURIOUS_LEVEL = 7

function powerOn(): ChipState {
  return {
    lines: 0,
    irr: 0,
    isr: 0,
    imr: 0,
    elcr: 0,
    expects: 0,
    icw1: 0,
    vectorBase: 0,
    icw3: 0,
    icw4: 0,
    lowestPriority: 7,
    readIsr: false,
    poll: false,
    specialMask: false,
    rotateOnAutoEoi: false,
  }
}

/** What one acknowledge cycle gave: the level that won, and whether it was a real request. */
export interface Acknowledged {
  readonly level: number
  readonly spurious: boolean
}

/** A single 8259A. */
export class I8259Chip {
  /** The INT pin. Called on every change. */
  onOutput: (level: boolean) => void = () => {}
  readonly #isMaster: boolean
  /** Bits of the ELCR that can be set; the others are always edge-triggered. */
  readonly #elcrMask: number
  #state = powerOn()
  #output = false

  constructor(options: { isMaster: boolean; elcrMask: number }) {
    this.#isMaster = options.isMaster
    this.#elcrMask = options.elcrMask
  }

  /** Whether INT is active. */
  get output(): boolean {
    return this.#output
  }

  get vectorBase(): number {
    return this.#state.vectorBase
  }

  /** Whether a slave hangs on input `level` (ICW3 of a master in cascade mode). */
  hasSlave(level: number): boolean {
    return (this.#state.icw1 & ICW1.SINGLE) === 0 && (this.#state.icw3 & (1 << level)) !== 0
  }

  reset(): void {
    this.#state = { ...powerOn(), lines: this.#state.lines }
    this.#update()
  }

  /** Drives input `level` (0 to 7). A request that goes away before it was acknowledged is forgotten, as in the data sheet. */
  setLine(level: number, high: boolean): void {
    const state = this.#state
    const bit = 1 << level
    const wasHigh = (state.lines & bit) !== 0
    if (high === wasHigh) return
    if (high) {
      state.lines |= bit
      state.irr |= bit
    } else {
      state.lines &= ~bit
      state.irr &= ~bit
    }
    this.#update()
  }

  /** Writes with A0 = 0: ICW1, OCW2 or OCW3 by bits 4 and 3. */
  writeCommand(value: number): void {
    if (value & ICW1.SELECT) this.#initialise(value)
    else if (value & OCW3.SELECT) this.#writeOcw3(value)
    else this.#writeOcw2(value)
    this.#update()
  }

  /** Writes with A0 = 1: the initialisation words in order, then the mask (OCW1). */
  writeData(value: number): void {
    const state = this.#state
    const needsIcw4 = (state.icw1 & ICW1.ICW4_NEEDED) !== 0
    if (state.expects === 2) {
      state.vectorBase = value & 0xf8
      state.expects = state.icw1 & ICW1.SINGLE ? (needsIcw4 ? 4 : 0) : 3
    } else if (state.expects === 3) {
      state.icw3 = value
      state.expects = needsIcw4 ? 4 : 0
    } else if (state.expects === 4) {
      state.icw4 = value
      state.expects = 0
    } else state.imr = value
    this.#update()
  }

  /** Reads with A0 = 0: IRR or ISR, or the answer to a poll command. */
  readCommand(): number {
    if (this.#state.poll) return this.#answerPoll()
    return this.#state.readIsr ? this.#state.isr : this.#state.irr
  }

  /** Reads with A0 = 1: the mask, or the answer to a poll command. */
  readData(): number {
    return this.#state.poll ? this.#answerPoll() : this.#state.imr
  }

  get elcr(): number {
    return this.#state.elcr
  }

  /** Chooses level (1) or edge (0) triggering per input. */
  set elcr(value: number) {
    const state = this.#state
    const next = value & this.#elcrMask
    const changed = state.elcr ^ next
    state.elcr = next
    // Inputs that change sense forget an edge they had seen; level inputs request while they are high.
    state.irr = (state.irr & ~changed) | (changed & next & state.lines)
    this.#update()
  }

  /** The two INTA cycles: the highest request goes into service. Without one, level 7 and nothing in service. */
  acknowledge(): Acknowledged {
    const state = this.#state
    const level = this.#highestRequest()
    if (level === NONE) return { level: SPURIOUS_LEVEL, spurious: true }
    const bit = 1 << level
    if (!(state.elcr & bit)) state.irr &= ~bit
    if (state.icw4 & ICW4.AUTO_EOI) {
      if (state.rotateOnAutoEoi) state.lowestPriority = level
    } else state.isr |= bit
    // INT goes inactive with every acknowledge, so that a master sees an edge for the next request of its slave.
    this.#drive(false)
    this.#update()
    return { level, spurious: false }
  }

  save(): ChipState {
    return { ...this.#state }
  }

  restore(state: ChipState): void {
    this.#state = { ...state }
    this.#update()
  }

  #initialise(value: number): void {
    const state = this.#state
    state.icw1 = value
    state.expects = 2
    state.imr = 0
    state.isr = 0
    // The edge sense circuit is reset: inputs that are high must fall and rise again, unless they are level-triggered.
    state.irr = state.lines & state.elcr
    state.lowestPriority = 7
    state.specialMask = false
    state.readIsr = false
    state.poll = false
    state.rotateOnAutoEoi = false
    if (!(value & ICW1.ICW4_NEEDED)) state.icw4 = 0
  }

  #writeOcw2(value: number): void {
    const state = this.#state
    const rotate = (value & OCW2.ROTATE) !== 0
    const specific = (value & OCW2.SPECIFIC) !== 0
    if (value & OCW2.EOI) {
      const level = specific ? value & 7 : this.#highestInService()
      if (level === NONE) return
      state.isr &= ~(1 << level)
      if (rotate) state.lowestPriority = level
    } else if (specific) {
      if (rotate) state.lowestPriority = value & 7 // set priority; without R it is "no operation"
    } else state.rotateOnAutoEoi = rotate
  }

  #writeOcw3(value: number): void {
    const state = this.#state
    if (value & OCW3.SET_SPECIAL_MASK) state.specialMask = (value & OCW3.SPECIAL_MASK) !== 0
    if (value & OCW3.POLL) state.poll = true
    if (value & OCW3.READ) state.readIsr = (value & OCW3.READ_ISR) !== 0
  }

  #answerPoll(): number {
    this.#state.poll = false
    const { level, spurious } = this.acknowledge()
    return spurious ? level : 0x80 | level
  }

  /** Rank of a level, 0 the highest. */
  #rank(level: number): number {
    return (level - this.#state.lowestPriority + 7) & 7
  }

  /** The level of highest priority among `bits`, or NONE. */
  #highest(bits: number): number {
    if (bits === 0) return NONE
    for (let rank = 0; rank < 8; rank++) {
      const level = (this.#state.lowestPriority + 1 + rank) & 7
      if (bits & (1 << level)) return level
    }
    return NONE
  }

  /** What a non-specific EOI ends. In special mask mode a masked level is not ended by it (data sheet, "Special Mask Mode"). */
  #highestInService(): number {
    const { isr, imr, specialMask } = this.#state
    return this.#highest(specialMask ? isr & ~imr : isr)
  }

  /** The request that INT stands for: unmasked, and of higher priority than everything in service. */
  #highestRequest(): number {
    const { irr, imr, isr, specialMask, icw4 } = this.#state
    const level = this.#highest(irr & ~imr)
    if (level === NONE) return NONE
    const busy = this.#highest(specialMask ? isr & ~imr : isr)
    if (busy === NONE || this.#rank(level) < this.#rank(busy)) return level
    const nestsInSlave = this.#isMaster && (icw4 & ICW4.SPECIAL_FULLY_NESTED) !== 0 && this.hasSlave(level)
    return nestsInSlave && level === busy ? level : NONE
  }

  #update(): void {
    this.#drive(this.#state.expects === 0 && this.#highestRequest() !== NONE)
  }

  #drive(level: boolean): void {
    if (level === this.#output) return
    this.#output = level
    this.onOutput(level)
  }
}
