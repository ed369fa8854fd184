/** What this user likes in this browser: kept in its local storage, never in the library. */

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]
export const LIBRARY_VIEWS = ['grid', 'list'] as const
export type LibraryView = (typeof LIBRARY_VIEWS)[number]
export const SCALINGS = ['fit', 'integer', 'original'] as const
export type Scaling = (typeof SCALINGS)[number]

export interface PreferenceValues {
  theme: Theme
  libraryView: LibraryView
  scaling: Scaling
  /** Show the picture in the shape it has on a monitor (4:3), not in that of its pixels. */
  monitorShape: boolean
  smooth: boolean
  captureMouse: boolean
  muted: boolean
}

const DEFAULTS: PreferenceValues = {
  theme: 'system',
  libraryView: 'grid',
  scaling: 'fit',
  monitorShape: true,
  smooth: false,
  captureMouse: true,
  muted: false,
}

const CHOICES: { readonly [K in keyof PreferenceValues]?: readonly unknown[] } = {
  theme: THEMES,
  libraryView: LIBRARY_VIEWS,
  scaling: SCALINGS,
}

const KEY = 'vitrine.preferences'

/** The part of `Storage` that is used. */
export interface PreferenceStore {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
}

function isValid(key: keyof PreferenceValues, value: unknown): boolean {
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
}
