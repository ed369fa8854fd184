import { expect, test } from 'vitest'
import { MEMORY_MIB } from '../../../core/contract/machine-spec.ts'
import { memoryStops } from '../../../renderer/parts/memory-stops.ts'
import { type MenuItem, stepEntry } from '../../../renderer/parts/menu.ts'

const entry = (label: string, disabled = false): MenuItem => ({ kind: 'entry', label, disabled, run: () => {} })

test('arrow keys in a menu skip lines, titles and what cannot be chosen, and go round', () => {
  const items: MenuItem[] = [{ kind: 'title', label: 'T' }, entry('a'), { kind: 'line' }, entry('b', true), entry('c')]
  expect(stepEntry(items, -1, 1)).toBe(1)
  expect(stepEntry(items, 1, 1)).toBe(4)
  expect(stepEntry(items, 4, 1)).toBe(1)
  expect(stepEntry(items, 1, -1)).toBe(4)
  expect(stepEntry(items, items.length, -1)).toBe(4)
  expect(stepEntry([{ kind: 'line' }], -1, 1)).toBe(-1)
})

test('the memory slider stops at its ends, at powers of two and between the larger ones', () => {
  const stops = memoryStops(MEMORY_MIB.min, MEMORY_MIB.max)
  expect(stops[0]).toBe(1)
  expect(stops.at(-1)).toBe(3072)
  expect(stops).toContain(96)
  expect(stops).not.toContain(48)
  expect(memoryStops(3, 10)).toEqual([3, 4, 8, 10])
})
