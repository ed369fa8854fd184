/**
 * Fails when a source file has outgrown its limit: a file that nobody can hold in the head is a file to split.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

const limitLines = 600
/** Tables of rows: instructions, golden data. */
const tableLimitLines = 1000
const tables = /^(core\/cpu\/isa\/|test\/.*\/(tables|fixtures)\/|renderer\/locales?\/)/

const sources = execFileSync('git', ['ls-files', '-z', '*.ts', '*.svelte', '*.mjs', '*.cjs', '*.css'], {
  encoding: 'utf8',
})
  .split('\0')
  .filter((path) => path && existsSync(path))

const long = sources
  .map((path) => ({ path, lines: readFileSync(path, 'utf8').split('\n').length - 1 }))
  .filter(({ path, lines }) => lines > (tables.test(path) ? tableLimitLines : limitLines))

for (const { path, lines } of long) console.log(`${path} has ${lines} lines: split it`)
console.log(`${sources.length} files, ${long.length} too long`)
process.exitCode = long.length > 0 ? 1 : 0
