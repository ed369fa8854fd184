/** Two executions side by side: what must be equal, the first difference, and the smallest program that still shows it. */
import * as L from '../../core/cpu/state/layout.ts'
import { Random } from '../support/random.ts'
import type { CodeItem } from './code-writer.ts'
import * as M from './layout.ts'
import type { FuzzMachine, Slice } from './machine.ts'
import type { Mode, Program } from './program.ts'
import { MODES, writeProgram } from './program.ts'

export interface FuzzCase {
  readonly seed: number
  readonly program: Program
  readonly slices: readonly Slice[]
}

export interface Difference {
  readonly slice: number
  /** What differs: name, value of the subject, value of the reference. */
  readonly parts: readonly (readonly [string, string, string])[]
}

export interface FuzzPair {
  readonly subject: FuzzMachine
  readonly reference: FuzzMachine
}

/** The case that `seed` stands for. */
export function createCase(seed: number, mode?: Mode): FuzzCase {
  const random = new Random(Math.imul(seed + 1, 0x9e37_79b1))
  for (let i = 0; i < 4; i++) random.next()
  const chosen = mode ?? (random.below(3) ? MODES[random.below(3)]! : random.pick(MODES))
  const program = writeProgram(random, chosen)
  const slices: Slice[] = []
  for (let i = 2 + random.below(4); i > 0; i--)
    slices.push({
      budget: random.below(3) ? 200 + random.below(2500) : 1 + random.below(60),
      vector: random.below(3) === 0 ? 0x20 + random.below(12) : undefined,
    })
  return { seed, program, slices }
}

const NAMES: readonly (readonly [string, number])[] = [
  ...['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'].map((name, n) => [name, L.registerOffset(n)] as const),
  ['eip', L.EIP],
  ['inhibit', L.INHIBIT],
  ['cpl', L.CPL],
  ['mode', L.MODE],
  ['halted', L.HALTED],
]

/** Byte ranges of the CPU's state that must be equal as they are. */
const RANGES: readonly (readonly [string, number, number])[] = [
  ['segments', L.SEGMENTS, L.FPU_CONTROL],
  ['fpu control', L.FPU_CONTROL, L.FPU_RESULT],
  ['fpu registers', L.FPU_REGISTERS, L.FPU_REGISTERS + 128],
  ['xmm', L.XMM, L.XMM + 128],
]

const hex = (value: number) => (value >>> 0).toString(16)

function bytesOf(machine: FuzzMachine, first: number, end: number): Buffer {
  return Buffer.from(machine.memory.buffer as unknown as ArrayBuffer, first, end - first)
}

/** Lists what differs now. */
function differences({ subject, reference }: FuzzPair): (readonly [string, string, string])[] {
  const found: (readonly [string, string, string])[] = []
  const [a, b] = [subject.cpu.state, reference.cpu.state]
  const note = (name: string, x: number | string, y: number | string) => {
    if (x !== y) found.push([name, typeof x === 'number' ? hex(x) : x, typeof y === 'number' ? hex(y) : y])
  }
  note('instructions', String(subject.instructions), String(reference.instructions))
  for (const [name, at] of NAMES) note(name, a.u32[at >> 2]!, b.u32[at >> 2]!)
  note('eflags', a.eflags, b.eflags)
  note('devices', subject.seen, reference.seen)
  note('shutdowns', subject.shutdowns, reference.shutdowns)
  for (const [name, first, end] of RANGES) {
    if (Buffer.compare(bytesOf(subject, first, end), bytesOf(reference, first, end)) === 0) continue
    for (let at = first; at < end; at += 4) note(`${name}+${hex(at - first)}`, a.u32[at >> 2]!, b.u32[at >> 2]!)
  }
  const base = subject.memory.ramBase
  if (Buffer.compare(bytesOf(subject, base, base + M.RAM_BYTES), bytesOf(reference, base, base + M.RAM_BYTES)) !== 0) {
    const [x, y] = [subject.memory.ram, reference.memory.ram]
    for (let at = 0, most = 12; at < M.RAM_BYTES && most > 0; at++)
      if (x[at] !== y[at]) {
        note(`memory ${hex(at)}`, x[at]!, y[at]!)
        most--
      }
  }
  return found
}

/** Runs a case on both; the first slice after which they differ, if any. */
export function runCase(pair: FuzzPair, test: FuzzCase, removed?: ReadonlySet<CodeItem>): Difference | undefined {
  for (const machine of [pair.subject, pair.reference]) machine.load(test.program, test.seed, removed)
  for (const [slice, what] of test.slices.entries()) {
    for (const machine of [pair.subject, pair.reference]) machine.run(what)
    const parts = differences(pair)
    if (pair.reference.executedPageTables || pair.subject.executedPageTables) return undefined
    if (parts.length) return { slice, parts }
    if (pair.subject.shutdowns) return undefined
  }
  return undefined
}

/** The smallest version of a failing case that taking instructions and interruptions away finds. */
export function minimise(
  pair: FuzzPair,
  test: FuzzCase,
): { test: FuzzCase; removed: Set<CodeItem>; difference: Difference } {
  const first = runCase(pair, test)
  if (!first) throw new Error('The case does not fail')
  const best = {
    test: { ...test, slices: test.slices.slice(0, first.slice + 1) },
    removed: new Set<CodeItem>(),
    difference: first,
  }
  const attempt = (slices: readonly Slice[], removed: Set<CodeItem>): boolean => {
    const changed = { ...test, slices }
    const difference = runCase(pair, changed, removed)
    if (difference) Object.assign(best, { test: changed, removed, difference })
    return difference !== undefined
  }
  const total = best.test.slices.reduce((sum, slice) => sum + slice.budget, 0)
  // One long slice, if that fails, too: what is taken away later would make the others miss the place.
  const quiet = best.test.slices.map((slice) => ({ ...slice, vector: undefined }))
  attempt([{ budget: total * 3, vector: undefined }], best.removed) ||
    attempt(quiet, best.removed) ||
    attempt([...best.test.slices.slice(0, -1), { ...best.test.slices.at(-1)!, budget: total * 3 }], best.removed)
  const { items } = test.program
  for (let chunk = 1 << Math.ceil(Math.log2(items.length)); chunk >= 1; chunk >>= 1)
    for (let at = 0; at < items.length; at += chunk) {
      const extra = items.slice(at, at + chunk).filter((item) => !best.removed.has(item))
      if (extra.length) attempt(best.test.slices, new Set([...best.removed, ...extra]))
    }
  for (let i = best.test.slices.length - 2; i >= 0; i--) attempt(best.test.slices.toSpliced(i, 1), best.removed)
  const last = best.test.slices.at(-1)!
  for (let budget = 1; budget < last.budget; budget = Math.ceil(budget * 1.2) + 1)
    if (attempt(best.test.slices.with(-1, { ...last, budget }), best.removed)) break
  return best
}

/** A failing case for people to read. */
export function describeFailure(test: FuzzCase, removed: ReadonlySet<CodeItem>, difference: Difference): string {
  const lines = test.program.items
    .filter((item) => !removed.has(item))
    .map((item) => `  ${hex(item.at)}: ${Buffer.from(item.bytes).toString('hex').padEnd(24)} ${item.text}`)
  const slices = test.slices.map(
    (s) => `${s.budget}${s.vector === undefined ? '' : ` after interrupt ${hex(s.vector)}`}`,
  )
  return [
    `seed ${test.seed}, ${test.program.mode} mode, from ${hex(test.program.entry)}, slices of ${slices.join(', ')} instructions; what is left of the program:`,
    ...lines,
    `after slice ${difference.slice + 1}:`,
    ...difference.parts.slice(0, 16).map(([name, x, y]) => `  ${name}: ${x}, and ${y} under the interpreter`),
  ].join('\n')
}
