/** The menus of the console. */
import { type MachineView, type Preferences, SCALINGS } from '../../app/preferences.svelte.ts'
import type { MenuItem } from '../../parts/menu.ts'
import { strings } from '../../strings/en.ts'
import type { ConsoleModel } from './console-model.svelte.ts'
import { CHORD_GROUPS, chordLabel } from './send-keys.ts'

export function keyItems(model: Pick<ConsoleModel, 'sendChord'>): MenuItem[] {
  return CHORD_GROUPS.flatMap(([title, chords]): MenuItem[] => [
    { kind: 'title', label: strings.console[title] },
    ...chords.map(
      (chord): MenuItem => ({ kind: 'entry', label: chordLabel(chord), run: () => model.sendChord(chord) }),
    ),
  ])
}

export function viewItems(preferences: Preferences, view: MachineView): MenuItem[] {
  const texts = strings.console
  const toggle = (key: 'monitorShape' | 'smooth'): MenuItem => ({
    kind: 'entry',
    label: texts[key],
    checked: view.values[key],
    run: () => view.set(key, !view.values[key]),
  })
  const { captureMouse } = preferences.values
  return [
    { kind: 'title', label: texts.scaling },
    ...SCALINGS.map(
      (scaling): MenuItem => ({
        kind: 'entry',
        label: texts.scalings[scaling],
        checked: view.values.scaling === scaling,
        run: () => view.set('scaling', scaling),
      }),
    ),
    { kind: 'line' },
    toggle('monitorShape'),
    toggle('smooth'),
    { kind: 'line' },
    {
      kind: 'entry',
      label: texts.captureMouse,
      checked: captureMouse,
      run: () => preferences.set('captureMouse', !captureMouse),
    },
  ]
}

/** The size after the present one. */
export function nextScaling(view: MachineView): void {
  const index = SCALINGS.indexOf(view.values.scaling)
  view.set('scaling', SCALINGS[(index + 1) % SCALINGS.length] ?? 'fit')
}
