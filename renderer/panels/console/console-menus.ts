/** The menus of the console. */
import { type Preferences, SCALINGS } from '../../app/preferences.svelte.ts'
import type { MenuItem } from '../../parts/menu.ts'
import { strings } from '../../strings/en.ts'
import type { ConsoleModel } from './console-model.svelte.ts'
import { CHORDS, chordLabel } from './send-keys.ts'

export function keyItems(model: Pick<ConsoleModel, 'sendChord'>): MenuItem[] {
  return CHORDS.map((chord) => ({ kind: 'entry', label: chordLabel(chord), run: () => model.sendChord(chord) }))
}

export function viewItems(preferences: Preferences): MenuItem[] {
  const { values } = preferences
  const texts = strings.console
  const toggle = (key: 'monitorShape' | 'smooth' | 'captureMouse'): MenuItem => ({
    kind: 'entry',
    label: texts[key],
    checked: values[key],
    run: () => preferences.set(key, !values[key]),
  })
  return [
    { kind: 'title', label: texts.scaling },
    ...SCALINGS.map(
      (scaling): MenuItem => ({
        kind: 'entry',
        label: texts.scalings[scaling],
        checked: values.scaling === scaling,
        run: () => preferences.set('scaling', scaling),
      }),
    ),
    { kind: 'line' },
    toggle('monitorShape'),
    toggle('smooth'),
    { kind: 'line' },
    toggle('captureMouse'),
  ]
}
