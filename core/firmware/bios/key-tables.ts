/**
 * Scan codes (set 1) to what INT 16h returns: scan code in the high byte, character in the low one; -1 where a key does nothing
 * (IBM PS/2 and PC BIOS Interface Technical Reference, "Keyboard"). US layout, as every BIOS has; drivers such as KEYB replace it.
 */

/** Plain, with Shift, with Ctrl, with Alt. */
export type KeyRow = readonly [number, number, number, number]

const NONE = -1

function letter(scan: number, character: string): KeyRow {
  const code = character.charCodeAt(0)
  const high = scan << 8
  return [high | code, high | (code - 0x20), high | (code & 0x1f), high]
}

function letters(first: number, characters: string): [number, KeyRow][] {
  return [...characters].map((character, i) => [first + i, letter(first + i, character)])
}

/** Keys 1 to =: Alt gives scan codes 78h to 83h. */
function digits(): [number, KeyRow][] {
  const plain = '1234567890-='
  const shifted = '!@#$%^&*()_+'
  const control: Readonly<Record<string, number>> = { '2': 0x0300, '6': 0x071e, '-': 0x0c1f }
  return [...plain].map((character, i) => {
    const scan = 2 + i
    const high = scan << 8
    const row: KeyRow = [
      high | character.charCodeAt(0),
      high | shifted.charCodeAt(i),
      control[character] ?? NONE,
      (0x78 + i) << 8,
    ]
    return [scan, row]
  })
}

function functionKeys(): [number, KeyRow][] {
  return Array.from({ length: 10 }, (_, i) => [
    0x3b + i,
    [(0x3b + i) << 8, (0x54 + i) << 8, (0x5e + i) << 8, (0x68 + i) << 8],
  ])
}

/** A key with characters `pair` and no or one control code. */
function mark(scan: number, pair: string, control = NONE): [number, KeyRow] {
  const high = scan << 8
  return [scan, [high | pair.charCodeAt(0), high | pair.charCodeAt(1), control < 0 ? NONE : high | control, high]]
}

/** Keys without prefix. On the keypad "Shift" is the digit, whichever of Shift and Num Lock makes it one. */
export const KEYS: ReadonlyMap<number, KeyRow> = new Map<number, KeyRow>([
  [0x01, [0x011b, 0x011b, 0x011b, 0x0100]],
  ...digits(),
  [0x0e, [0x0e08, 0x0e08, 0x0e7f, 0x0e00]],
  [0x0f, [0x0f09, 0x0f00, 0x9400, 0xa500]],
  ...letters(0x10, 'qwertyuiop'),
  mark(0x1a, '[{', 0x1b),
  mark(0x1b, ']}', 0x1d),
  [0x1c, [0x1c0d, 0x1c0d, 0x1c0a, 0x1c00]],
  ...letters(0x1e, 'asdfghjkl'),
  mark(0x27, ';:'),
  mark(0x28, '\'"'),
  mark(0x29, '`~'),
  mark(0x2b, '\\|', 0x1c),
  ...letters(0x2c, 'zxcvbnm'),
  mark(0x33, ',<'),
  mark(0x34, '.>'),
  mark(0x35, '/?'),
  [0x37, [0x372a, 0x372a, 0x9600, 0x3700]],
  [0x39, [0x3920, 0x3920, 0x3920, 0x3920]],
  ...functionKeys(),
  [0x47, [0x4700, 0x4737, 0x7700, NONE]],
  [0x48, [0x4800, 0x4838, 0x8d00, NONE]],
  [0x49, [0x4900, 0x4939, 0x8400, NONE]],
  [0x4a, [0x4a2d, 0x4a2d, 0x8e00, 0x4a00]],
  [0x4b, [0x4b00, 0x4b34, 0x7300, NONE]],
  [0x4c, [0x4c00, 0x4c35, 0x8f00, NONE]],
  [0x4d, [0x4d00, 0x4d36, 0x7400, NONE]],
  [0x4e, [0x4e2b, 0x4e2b, 0x9000, 0x4e00]],
  [0x4f, [0x4f00, 0x4f31, 0x7500, NONE]],
  [0x50, [0x5000, 0x5032, 0x9100, NONE]],
  [0x51, [0x5100, 0x5133, 0x7600, NONE]],
  [0x52, [0x5200, 0x5230, 0x9200, NONE]],
  [0x53, [0x5300, 0x532e, 0x9300, NONE]],
  [0x56, [0x565c, 0x567c, NONE, NONE]],
  [0x57, [0x8500, 0x8700, 0x8900, 0x8b00]],
  [0x58, [0x8600, 0x8800, 0x8a00, 0x8c00]],
])

/** Keys with prefix E0: those the 101-key keyboard added. */
export const EXTENDED_KEYS: ReadonlyMap<number, KeyRow> = new Map<number, KeyRow>([
  [0x1c, [0xe00d, 0xe00d, 0xe00a, 0xa600]],
  [0x35, [0xe02f, 0xe02f, 0x9500, 0xa400]],
  [0x47, [0x47e0, 0x47e0, 0x77e0, 0x9700]],
  [0x48, [0x48e0, 0x48e0, 0x8de0, 0x9800]],
  [0x49, [0x49e0, 0x49e0, 0x84e0, 0x9900]],
  [0x4b, [0x4be0, 0x4be0, 0x73e0, 0x9b00]],
  [0x4d, [0x4de0, 0x4de0, 0x74e0, 0x9d00]],
  [0x4f, [0x4fe0, 0x4fe0, 0x75e0, 0x9f00]],
  [0x50, [0x50e0, 0x50e0, 0x91e0, 0xa000]],
  [0x51, [0x51e0, 0x51e0, 0x76e0, 0xa100]],
  [0x52, [0x52e0, 0x52e0, 0x92e0, 0xa200]],
  [0x53, [0x53e0, 0x53e0, 0x93e0, 0xa300]],
])

/** Keypad digits by scan code: 7 8 9 - 4 5 6 + 1 2 3 0, for characters entered with Alt. */
export const KEYPAD_DIGITS: ReadonlyMap<number, number> = new Map([
  [0x47, 7],
  [0x48, 8],
  [0x49, 9],
  [0x4b, 4],
  [0x4c, 5],
  [0x4d, 6],
  [0x4f, 1],
  [0x50, 2],
  [0x51, 3],
  [0x52, 0],
])
