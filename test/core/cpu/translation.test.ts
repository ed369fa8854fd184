/** The page walk in generated code does what PageWalk and Tlb do, on tables of random entries. */
import { describe, expect, it } from 'vitest'
import * as L from '../../../core/cpu/state/layout.ts'
import { TLB_BASE_SUPERVISOR, TLB_BASE_USER, TLB_ENTRIES } from '../../../core/memory/layout.ts'
import { Random } from '../../support/random.ts'
import { BareProcessor } from './bare-processor.ts'

const PF = 14
const RAM_PAGES = 1024
const DIRECTORY = 0x10_0000
const TABLES = 0x11_0000
/** Linear addresses are chosen under so many directory entries. */
const DIRECTORIES = 8

interface Modes {
  readonly pae: boolean
  readonly large: boolean
  readonly global: boolean
  readonly writeProtect: boolean
}

function fillTables(pc: BareProcessor, random: Random, { pae }: Modes): void {
  const { map } = pc
  const step = pae ? 8 : 4
  const entry = (at: number, page: number, more: number) => {
    const flags = (random.below(8) ? 1 : 0) | (random.below(4) ? 6 : random.below(8)) | (random.next() & 0x160) | more
    map.write(at, 4, ((page << 12) | flags) >>> 0)
    if (pae) map.write(at + 4, 4, random.below(24) ? 0 : random.below(32))
  }
  for (let d = 0; d < DIRECTORIES; d++) {
    const table = TABLES + d * 0x1000
    const size = pae ? 0x200 : 0x400
    if (random.below(6)) entry(DIRECTORY + d * step, random.below(30) ? table >>> 12 : 0xfff00, 0)
    else entry(DIRECTORY + d * step, random.below(2) * size + (random.below(5) ? 0 : random.below(size)), 0x80)
    for (let t = 0; t < 16; t++) {
      // RAM, nothing at all, read-only memory.
      const page = random.below(12) ? random.below(RAM_PAGES) : [0x8_0000, 0xf_0000, 0xc0][random.below(3)]!
      entry(table + t * step, page, 0)
    }
  }
}

function prepare(seed: number, modes: Modes): BareProcessor {
  const pc = new BareProcessor()
  const random = new Random(seed)
  const { cpu, map } = pc
  map.mapMemory(0xf000_0000, 0x1000, map.memory.ramBase + 0xc0_000, false)
  fillTables(pc, random, modes)
  const { u32 } = cpu.state
  u32[L.CR3 >> 2] = DIRECTORY
  u32[L.CR0 >> 2] = (0x8000_0011 | (modes.writeProtect ? 0x1_0000 : 0)) >>> 0
  u32[L.CR4 >> 2] = (modes.pae ? 0x20 : 0) | (modes.large ? 0x10 : 0) | (modes.global ? 0x80 : 0)
  for (let i = 0; i < 4; i++) u32[(L.PDPTES >> 2) + i * 2] = i === 3 ? 0 : DIRECTORY | 1
  cpu.updateMode()
  return pc
}

/** Both TLBs, and the tables with their accessed and dirty bits. */
function picture({ map }: BareProcessor): string {
  const words = map.memory.i32
  const entries: string[] = []
  for (const base of [TLB_BASE_SUPERVISOR, TLB_BASE_USER])
    for (let i = 0; i < TLB_ENTRIES; i++) {
      const at = (base >> 2) + i * 4
      if (words[at + 3])
        entries.push(`${base + i}: ${[0, 1, 2, 3].map((n) => (words[at + n]! >>> 0).toString(16)).join()}`)
    }
  const tables = map.memory.ram.subarray(DIRECTORY, TABLES + DIRECTORIES * 0x1000)
  return `${entries.join('\n')}\n${Buffer.from(tables).toString('base64')}`
}

const flags = [false, true]
const all = flags.flatMap((pae) =>
  flags.flatMap((large) =>
    flags.flatMap((global) => flags.map((writeProtect) => ({ pae, large, global, writeProtect }))),
  ),
)

describe.each(all)('PAE $pae, PSE $large, PGE $global, WP $writeProtect', (modes) => {
  it('translates as the walk of the slow paths does', () => {
    let decided = 0
    for (let round = 0; round < 4; round++) {
      const seed = 0x7a1 + round
      const [slow, fast] = [prepare(seed, modes), prepare(seed, modes)]
      const random = new Random(seed * 31)
      const fill = fast.cpu.exports['tlb_fill'] as (linear: number, write: number, user: number) => number
      for (let i = 0; i < 200; i++) {
        const directory = random.below(DIRECTORIES)
        const linear = directory * (modes.pae ? 0x20_0000 : 0x40_0000) + random.below(18) * 0x1000 + random.below(4096)
        const [write, user] = [random.below(2), random.below(2)]
        slow.cpu.state.u32[L.CPL >> 2] = user * 3
        let wanted = 1
        const fault = slow.cpu.attempt(() => void slow.cpu.access.translate(linear, write === 1, false))
        if (fault) {
          expect(fault.vector).toBe(PF)
          wanted = ~fault.errorCode
        }
        const found = fill(linear, write, user)
        if (found !== 0) {
          decided++
          expect({ seed, i, found: Math.min(found, 1) }).toEqual({ seed, i, found: wanted })
        } else {
          // Left to the slow path, which must find everything as it was.
          fast.cpu.state.u32[L.CPL >> 2] = user * 3
          const other = fast.cpu.attempt(() => void fast.cpu.access.translate(linear, write === 1, false))
          expect(other).toEqual(fault)
        }
        if (i % 20 === 0) expect(picture(fast)).toBe(picture(slow))
      }
      expect(picture(fast)).toBe(picture(slow))
    }
    expect(decided).toBeGreaterThan(500)
  })
})
