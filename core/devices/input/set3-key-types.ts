/**
 * In scan code set 3 each key has a type that the host may choose: whether it repeats and whether it sends a break code
 * (IBM PS/2 Hardware Interface Technical Reference, Keyboard, "Set All Keys" and "Set Key Type").
 */
import { z } from '../../base/schema.ts'

/** Bits of a key type. Neither is "make only". */
export const KEY_TYPE = { BREAK: 1, TYPEMATIC: 2 } as const

/** The record of the key types. */
export const keyTypesState = z.strictObject({
  all: z.int().min(0).max(3).nullable(),
  keys: z.array(z.tuple([z.int(), z.int().min(0).max(3)])),
})
export type KeyTypesState = z.infer<typeof keyTypesState>

/** Keys that send a break code by default: both Shifts, Caps Lock, left Ctrl and left Alt. */
const MAKE_BREAK: ReadonlySet<number> = new Set([0x11, 0x12, 0x14, 0x19, 0x59])
/** Keys that neither repeat nor break by default: function keys, right Ctrl and Alt, most of the cursor block and the keypad. */
const MAKE_ONLY: ReadonlySet<number> = new Set([
  0x07, 0x08, 0x0f, 0x17, 0x1f, 0x27, 0x2f, 0x37, 0x39, 0x3f, 0x47, 0x4f, 0x56, 0x57, 0x58, 0x5e, 0x5f, 0x62, 0x65,
  0x67, 0x69, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x79, 0x7a, 0x7d, 0x7e,
  0x84, 0x8b, 0x8c, 0x8d,
])

/** The types of all keys, by set 3 make code. */
export class Set3KeyTypes {
  /** What a "set all keys" command chose, or null for the defaults. */
  #all: number | null = null
  readonly #keys = new Map<number, number>()

  reset(): void {
    this.#all = null
    this.#keys.clear()
  }

  type(make: number): number {
    const chosen = this.#keys.get(make) ?? this.#all
    if (chosen !== null) return chosen
    if (MAKE_BREAK.has(make)) return KEY_TYPE.BREAK
    return MAKE_ONLY.has(make) ? 0 : KEY_TYPE.TYPEMATIC
  }

  setAll(type: number): void {
    this.#keys.clear()
    this.#all = type
  }

  set(make: number, type: number): void {
    this.#keys.set(make, type)
  }

  save(): KeyTypesState {
    return { all: this.#all, keys: [...this.#keys].map(([make, type]) => [make, type] as [number, number]) }
  }

  restore(state: KeyTypesState): void {
    this.setAll(0)
    this.#all = state.all
    for (const [make, type] of state.keys) this.#keys.set(make, type)
  }
}
