/** The flags of `vitrine run` that are about the run rather than the machine, checked. */
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { usageError } from '../failure.ts'
import { filePath, type MachineFlags } from '../machine-flags.ts'
import { parseScript, type ScriptLine } from './script-parser.ts'

/** What commander makes of them. */
export interface RunFlags extends MachineFlags {
  readonly serial: string
  readonly display: 'none' | 'window'
  readonly snapshot?: boolean
  readonly debugExit?: boolean
  readonly exitOn?: string
  readonly timeout?: string
  readonly screenshot?: string
  readonly script?: string
  readonly engine: 'auto' | 'interpreter' | 'compiler'
  readonly stats?: boolean
  readonly profile?: boolean
  readonly json?: boolean
}

/** Where COM1 goes. */
export type SerialTarget =
  | { readonly kind: 'stdio' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'none' }

export interface RunPlan {
  readonly serial: SerialTarget
  readonly timeoutMs: number | undefined
  readonly screenshot: string | undefined
  readonly script: { readonly name: string; readonly lines: readonly ScriptLine[] } | undefined
}

export function addRunFlags(command: Command): Command {
  return command
    .option('--serial <WHERE>', 'COM1: stdio, file:FILE or none', 'stdio')
    .addOption(
      new Option('--display <WHERE>', 'show the screen in a window').choices(['none', 'window']).default('none'),
    )
    .option('--snapshot', 'keep every write out of the images')
    .option('--debug-exit', 'port E9h prints, port F4h ends with status 2 × value + 1')
    .option('--exit-on <TEXT>', 'end with status 0 when the screen or COM1 shows TEXT')
    .option('--timeout <SECONDS>', 'end with status 124 after this time')
    .option('--screenshot <FILE>', 'save the screen as PNG at the end')
    .option('--script <FILE>', 'drive the machine: wait, type, key, move, click, sleep, screenshot, serial, quit')
    .addOption(
      new Option('--engine <ENGINE>', 'how guest code is executed')
        .choices(['auto', 'interpreter', 'compiler'])
        .default('auto'),
    )
    .option('--stats', 'end with a line of JSON on standard error: what was executed, compiled, and how long it took')
    .option('--profile', 'the same with hot code, why compiled code was left, and where the time went')
}

/** Checks everything that can be checked before the machine starts. Throws `usage/invalid`. */
export function planRun(flags: RunFlags): RunPlan {
  if (flags.exitOn === '') throw usageError('--exit-on needs a text that is not empty')
  return {
    serial: serialOf(flags.serial),
    timeoutMs: flags.timeout === undefined ? undefined : secondsOf(flags.timeout) * 1000,
    screenshot: flags.screenshot === undefined ? undefined : writablePath('--screenshot', flags.screenshot),
    script:
      flags.script === undefined
        ? undefined
        : { name: flags.script, lines: parseScript(readFileSync(filePath(flags.script), 'utf8'), flags.script) },
  }
}

function serialOf(text: string): SerialTarget {
  if (text === 'stdio' || text === 'none') return { kind: text }
  if (text.startsWith('file:')) return { kind: 'file', path: writablePath('--serial', text.slice('file:'.length)) }
  throw usageError(`--serial is stdio, file:FILE or none, not ${JSON.stringify(text)}`)
}

function secondsOf(text: string): number {
  const seconds = /^[0-9]+(?:\.[0-9]+)?$/.test(text) ? Number(text) : 0
  // The longest that a timer of the host can wait.
  if (!(seconds > 0 && seconds <= 2_147_483))
    throw usageError(`--timeout is a number of seconds above 0, not ${JSON.stringify(text)}`)
  return seconds
}

/** The absolute path of a file that will be written. */
function writablePath(flag: string, file: string): string {
  const path = resolve(file)
  if (file === '') throw usageError(`${flag} needs a file`)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw usageError(`${flag} is a directory: ${file}`)
  try {
    accessSync(dirname(path), constants.W_OK)
  } catch {
    throw usageError(`${flag} cannot be written: ${file}`)
  }
  return path
}
