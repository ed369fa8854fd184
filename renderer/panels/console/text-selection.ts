/** Selecting on a text screen, in cells: from one cell to another through the lines between, or the rectangle between them. */
import type { ScreenText } from '../../../core/contract/machine-api.ts'

export interface Cell {
  readonly column: number
  readonly row: number
}

/** `from` is where it began, `to` where it is; both are in it. */
export interface Selection {
  readonly from: Cell
  readonly to: Cell
  /** A rectangle, instead of lines. */
  readonly block: boolean
}

/** The selected part of one row: columns from `start` up to and without `end`. */
export interface RowSpan {
  readonly row: number
  readonly start: number
  readonly end: number
}

type Grid = Pick<ScreenText, 'columns' | 'rows'>

/** The cell at a place inside a picture of `width` × `height`; places outside count for the nearest cell. */
export function cellAt(x: number, y: number, width: number, height: number, { columns, rows }: Grid): Cell {
  const index = (part: number, count: number) => Math.max(0, Math.min(count - 1, Math.floor(part * count)))
  return { column: index(x / width, columns), row: index(y / height, rows) }
}

/** The rows of a selection from the top. */
export function spansOf({ from, to, block }: Selection, { columns }: Grid): RowSpan[] {
  const top = Math.min(from.row, to.row)
  const bottom = Math.max(from.row, to.row)
  const rows = Array.from({ length: bottom - top + 1 }, (_, index) => top + index)
  if (block || top === bottom) {
    const start = Math.min(from.column, to.column)
    const end = Math.max(from.column, to.column) + 1
    return rows.map((row) => ({ row, start, end }))
  }
  const [first, last] = from.row < to.row ? [from, to] : [to, from]
  return rows.map((row) => ({
    row,
    start: row === top ? first.column : 0,
    end: row === bottom ? last.column + 1 : columns,
  }))
}

/** The text of a selection, a line each, without blanks at their ends. */
export function selectedText(selection: Selection, screen: ScreenText): string {
  return spansOf(selection, screen)
    .map(({ row, start, end }) => [...(screen.lines[row] ?? '')].slice(start, end).join('').trimEnd())
    .join('\n')
}

/** The selection after an arrow key, Home or End; with `extend` its beginning stays. Undefined for other keys. */
export function moveSelection(
  selection: Selection,
  key: string,
  extend: boolean,
  { columns, rows }: Grid,
): Selection | undefined {
  const { column, row } = selection.to
  const places: Readonly<Record<string, Cell>> = {
    ArrowLeft: { column: column - 1, row },
    ArrowRight: { column: column + 1, row },
    ArrowUp: { column, row: row - 1 },
    ArrowDown: { column, row: row + 1 },
    Home: { column: 0, row },
    End: { column: columns - 1, row },
    PageUp: { column, row: 0 },
    PageDown: { column, row: rows - 1 },
  }
  const place = places[key]
  if (!place) return undefined
  const to = {
    column: Math.max(0, Math.min(columns - 1, place.column)),
    row: Math.max(0, Math.min(rows - 1, place.row)),
  }
  return { ...selection, from: extend ? selection.from : to, to }
}
