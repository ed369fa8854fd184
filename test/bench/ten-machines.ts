/**
 * Ten machines at once, each an idle Linux of 64 MiB: `node test/bench/ten-machines.ts [--machines N] [--seconds S]`. Prints whether every
 * one answers on its serial line all the time, how long the contract takes to answer over the local socket, what memory is
 * accounted for and what the process has, and what becomes of the others when the thread of one is killed. Ends with status 1 when
 * one of these is not as it should be; times are printed and judged by whoever reads them, with the load.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Client } from '../../core/contract/client.ts'
import { Host } from '../../main/host.ts'
import { connectLocally, createLocalAddress, listenLocally } from '../../main/shells/local/local-socket.ts'
import { pathOf } from '../support/needs.ts'
import { shared } from '../support/shared.ts'
import { residentMib } from './host-process.ts'

const { values } = parseArgs({
  options: { machines: { type: 'string', default: '10' }, seconds: { type: 'string', default: '300' } },
})
const count = Number(values.machines)
const seconds = Number(values.seconds)
const MIB = 2 ** 20
const CALL_INTERVAL_MS = 100
const ROUND_MS = 30_000
const ANSWER_TIMEOUT_MS = 120_000

const show = (what: string, figure: string) => console.log(`${what.padEnd(44)} ${figure}`)
const failures: string[] = []
const expectThat = (what: string, holds: boolean) => {
  if (!holds) failures.push(what)
}

/** The serial line of one machine: what it says, and waiting for it. */
class Line {
  readonly id: string
  readonly #client: Client
  #text = ''
  #waiting: (() => void) | undefined

  constructor(client: Client, id: string) {
    this.#client = client
    this.id = id
  }

  async open(): Promise<void> {
    await this.#client.openConsole({
      id: this.id,
      maxFramesPerSecond: 0,
      serialPorts: [1],
      onFrame: () => {},
      onSerial: (_, bytes) => {
        this.#text = (this.#text + Buffer.from(bytes).toString('latin1')).slice(-8192)
        this.#waiting?.()
      },
    })
  }

  /** Whether `text` comes in time. */
  async shows(text: string, timeoutMs: number): Promise<boolean> {
    const end = new AbortController()
    const seen = new Promise<true>((resolve) => {
      this.#waiting = () => {
        if (this.#text.includes(text)) resolve(true)
      }
      this.#waiting()
    })
    const late = delay(timeoutMs, false as const, { signal: end.signal }).catch(() => false as const)
    const result = await Promise.race([seen, late])
    end.abort()
    return result
  }

  async answers(round: number): Promise<boolean> {
    const data = `echo alive-$((${round}+1000))\n`
    await this.#client.api.console.sendSerial({ id: this.id, port: 1, data })
    return this.shows(`alive-${round + 1000}`, ANSWER_TIMEOUT_MS)
  }
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

/** Asks the contract again and again until told to stop; the milliseconds of each answer. */
async function measureContract(client: Client, ids: readonly string[], isOver: () => boolean): Promise<number[]> {
  const times: number[] = []
  const calls = [
    () => client.api.library.list({}),
    (id: string) => client.api.machine.stats({ id }),
    (id: string) => client.api.library.get({ id }),
    () => client.api.stats.host({ seconds: 60 }),
    (id: string) => client.api.stats.machine({ id, seconds: 60 }),
    (id: string) => client.api.machine.screenText({ id }),
  ]
  for (let number = 0; !isOver(); number++) {
    const call = calls[number % calls.length]
    const id = ids[Math.floor(number / calls.length) % ids.length]
    if (!call || !id) break
    const beginMs = performance.now()
    await call(id)
    times.push(performance.now() - beginMs)
    await delay(CALL_INTERVAL_MS)
  }
  return times.toSorted((a, b) => a - b)
}

const libraryFolder = mkdtempSync(join(tmpdir(), 'vitrine-ten-'))
const address = createLocalAddress()
const host = await Host.open({
  libraryFolder,
  lockNote: { ...address },
  welcome: false,
  shell: { openConsole: () => {}, pageUrl: () => null, quit: () => {} },
})
const local = await listenLocally(host, address)
const client = await connectLocally(libraryFolder)
if (!client) throw new Error('The host takes no commands')
const { api } = client
try {
  const kernel = { file: pathOf(shared('guests/vmlinuz-686')), initrd: pathOf(shared('guests/initrd-686-small.gz')) }
  const append = 'console=tty0 console=ttyS0 quiet cryptomgr.notests'
  const lines: Line[] = []
  show(
    'load before',
    loadavg()
      .map((load) => load.toFixed(1))
      .join(' '),
  )
  show('resident before', `${residentMib(process.pid).toFixed(0)} MiB`)
  const beginMs = performance.now()
  for (let number = 1; number <= count; number++) {
    const boot = { kernel: { ...kernel, append } }
    const card = await api.library.create({ settings: { name: `Linux ${number}`, memoryMib: 64, boot } })
    const line = new Line(client, card.id)
    await line.open()
    await api.machine.start({ id: card.id })
    lines.push(line)
  }
  const ready = await Promise.all(lines.map((line) => line.shows('GUEST-READY', 30 * 60_000)))
  expectThat('every machine comes up', ready.every(Boolean))
  show(`${count} machines up after`, `${((performance.now() - beginMs) / 1000).toFixed(0)} s`)

  let isOver = false
  const measuring = measureContract(
    client,
    lines.map(({ id }) => id),
    () => isOver,
  )
  const endMs = performance.now() + seconds * 1000
  let rounds = 0
  while (performance.now() < endMs) {
    const answered = await Promise.all(lines.map((line) => line.answers(rounds)))
    expectThat(`every machine answers in round ${rounds}`, answered.every(Boolean))
    rounds++
    await delay(Math.min(ROUND_MS, Math.max(0, endMs - performance.now())))
  }
  isOver = true
  const times = await measuring
  show('rounds in which all answered', `${rounds}`)
  show('answers of the contract', `${times.length}`)
  show(
    'median, 95th percentile, longest',
    [0.5, 0.95, 1].map((part) => `${quantile(times, part).toFixed(1)} ms`).join(', '),
  )

  const sample = (await api.stats.host({ seconds: 10 })).at(-1)
  const accounted = (sample?.machinesMemoryBytes ?? 0) / MIB
  show('accounted for machines', `${accounted.toFixed(0)} MiB, ${(accounted / count).toFixed(0)} each`)
  show('resident', `${residentMib(process.pid).toFixed(0)} MiB`)
  show('cores used by Vitrine', `${((sample?.ownCpu ?? 0) * 100).toFixed(1)} % of all`)
  expectThat('every machine is counted', sample?.running === count)

  const [victim, ...others] = lines
  if (!victim) throw new Error('no machine')
  host.machines.running(victim.id).kill()
  for (let state = ''; state !== 'crashed'; state = (await api.library.get({ id: victim.id })).state) await delay(100)
  const card = await api.library.get({ id: victim.id })
  const { lines: log } = await api.library.logs({ id: victim.id, lines: 5 })
  show('the killed one', `${card.state}: ${card.crash?.message}`)
  show('its log ends with', log.at(-1) ?? '')
  expectThat(
    'the log says so',
    log.some((text) => text.includes('Crashed')),
  )
  const still = await Promise.all(others.map((line) => line.answers(rounds)))
  show('others that answer', `${still.filter(Boolean).length} of ${others.length}`)
  expectThat('all others answer', still.every(Boolean))
  const states = (await api.library.list({})).map((each) => (each.kind === 'machine' ? each.state : 'broken'))
  expectThat('one has crashed and the others run', states.filter((state) => state === 'running').length === count - 1)
  show(
    'load after',
    loadavg()
      .map((load) => load.toFixed(1))
      .join(' '),
  )
} finally {
  client.close()
  await local.close()
  await host.dispose()
  rmSync(libraryFolder, { recursive: true, force: true })
}
for (const failure of failures) console.error(`Not so: ${failure}`)
process.exitCode = failures.length > 0 ? 1 : 0
