import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { inSmallTree, root } from '../../support/small-tree.ts'

const configuration = ['biome.json', 'main/setup/lint']
const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')

/** The rules that `source` breaks when it stands at `path`. */
function lint(path: string, source: string): string[] {
  return inSmallTree(
    configuration,
    () => ({ [path]: source }),
    (cwd) => {
      const argv = [biome, 'lint', '--vcs-enabled=false', '--reporter=json', path]
      const { stdout } = spawnSync(process.execPath, argv, { cwd, encoding: 'utf8' })
      const { diagnostics } = JSON.parse(stdout) as { diagnostics: { category: string; message: string }[] }
      return diagnostics.map(({ category, message }) => `${category}: ${message}`).sort()
    },
  )
}

const clocks = 'export const read = [Date.now(), Math.random(), new Date(), performance.now(), setTimeout]\n'

test('core has no wall clock, no randomness and no timer of the host', () => {
  expect(lint('core/time/probe.ts', clocks)).toEqual([
    'lint/style/noRestrictedGlobals: Do not use the global variable performance.',
    'lint/style/noRestrictedGlobals: Do not use the global variable setTimeout.',
    'plugin: Core has no randomness: take the Entropy port.',
    'plugin: Core has no wall clock: take VirtualClock.nowNs(), or a time of day as an argument.',
    'plugin: Core has no wall clock: take VirtualClock.nowNs(), or a time of day as an argument.',
  ])
  expect(lint('core/time/probe.ts', 'export const day = new Date(86_400_000)\n')).toEqual([])
})

test('the host has a clock', () => {
  expect(lint('main/probe.ts', clocks)).toEqual([])
})
