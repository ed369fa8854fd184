/**
 * One run of the benchmark disk: an emulator whose standard output is the guest's serial line. The guest says `B name` before a
 * kernel, `E name checksum` behind it, and `DONE` at the end; the host takes the times, so all emulators are measured alike.
 */
import { spawn } from 'node:child_process'

export interface SerialRun {
  /** Seconds of each kernel that was run. */
  readonly seconds: Readonly<Record<string, number>>
  readonly checksums: Readonly<Record<string, string>>
  /** Whether all that was asked for has been run. */
  readonly done: boolean
}

export interface SerialRunOptions {
  readonly cwd?: string
  /** Ends the run when these have been run; all without it. */
  readonly kernels?: readonly string[]
  readonly timeoutS?: number
}

/** What the lines of a guest say, each with the time it came at in milliseconds. */
export class KernelTimes {
  readonly seconds: Record<string, number> = {}
  readonly checksums: Record<string, string> = {}
  done = false
  readonly #wanted: Set<string> | undefined
  #beganMs = 0
  #starts = 0

  constructor(kernels?: readonly string[]) {
    this.#wanted = kernels && new Set(kernels)
  }

  /** Whether the guest began anew: it crashed. */
  get restarted(): boolean {
    return this.#starts > 1
  }

  line(text: string, nowMs: number): void {
    const [tag, name = '', sum = ''] = text.trim().split(' ')
    if (tag === 'BENCH') this.#starts++
    else if (tag === 'B') this.#beganMs = nowMs
    else if (tag === 'E') this.#end(name, sum, nowMs)
    else if (tag === 'DONE') this.done = true
  }

  #end(name: string, sum: string, nowMs: number): void {
    if (this.#wanted && !this.#wanted.has(name)) return
    this.seconds[name] = Math.round((nowMs - this.#beganMs) * 10) / 10_000
    this.checksums[name] = sum
    if (this.#wanted && Object.keys(this.seconds).length === this.#wanted.size) this.done = true
  }
}

/** Runs `argv` until the guest is done, crashes, or the time is over. */
export function runOnSerial(argv: readonly string[], options: SerialRunOptions = {}): Promise<SerialRun> {
  const { promise, resolve, reject } = Promise.withResolvers<SerialRun>()
  const [command = '', ...rest] = argv
  const times = new KernelTimes(options.kernels)
  const child = spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), (options.timeoutS ?? 600) * 1000)
  let text = ''
  child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
    const nowMs = performance.now()
    const lines = (text + chunk).split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) times.line(line, nowMs)
    if (times.done || times.restarted) child.kill('SIGKILL')
  })
  child.on('error', reject)
  child.on('close', () => {
    clearTimeout(timer)
    const { seconds, checksums, done, restarted } = times
    resolve({ seconds, checksums, done: done && !restarted })
  })
  return promise
}
