/**
 * Takes profiles of this thread: V8's sampling profiler says where the host's time goes, and the machine which guest code was hot.
 * Nothing of it costs anything while no profile is taken.
 */
import { existsSync, readFileSync } from 'node:fs'
import { Session, type Profiler as V8Profiler } from 'node:inspector'
import { SourceMap } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { MachineProfile, TimeKind } from '../../core/contract/profile.ts'
import { TIME_KINDS } from '../../core/contract/profile.ts'
import type { Machine } from '../../core/machine/machine.ts'
import { type Frame, kindOf, regionOf } from './time-kinds.ts'

/** Time between two samples, in microseconds. */
const INTERVAL_US = 1000
/** Functions that a profile lists. */
const MOST_FUNCTIONS = 40

export class Profiler {
  readonly #machine: Machine
  #session: Session | undefined
  #beganMs = 0
  #beganGuestNs = 0

  constructor(machine: Machine) {
    this.#machine = machine
  }

  get active(): boolean {
    return this.#session !== undefined
  }

  /** Begins a profile; one that is being taken goes on. */
  start(): void {
    if (this.#session) return
    this.#machine.codeProfile.start()
    this.#session = new Session()
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US })
    this.#session.post('Profiler.start')
    this.#beganMs = performance.now()
    this.#beganGuestNs = this.#machine.clock.nowNs()
  }

  /** Ends it. Without one, what has been counted so far. */
  stop(): MachineProfile {
    const samples = this.#session ? stopSampling(this.#session) : []
    const seconds = this.#session ? (performance.now() - this.#beganMs) / 1000 : 0
    const guestSeconds = this.#session ? (this.#machine.clock.nowNs() - this.#beganGuestNs) / 1e9 : 0
    this.#session?.disconnect()
    this.#session = undefined
    const kinds = new Map<TimeKind, number>(TIME_KINDS.map((kind) => [kind, 0]))
    const regions = new Map<number, number>()
    const functions = new Map<string, { name: string; kind: TimeKind; seconds: number }>()
    for (const { stack, seconds: spent } of samples) {
      const kind = kindOf(stack)
      kinds.set(kind, kinds.get(kind)! + spent)
      const region = stack[0] ? regionOf(stack[0]) : -1
      if (region >= 0) regions.set(region, (regions.get(region) ?? 0) + spent)
      else if (stack[0] && kind !== 'idle') {
        const name = nameOf(stack)
        const known = functions.get(`${kind} ${name}`)
        if (known) known.seconds += spent
        else functions.set(`${kind} ${name}`, { name, kind, seconds: spent })
      }
    }
    return {
      seconds,
      guestSeconds,
      time: [...kinds].map(([kind, spent]) => ({ kind, seconds: spent })),
      functions: [...functions.values()].sort((a, b) => b.seconds - a.seconds).slice(0, MOST_FUNCTIONS),
      ...this.#machine.codeProfile.stop((serial) => regions.get(serial) ?? 0),
    }
  }
}

/** The innermost function and its file; V8's own with the one of ours that called it. */
function nameOf(stack: readonly Frame[]): string {
  const [innermost] = stack
  const own = innermost?.functionName || 'anonymous'
  const caller = stack.find(({ url }) => url !== '')
  if (!caller || caller.url.startsWith('wasm://')) return own
  const file = caller.url.slice(caller.url.lastIndexOf('/') + 1)
  return caller === innermost ? `${own} (${file})` : `${own} of ${caller.functionName} (${file})`
}

interface Sampled {
  readonly stack: readonly Frame[]
  readonly seconds: number
}

/** Answers come at once: the session is this thread's own. */
function stopSampling(session: Session): readonly Sampled[] {
  let profile: V8Profiler.Profile | undefined
  session.post('Profiler.stop', (_error, result) => {
    profile = result?.profile
  })
  return profile ? sampledStacks(profile) : []
}

/** Time by stack: each node of V8's tree of calls with what was spent in it. */
function sampledStacks(profile: V8Profiler.Profile): readonly Sampled[] {
  const spentUs = new Map<number, number>()
  profile.samples?.forEach((id, i) => {
    spentUs.set(id, (spentUs.get(id) ?? 0) + Math.max(0, profile.timeDeltas?.[i] ?? 0))
  })
  const sources = new Sources()
  const parents = new Map<number, V8Profiler.ProfileNode>()
  for (const node of profile.nodes) for (const child of node.children ?? []) parents.set(child, node)
  return profile.nodes.flatMap((node) => {
    const spent = spentUs.get(node.id)
    if (spent === undefined) return []
    const stack: Frame[] = []
    for (let at: V8Profiler.ProfileNode | undefined = node; at; at = parents.get(at.id))
      stack.push({ functionName: at.callFrame.functionName, url: sources.of(at.callFrame) })
    return [{ stack, seconds: spent / 1e6 }]
  })
}

/** Where functions come from: their own files, or by the source map of the bundle that holds them. */
class Sources {
  readonly #maps = new Map<string, SourceMap | undefined>()

  of({ url, lineNumber, columnNumber }: { url: string; lineNumber: number; columnNumber: number }): string {
    if (!url.startsWith('file:')) return url
    if (!this.#maps.has(url)) this.#maps.set(url, load(`${fileURLToPath(url)}.map`))
    const entry = this.#maps.get(url)?.findEntry(lineNumber, columnNumber)
    return entry && 'originalSource' in entry ? entry.originalSource : url
  }
}

function load(file: string): SourceMap | undefined {
  if (!existsSync(file)) return undefined
  try {
    return new SourceMap(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}
