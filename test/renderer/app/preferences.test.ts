import { expect, test } from 'vitest'
import { Preferences, parsePreferences } from '../../../renderer/app/preferences.svelte.ts'

test.each([
  ['nothing', null],
  ['something cut off', '{"theme":"da'],
  ['another kind of value', '[1,2]'],
  ['unknown keys and values', '{"theme":"pink","__proto__":{"x":1},"muted":"yes","more":1}'],
])('preferences have their defaults for %s', (_, text) => {
  expect(parsePreferences(text)).toEqual(parsePreferences('{}'))
  expect(parsePreferences(text).theme).toBe('system')
})

test('what is set is there the next time', () => {
  const values = new Map<string, string>()
  const store = {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
  }
  const preferences = new Preferences(store)
  preferences.set('theme', 'light')
  preferences.set('muted', true)
  expect(new Preferences(store).values).toMatchObject({ theme: 'light', muted: true, scaling: 'fit' })
})
