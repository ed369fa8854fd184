/**
 * `npm test`: every check of checks.ts, or those named by the arguments (a name, a vitest project, or `static`).
 * Goes on after a failure, and ends with the sum: `N passed, N failed`, and `, N skipped` where tests were.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
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
const windows = process.platform === 'win32'

/** The check that runs, with all its processes: a test in an endless loop hears nothing, and must end all the same. */
let current: ChildProcess | undefined

function killCurrent(): void {
  const pid = current?.pid
  if (pid === undefined) return
  if (windows) spawnSync('taskkill', ['/pid', String(pid), '/t', '/f'])
  else process.kill(-pid, 'SIGKILL')
}

/** Runs one check on this terminal; true when it ends with status 0 within its time. */
async function run(check: Check, extra: readonly string[]): Promise<boolean> {
  const [name, ...argv] = check.command
  const command = name === 'node' ? process.execPath : join(bin, windows ? `${name}.cmd` : name)
  current = spawn(command, [...argv, ...extra], {
    cwd: root,
    stdio: 'inherit',
    shell: windows && name !== 'node',
    // A group of its own, which can be ended as a whole.
    detached: !windows,
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` },
  })
  const limit = setTimeout(() => {
    console.log(`${check.name} has not ended after ${check.limitMinutes} minutes`)
    killCurrent()
  }, check.limitMinutes * 60_000)
  try {
    const [status] = await once(current, 'exit')
    return status === 0
  } catch (error) {
    console.log(String(error))
    return false
  } finally {
    clearTimeout(limit)
    current = undefined
  }
}

async function runStatic(check: Check): Promise<Count> {
  const passed = await run(check, [])
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 }
}

async function runVitest(check: Check): Promise<Count> {
  const path = join(cache, `test-${check.name}.json`)
  rmSync(path, { force: true })
  const passed = await run(check, ['--reporter=default', '--reporter=json', `--outputFile.json=${path}`])
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
  const unknown = names.filter((word) => !checks.some(({ name, kind }) => word === name || word === kind))
  if (unknown.length > 0) {
    console.error(`There is no check ${unknown.join(', ')}. There are: static, ${checks.map((c) => c.name).join(', ')}`)
    process.exit(2)
  }
  return names.length === 0 ? checks : checks.filter(({ name, kind }) => names.includes(name) || names.includes(kind))
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    killCurrent()
    process.kill(process.pid, signal)
  })
}

mkdirSync(cache, { recursive: true })
const results: { name: string; count: Count }[] = []
for (const check of select(process.argv.slice(2))) {
  console.log(`\n--- ${check.name}`)
  const count = await (check.kind === 'static' ? runStatic(check) : runVitest(check))
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
