/**
 * What `npm test` runs, in order. A static check counts as one test; a vitest project counts its tests.
 */

/** One step of `npm test`. */
export interface Check {
  readonly name: string
  /** Group it belongs to: `npm run check` runs the static ones. */
  readonly kind: 'static' | 'vitest'
  /** Executable of node_modules/.bin and its arguments. */
  readonly command: readonly [string, ...string[]]
  /** When it is given up: several times what it takes on a slow computer. */
  readonly limitMinutes: number
}

/** A check that passes or fails as a whole; executable of node_modules/.bin and its arguments. */
const whole = (name: string, ...command: Check['command']): Check => ({
  name,
  kind: 'static',
  command,
  limitMinutes: 15,
})

const vitest = (project: string, limitMinutes: number): Check => ({
  name: project,
  kind: 'vitest',
  command: ['vitest', 'run', '--project', project, '--passWithNoTests'],
  limitMinutes,
})

/** Every check, cheapest first. */
export const checks: readonly Check[] = [
  whole('lint and format', 'biome', 'check', '--error-on-warnings'),
  whole('types', 'tsc', '-b'),
  whole('types of the renderer', 'svelte-check', '--tsconfig', 'renderer/tsconfig.json', '--fail-on-warnings'),
  whole('import rules', 'depcruise', '--output-type', 'err-long', 'core', 'worker', 'main', 'renderer'),
  whole('unused code', 'knip'),
  whole('file sizes', 'node', 'main/setup/file-sizes.ts'),
  vitest('unit', 30),
  vitest('renderer', 15),
  vitest('guests', 45),
  vitest('e2e', 30),
]
