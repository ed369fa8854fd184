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
}

const vitest = (project: string): Check => ({
  name: project,
  kind: 'vitest',
  command: ['vitest', 'run', '--project', project, '--passWithNoTests'],
})

/** Every check, cheapest first. */
export const checks: readonly Check[] = [
  { name: 'lint and format', kind: 'static', command: ['biome', 'check', '--error-on-warnings'] },
  { name: 'types', kind: 'static', command: ['tsc', '-b'] },
  {
    name: 'types of the renderer',
    kind: 'static',
    command: ['svelte-check', '--tsconfig', 'renderer/tsconfig.json', '--fail-on-warnings', '--output', 'human'],
  },
  {
    name: 'import rules',
    kind: 'static',
    command: ['depcruise', '--output-type', 'err-long', 'core', 'worker', 'main', 'renderer'],
  },
  { name: 'unused code', kind: 'static', command: ['knip'] },
  { name: 'file sizes', kind: 'static', command: ['node', 'main/setup/file-sizes.ts'] },
  vitest('unit'),
  vitest('renderer'),
  vitest('guests'),
  vitest('e2e'),
]
