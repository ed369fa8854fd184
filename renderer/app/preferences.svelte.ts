/** What this user likes in this browser: kept in its local storage, never in the library. */
import { HOST_KEYS, type HostKey } from '../panels/console/host-keys.ts'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]
export const LIBRARY_VIEWS = ['grid', 'list'] as const
export type LibraryView = (typeof LIBRARY_VIEWS)[number]
export const SCALINGS = ['fit', 'integer', 'original'] as const
export type Scaling = (typeof SCALINGS)[number]
/** What closing the console of a running machine does. */
export const CLOSE_ACTIONS = ['ask', 'goOn', 'save', 'shutDown', 'powerOff'] as const
export type CloseAction = (typeof CLOSE_ACTIONS)[number]

/** How the picture of a machine is shown. */
export interface ViewValues {
  scaling: Scaling
  /** Show the picture in the shape it has on a monitor (4:3), not in that of its pixels. */
  monitorShape: boolean
  smooth: boolean
}

export interface PreferenceValues extends ViewValues {
  theme: Theme
  libraryView: LibraryView
  captureMouse: boolean
  muted: boolean
  hostKey: HostKey
  closeAction: CloseAction
  /** Groups of the library whose machines are not shown. */
  collapsedGroups: readonly string[]
}

const DEFAULTS: PreferenceValues = {
  theme: 'system',
  libraryView: 'grid',
  scaling: 'fit',
  monitorShape: true,
  smooth: false,
  captureMouse: true,
  muted: false,
  hostKey: 'ControlRight',
  closeAction: 'ask',
  collapsedGroups: [],
}

const CHOICES: { readonly [K in keyof PreferenceValues]?: readonly unknown[] } = {
  theme: THEMES,
  libraryView: LIBRARY_VIEWS,
  scaling: SCALINGS,
  hostKey: HOST_KEYS,
  closeAction: CLOSE_ACTIONS,
}

const KEY = 'vitrine.preferences'
const VIEW_KEYS = ['scaling', 'monitorShape', 'smooth'] as const satisfies readonly (keyof ViewValues)[]

/** The part of `Storage` that is used. */
export interface PreferenceStore {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
}

function isValid(key: keyof PreferenceValues, value: unknown): boolean {
  if (Array.isArray(DEFAULTS[key])) return Array.isArray(value) && value.every((item) => typeof item === 'string')
  return CHOICES[key]?.includes(value) ?? typeof value === typeof DEFAULTS[key]
}

/** The values in `text`; what is missing or unknown has its default. Never throws. */
export function parsePreferences(text: string | null): PreferenceValues {
  const values: Record<string, unknown> = { ...DEFAULTS }
  try {
    const stored: unknown = JSON.parse(text ?? '{}')
    if (typeof stored === 'object' && stored !== null)
      for (const [key, value] of Object.entries(stored))
        if (Object.hasOwn(DEFAULTS, key) && isValid(key as keyof PreferenceValues, value)) values[key] = value
  } catch {
    // Not ours, or cut off: the defaults stand.
  }
  return values as unknown as PreferenceValues
}

export class Preferences {
  readonly values: PreferenceValues
  readonly #store: PreferenceStore

  constructor(store: PreferenceStore) {
    this.#store = store
    this.values = $state(parsePreferences(store.getItem(KEY)))
  }

  set<K extends keyof PreferenceValues>(key: K, value: PreferenceValues[K]): void {
    this.values[key] = value
    this.#store.setItem(KEY, JSON.stringify(this.values))
  }

  /** How the picture of one machine is shown: as it was last, or as that of other machines. */
  viewOf(machineId: string): MachineView {
    return new MachineView(this, this.#store, `vitrine.view.${machineId}`)
  }
}

/** The view of one machine. What is chosen here is also what machines that were never looked at begin with. */
export class MachineView {
  readonly values: ViewValues
  readonly #preferences: Preferences
  readonly #store: PreferenceStore
  readonly #key: string

  constructor(preferences: Preferences, store: PreferenceStore, key: string) {
    this.#preferences = preferences
    this.#store = store
    this.#key = key
    const text = store.getItem(key)
    const { scaling, monitorShape, smooth } = text === null ? preferences.values : parsePreferences(text)
    this.values = $state({ scaling, monitorShape, smooth })
  }

  set<K extends keyof ViewValues>(key: K, value: ViewValues[K]): void {
    const values: ViewValues = this.values
    values[key] = value
    this.#store.setItem(this.#key, JSON.stringify(this.values))
    for (const name of VIEW_KEYS) this.#preferences.set(name, values[name])
  }
}
