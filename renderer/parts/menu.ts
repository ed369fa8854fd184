/** Menus as data. */
import type { IconName } from './icons.ts'

export interface MenuEntry {
  readonly kind: 'entry'
  readonly label: string
  readonly icon?: IconName
  readonly disabled?: boolean
  readonly danger?: boolean
  /** Given for entries that are on or off. */
  readonly checked?: boolean
  readonly run: () => unknown
}

export type MenuItem = MenuEntry | { readonly kind: 'line' } | { readonly kind: 'title'; readonly label: string }

/** The index of the entry that is `by` entries further than `from`, round the ends. */
export function stepEntry(items: readonly MenuItem[], from: number, by: 1 | -1): number {
  const count = items.length
  for (let step = 1; step <= count; step++) {
    const index = (from + by * step + count * count + count) % count
    const item = items[index]
    if (item?.kind === 'entry' && !item.disabled) return index
  }
  return from
}
