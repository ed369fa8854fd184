/**
 * `vitrine run`: one throw-away machine in the foreground. Its life decides the status: 0 when the guest switches off or
 * --exit-on is seen, 2v + 1 for the value v of the exit port, 1 for a script that fails or a crash, 124 for --timeout, 130 for
 * Ctrl-C.
 */
import { randomUUID } from 'node:crypto'
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { MACHINE_SCHEMA_VERSION, type MachineSpec, machineSpecSchema } from '../../../core/contract/machine-spec.ts'
import type { MachineProfile } from '../../../core/contract/profile.ts'
import type { RunOptions, VmThreadStats } from '../../../core/contract/vm-thread.ts'
import { encodePng } from '../../vm/png-picture.ts'
import { type Ending, VmHost } from '../../vm/vm-host.ts'
import { ThreadPools } from '../../vm/vm-pool.ts'
import { settingsOf } from '../machine-flags.ts'
import { openSerialTerminal } from '../serial-terminal.ts'
import { planRun, type RunFlags, type RunPlan, type SerialTarget } from './run-flags.ts'
import { runScript } from './script-runner.ts'

/** Enough for any kernel with its initial RAM disk; memory that a guest does not touch costs the host nothing. */
const DEFAULT_MEMORY_MIB = 256

const STATUS_FAILED = 1
const STATUS_TIMEOUT = 124
const STATUS_INTERRUPTED = 130

/** A machine that has been started, and what goes away with it. */
export interface Launched {
  readonly vm: VmHost
  close(): Promise<void>
}

/** Runs the machine and returns the status. Throws before it runs for what is wrong with the command. */
export async function run(flags: RunFlags, vmThread?: URL): Promise<number> {
  const plan = planRun(flags)
  const identity = { schemaVersion: MACHINE_SCHEMA_VERSION, id: randomUUID() }
  const settings = settingsOf(flags, 'run')
  // Without a window nobody presses F12.
  const boot = { ...settings.boot, ...(flags.display === 'none' ? { menuWaitMs: 0 } : {}) }
  const spec = machineSpecSchema.parse({ ...identity, memoryMib: DEFAULT_MEMORY_MIB, ...settings, boot })
  const options: RunOptions = {
    engine: flags.engine,
    debugExit: flags.debugExit ?? false,
    discardWrites: flags.snapshot ?? false,
    requireBootable: true,
    stepped: plan.script !== undefined && spec.clock.source === 'virtual',
  }
  const launched =
    flags.display === 'window'
      ? await (await import('./launch-in-window.ts')).launchInWindow(spec, options, vmThread)
      : launch(spec, options, vmThread)
  try {
    return await new Run(launched.vm, plan, flags).finish()
  } finally {
    await launched.close()
  }
}

function launch(spec: MachineSpec, options: RunOptions, vmThread: URL | undefined): Launched {
  const pools = new ThreadPools(vmThread)
  return { vm: new VmHost(pools, spec, options), close: () => pools.dispose() }
}

/** What has decided how the run ends, if not the guest. */
interface Verdict {
  readonly status: number
  readonly message?: string
}

class Run {
  readonly #vm: VmHost
  readonly #plan: RunPlan
  readonly #flags: RunFlags
  readonly #startMs = performance.now()
  readonly #cleanups: (() => void)[] = []
  #verdict: Verdict | undefined
  #script: Promise<void> | undefined

  constructor(vm: VmHost, plan: RunPlan, flags: RunFlags) {
    this.#vm = vm
    this.#plan = plan
    this.#flags = flags
    // Before the first byte can come.
    this.#connectOutput(plan.serial)
  }

  async finish(): Promise<number> {
    try {
      await this.#vm.started()
      this.#begin()
      const ending = await this.#vm.ending
      await this.#script
      return this.#conclude(ending)
    } finally {
      for (const cleanup of this.#cleanups) cleanup()
    }
  }

  /** Everything that may end the run. */
  #begin(): void {
    const { serial, timeoutMs, script } = this.#plan
    if (serial.kind === 'stdio') {
      const terminal = openSerialTerminal({
        onInput: (bytes) => this.#vm.send({ type: 'serial', port: 1, bytes }),
        onEscape: () => this.#end({ status: 0 }),
      })
      this.#cleanups.push(() => terminal.close())
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      const onSignal = () => this.#end({ status: STATUS_INTERRUPTED })
      process.on(signal, onSignal)
      this.#cleanups.push(() => process.off(signal, onSignal))
    }
    if (timeoutMs !== undefined) {
      const verdict = { status: STATUS_TIMEOUT, message: `Time is over after ${timeoutMs / 1000} s` }
      const timer = setTimeout(() => this.#end(verdict), timeoutMs)
      this.#cleanups.push(() => clearTimeout(timer))
    }
    const { exitOn, profile } = this.#flags
    // Rejected when the machine ends first: its last message carries the profile.
    if (profile) this.#vm.call({ type: 'profile-start' }).catch(() => {})
    if (exitOn !== undefined) {
      // Rejected when the machine ends first, which then decides.
      this.#vm.call({ type: 'wait-text', text: exitOn, timeoutSeconds: null, background: true }).then(
        () => this.#end({ status: 0 }),
        () => {},
      )
    }
    this.#vm.onPausedByError.subscribe((error) => this.#end({ status: STATUS_FAILED, message: error.message }))
    if (script) this.#script = this.#playScript(script)
  }

  async #playScript({ lines, name }: NonNullable<RunPlan['script']>): Promise<void> {
    const result = await runScript(this.#vm, lines, name)
    if (result.kind === 'quit') this.#end({ status: 0 })
    else if (result.kind === 'failed')
      this.#end({ status: STATUS_FAILED, message: `${result.message}\n${result.screen}`.trimEnd() })
    else if (this.#vm.isAlive) await this.#vm.call({ type: 'run-freely' }).catch(() => {})
  }

  /** The first verdict counts. */
  #end(verdict: Verdict): void {
    if (this.#verdict) return
    this.#verdict = verdict
    void this.#vm.powerOff()
  }

  #connectOutput(serial: SerialTarget): void {
    if (serial.kind === 'stdio') {
      // Nobody reads any more: the end, as of any program in a pipe.
      process.stdout.on('error', () => this.#end({ status: STATUS_FAILED }))
      this.#vm.onSerial.subscribe(({ port, bytes }) => {
        if (port === 1) process.stdout.write(bytes)
      })
    } else if (serial.kind === 'file') {
      let fd: number | undefined
      this.#vm.onSerial.subscribe(({ port, bytes }) => {
        if (port !== 1) return
        fd ??= openSync(serial.path, 'w')
        for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
      })
      this.#cleanups.push(() => {
        if (fd !== undefined) closeSync(fd)
      })
    }
  }

  #conclude(ending: Ending): number {
    if (ending.kind === 'not-started') throw ending.error
    if (this.#plan.screenshot !== undefined) writeFileSync(this.#plan.screenshot, encodePng(this.#vm.picture).png)
    if (ending.kind === 'crashed') {
      process.stderr.write(`vitrine: The machine crashed: ${ending.error.message}\n`)
      return STATUS_FAILED
    }
    if (this.#verdict?.message) process.stderr.write(`vitrine: ${this.#verdict.message}\n`)
    const exit = ending.end.kind === 'exit' ? (ending.end.value * 2 + 1) & 0xff : 0
    const status = this.#verdict ? this.#verdict.status : exit
    const { json, stats, profile } = this.#flags
    if (json) this.#printStats(ending.stats, ending.profile, { status, end: ending.end })
    else if (stats || profile) this.#printStats(ending.stats, ending.profile)
    return status
  }

  #printStats(stats: VmThreadStats, profile: MachineProfile | null, how: object = {}): void {
    const { speedMips: _, idle: __, hostLoad: ___, drives: ____, ...counters } = stats
    const seconds = Number(((performance.now() - this.#startMs) / 1000).toFixed(3))
    process.stderr.write(`${JSON.stringify({ ...how, ...counters, seconds, ...(profile && { profile }) })}\n`)
  }
}
