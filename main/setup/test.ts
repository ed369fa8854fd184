/**
 * `npm test`: every check of checks.ts, or those named by the arguments (a name, a vitest project, or `static`).
 * Goes on after a failure, and ends with the sum: `N passed, N failed`, and `, N skipped` where tests were.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Check, checks } from './checks.ts'

interface Count {
  passed: number
  failed: number
  skipped: number
}

/** The part of vitest's JSON report that is counted. */
interface Report {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: { name: string; status: string; message: string; assertionResults: { status: string }[] }[]
}

const root = join(import.meta.dirname, '../..')
const cache = join(root, '.cache')
const bin = join(root, 'node_modules/.bin')

/** Runs one check on this terminal; true when it ends with status 0. */
function run(check: Check, extra: readonly string[]): boolean {
  const [name, ...argv] = check.command
  const windows = process.platform === 'win32'
  const command = name === 'node' ? process.execPath : join(bin, windows ? `${name}.cmd` : name)
  const { status, error } = spawnSync(command, [...argv, ...extra], {
    cwd: root,
    stdio: 'inherit',
    shell: windows && name !== 'node',
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` },
  })
  if (error) console.log(error.message)
  return status === 0
}

function runStatic(check: Check): Count {
  const passed = run(check, [])
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 }
}

function runVitest(check: Check): Count {
  const path = join(cache, `test-${check.name}.json`)
  rmSync(path, { force: true })
  const passed = run(check, ['--reporter=default', '--reporter=json', `--outputFile.json=${path}`])
  if (!existsSync(path)) return { passed: 0, failed: passed ? 0 : 1, skipped: 0 }
  const report = JSON.parse(readFileSync(path, 'utf8')) as Report
  // A file that cannot be loaded has no failed test of its own.
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  )
  const failed = report.numFailedTests + broken.length
  return {
    passed: report.numPassedTests,
    // An error outside every test fails the run and no test.
    failed: failed === 0 && !passed ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

function inWords({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

function select(names: readonly string[]): readonly Check[] {
  if (names.length === 0) return checks
  const chosen = checks.filter(({ name, kind }) => names.includes(name) || names.includes(kind))
  if (chosen.length > 0) return chosen
  console.error(`No check is called ${names.join(' or ')}. There are: static, ${checks.map((c) => c.name).join(', ')}`)
  process.exit(2)
}

mkdirSync(cache, { recursive: true })
const results: { name: string; count: Count }[] = []
for (const check of select(process.argv.slice(2))) {
  console.log(`\n--- ${check.name}`)
  const count = check.kind === 'static' ? runStatic(check) : runVitest(check)
  results.push({ name: check.name, count })
}

const total: Count = { passed: 0, failed: 0, skipped: 0 }
console.log('\n--- summary')
for (const { name, count } of results) {
  console.log(`${name.padEnd(24)}${inWords(count)}`)
  total.passed += count.passed
  total.failed += count.failed
  total.skipped += count.skipped
}
console.log(inWords(total))
writeFileSync(join(cache, 'test-summary.txt'), `${inWords(total)}\n`)
process.exitCode = total.failed > 0 ? 1 : 0
