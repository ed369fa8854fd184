/** The command `vitrine` as its users call it: a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

const root = join(import.meta.dirname, '../..')
const command = join(root, 'main/cli/vitrine.mjs')
const hook = join(root, 'test/support/fake-vm-hook.ts')

export interface CliOptions {
  /** The machine of the thread is the fake one. */
  readonly fake?: boolean
  /** Library; by default one that does not exist. */
  readonly home?: string
  readonly cwd?: string
  /** Standard input; closed at once without it. */
  readonly input?: string
}

export interface CliResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A running command, with what it has printed so far. */
export interface RunningCli {
  readonly child: ChildProcess
  readonly result: Promise<CliResult>
  stdout: string
}

/** Starts the command; it is killed with the test at the latest. */
export function startCli(args: readonly string[], options: CliOptions = {}): RunningCli {
  const home = options.home ?? '/nonexistent/vitrine-home'
  const child = spawn(process.execPath, [...(options.fake ? ['--import', hook] : []), command, ...args], {
    cwd: options.cwd ?? root,
    env: { ...process.env, VITRINE_HOME: home, VITRINE_FROM_SOURCES: '1', NODE_OPTIONS: '' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const running = { child, stdout: '', result: Promise.resolve({ status: null, stdout: '', stderr: '' } as CliResult) }
  let stderr = ''
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    running.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  running.result = new Promise((resolve) =>
    child.once('close', (status) => resolve({ status, stdout: running.stdout, stderr })),
  )
  return running
}

/** Runs the command to its end. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startCli(args, options).result
}
