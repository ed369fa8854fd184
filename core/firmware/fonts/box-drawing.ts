/**
 * Lines, corners, shades and blocks of code page 437 (B0h to DFh), computed for any height of the cell, so that they join.
 *
 * Single vertical lines are columns 3 and 4, double ones columns 1, 2, 5 and 6; single horizontal lines are the middle row,
 * double ones the rows above and below it. The ninth dot of text modes repeats the eighth for C0h to DFh.
 */

/** Arms of a line character: up, down, left, right; 1 is single, 2 double. */
type Arms = readonly [up: number, down: number, left: number, right: number]

const LINES: Readonly<Record<string, Arms>> = {
  '│': [1, 1, 0, 0],
  '┤': [1, 1, 1, 0],
  '╡': [1, 1, 2, 0],
  '╢': [2, 2, 1, 0],
  '╖': [0, 2, 1, 0],
  '╕': [0, 1, 2, 0],
  '╣': [2, 2, 2, 0],
  '║': [2, 2, 0, 0],
  '╗': [0, 2, 2, 0],
  '╝': [2, 0, 2, 0],
  '╜': [2, 0, 1, 0],
  '╛': [1, 0, 2, 0],
  '┐': [0, 1, 1, 0],
  '└': [1, 0, 0, 1],
  '┴': [1, 0, 1, 1],
  '┬': [0, 1, 1, 1],
  '├': [1, 1, 0, 1],
  '─': [0, 0, 1, 1],
  '┼': [1, 1, 1, 1],
  '╞': [1, 1, 0, 2],
  '╟': [2, 2, 0, 1],
  '╚': [2, 0, 0, 2],
  '╔': [0, 2, 0, 2],
  '╩': [2, 0, 2, 2],
  '╦': [0, 2, 2, 2],
  '╠': [2, 2, 0, 2],
  '═': [0, 0, 2, 2],
  '╬': [2, 2, 2, 2],
  '╧': [1, 0, 2, 2],
  '╨': [2, 0, 1, 1],
  '╤': [0, 1, 2, 2],
  '╥': [0, 2, 1, 1],
  '╙': [2, 0, 0, 1],
  '╘': [1, 0, 0, 2],
  '╒': [0, 1, 0, 2],
  '╓': [0, 2, 0, 1],
  '╫': [2, 2, 1, 1],
  '╪': [1, 1, 2, 2],
  '┘': [1, 0, 1, 0],
  '┌': [0, 1, 0, 1],
}

const SHADES: Readonly<Record<string, readonly [even: number, odd: number]>> = {
  '░': [0x22, 0x88],
  '▒': [0x55, 0xaa],
  '▓': [0xdd, 0x77],
  '█': [0xff, 0xff],
  '▌': [0xf0, 0xf0],
  '▐': [0x0f, 0x0f],
}

/** The rows of a line, shade or block character in a cell of `height` rows; undefined for every other character. */
export function drawBox(character: string, height: number): Uint8Array | undefined {
  const shade = SHADES[character]
  if (shade) return Uint8Array.from({ length: height }, (_, row) => shade[row & 1] ?? 0)
  if (character === '▀' || character === '▄') {
    return Uint8Array.from({ length: height }, (_, row) => (row < height / 2 === (character === '▀') ? 0xff : 0))
  }
  const arms = LINES[character]
  return arms && drawLines(arms, height)
}

function drawLines([up, down, left, right]: Arms, height: number): Uint8Array {
  const rows = new Uint8Array(height)
  const middle = height / 2 - 1
  const vertical = Math.max(up, down)
  const horizontal = Math.max(left, right)
  // A double line ends in a corner; a single line that meets one ends at its nearer half when that goes through.
  const reach = horizontal === 2 ? 1 : 0
  const through = left !== 0 && right !== 0 && vertical === 1
  const top = up ? 0 : middle + (through ? reach : -reach)
  const bottom = down ? height - 1 : middle + (through ? -reach : reach)
  if (vertical) for (let row = top; row <= bottom; row++) rows[row] |= vertical === 2 ? 0x66 : 0x18
  const meetsWall = up !== 0 && down !== 0 && vertical === 2 && horizontal === 1
  const first = left ? 0 : vertical === 2 ? (meetsWall ? 5 : 1) : 3
  const last = right ? 7 : vertical === 2 ? (meetsWall ? 2 : 6) : 4
  const bar = (0xff >>> first) & (0xff << (7 - last))
  if (horizontal === 1) rows[middle] |= bar
  if (horizontal === 2) {
    rows[middle - 1] |= bar
    rows[middle + 1] |= bar
  }
  if (vertical === 2 && horizontal === 2) {
    // The space between double lines goes on around the corner.
    if (up) rows[middle - 1] &= ~0x18
    if (down) rows[middle + 1] &= ~0x18
    if (left) rows[middle] &= ~0x60
    if (right) rows[middle] &= ~0x06
  }
  return rows
}
