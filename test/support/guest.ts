/** Guests run by `vitrine run` with a script, on the virtual clock: the same at every run. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type CliResult, runCli } from './cli.ts'

/** A folder that goes with the test. */
export function guestFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-guest-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs a machine with the steps of `script`, one a line. */
export function runGuest(flags: readonly string[], script?: readonly string[]): Promise<CliResult> {
  const scripted: string[] = []
  if (script) {
    const file = join(guestFolder(), 'script.txt')
    writeFileSync(file, `${script.join('\n')}\n`)
    scripted.push('--script', file)
  }
  return runCli(['run', '--display', 'none', '--clock', 'virtual', ...flags, ...scripted])
}
