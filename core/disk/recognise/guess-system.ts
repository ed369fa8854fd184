/** Weighs the clues: which system is on a medium, how sure that is, and why. */
import { CLUES, isoKernelVersion, STRENGTHS, type Strength } from './clues.ts'
import type { Evidence } from './evidence.ts'
import { GPT_PROTECTIVE } from './partitions.ts'

/** Reasons that are told, the strongest first. */
const MAX_REASONS = 3

export interface SystemGuess {
  /** Identity of a template, or `linux` when no kernel tells its version. */
  readonly system: string
  readonly strength: Strength
  readonly reasons: readonly string[]
  /** Of Linux, "" when it is not known. */
  readonly version: string
}

/** The system that the evidence speaks for; undefined when it says nothing. */
export function guessSystem(evidence: Evidence): SystemGuess | undefined {
  const found = CLUES.map(({ system, strength, find }) => ({ system, strength, why: find(evidence) })).filter(
    ({ why }) => why !== undefined,
  )
  const ranked = found.toSorted((a, b) => STRENGTHS.indexOf(b.strength) - STRENGTHS.indexOf(a.strength))
  const best = ranked[0]
  if (!best) return undefined
  const reasons = ranked.filter(({ system }) => system === best.system).map(({ why }) => why as string)
  return {
    system: best.system,
    strength: best.strength,
    reasons: [...new Set(reasons)].slice(0, MAX_REASONS),
    version: best.system === 'linux' ? (isoKernelVersion(evidence) ?? '') : '',
  }
}

/** What stands in the way of starting a CD on the PC that is emulated; undefined for everything that may start. */
export function obstacleOf({ boot, kind, partitions, label, identifiers, text }: Evidence): string | undefined {
  const names = [label, ...identifiers, text('_DISK/INFO'), text('.DISK/INFO')].join(' ')
  const is64 = /amd64|x86[-_]64|\bx64\b/i.test(names) && !/i386|i[56]86|multi/i.test(names)
  if (is64) return 'It is made for 64-bit processors, which the emulated PC does not have'
  if (kind === 'cdrom' && boot?.efi && !boot.bios)
    return 'It starts with UEFI alone, which the emulated PC does not have'
  if (partitions.some(({ type }) => type === GPT_PROTECTIVE))
    return 'Its partition table is a GPT, which often starts with UEFI alone'
  return undefined
}
