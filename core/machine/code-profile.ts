/** What the processor knows of hot code while a profile is taken. Host time is the thread's to measure. */
import type { HotRegion, MachineProfile } from '../contract/profile.ts'
import { Disassembler } from '../cpu/decode/disassembler.ts'
import type { DecodeTables } from '../cpu/decode/forms.ts'
import * as D from '../cpu/decode/op-layout.ts'
import type { Cpu } from '../cpu/exec/cpu.ts'
import type { CompiledRegion } from '../cpu/jit/compiler.ts'
import { EXIT_REASONS, exitCounter } from '../cpu/jit/exits.ts'
import * as L from '../cpu/state/layout.ts'

/** Regions that a profile lists, and instructions of each that it shows. */
const MOST_REGIONS = 24
const MOST_LINES = 200

/** The part of a profile that the machine knows. */
export type CodeFigures = Omit<MachineProfile, 'seconds' | 'guestSeconds' | 'time' | 'functions'>

interface Totals {
  readonly instructions: number
  readonly compiled: number
  readonly regions: number
  readonly compileNs: number
  readonly codeBytes: number
}

export class CodeProfile {
  readonly #cpu: Cpu
  readonly #tables: DecodeTables
  #began: Totals | undefined

  constructor(cpu: Cpu, tables: DecodeTables) {
    this.#cpu = cpu
    this.#tables = tables
  }

  /** Begins: code is compiled anew, so that it counts its exits. Between slices only, as everything here. */
  start(): void {
    this.#switch(true)
    const { i32 } = this.#cpu.map.memory
    for (const reason of EXIT_REASONS) i32.fill(0, exitCounter(reason) >> 2, (exitCounter(reason) >> 2) + 2)
    this.#began = this.#totals()
  }

  /** Ends. `secondsOf` says how much of the host's time a region (by its number) has taken. */
  stop(secondsOf: (serial: number) => number): CodeFigures {
    const began = this.#began ?? this.#totals()
    const now = this.#totals()
    const regions = [...(this.#cpu.compiler?.regions ?? [])]
    const hottest = regions
      .map((region) => ({ region, seconds: secondsOf(region.serial) }))
      .sort((a, b) => b.seconds - a.seconds || this.#executions(b.region) - this.#executions(a.region))
      .slice(0, MOST_REGIONS)
      .map(({ region, seconds }) => this.#describe(region, seconds))
    const compiled = now.compiled - began.compiled
    const figures = {
      instructionsInterpreted: Math.max(0, now.instructions - began.instructions - compiled),
      instructionsCompiled: compiled,
      regionsCompiled: now.regions - began.regions,
      regionsLive: regions.length,
      compileSeconds: (now.compileNs - began.compileNs) / 1e9,
      codeBytes: now.codeBytes - began.codeBytes,
      exits: this.#exits(),
      regions: hottest,
    }
    this.#began = undefined
    this.#switch(false)
    return figures
  }

  #switch(profiling: boolean): void {
    const { compiler, blocks } = this.#cpu
    if (!compiler || compiler.profiling === profiling) return
    compiler.profiling = profiling
    blocks.flush()
  }

  #totals(): Totals {
    const { compiler, instructions } = this.#cpu
    return {
      instructions,
      compiled: compiler?.instructions ?? 0,
      regions: compiler?.compiled ?? 0,
      compileNs: compiler?.compileNs ?? 0,
      codeBytes: compiler?.codeBytes ?? 0,
    }
  }

  #exits(): Record<string, number> {
    const { u32 } = this.#cpu.map.memory
    const count = (at: number) => u32[at >> 2]! + u32[(at >> 2) + 1]! * 0x1_0000_0000
    return Object.fromEntries(EXIT_REASONS.map((reason) => [reason, count(exitCounter(reason))]))
  }

  #executions(region: CompiledRegion): number {
    return this.#cpu.map.memory.u32[(region.root + D.BLOCK_EXECUTIONS) >> 2]!
  }

  #describe(region: CompiledRegion, seconds: number): HotRegion {
    const { i32, u8 } = this.#cpu.map.memory
    const word = (block: number, at: number) => i32[(block + at) >> 2]!
    const rootHost = word(region.root, D.BLOCK_HOST)
    const disassembler = new Disassembler(this.#tables)
    const code: { address: number; text: string }[] = []
    // Blocks may overlap: one that begins in the middle of another has its tail.
    const seen = new Set<number>()
    const members = region.members.toSorted((a, b) => word(a, D.BLOCK_HOST) - word(b, D.BLOCK_HOST))
    for (const block of members) {
      const host = word(block, D.BLOCK_HOST)
      for (let at = 0; at < word(block, D.BLOCK_LENGTH) && code.length < MOST_LINES; ) {
        const address = (region.eip + host - rootHost + at) >>> 0
        const { length, text } = disassembler.disassemble(u8, host + at, region.mode, address)
        if (!seen.has(address)) code.push({ address, text })
        seen.add(address)
        at += length
      }
    }
    return {
      address: region.eip,
      mode: modeText(region.mode),
      blocks: members.length,
      instructions: members.reduce((sum, block) => sum + word(block, D.BLOCK_COUNT), 0),
      executions: this.#executions(region),
      seconds,
      code,
    }
  }
}

function modeText(mode: number): string {
  const width = mode & L.MODE_CODE32 ? '32-bit' : '16-bit'
  if (!(mode & L.MODE_PROTECTED)) return `${width} real`
  if (mode & L.MODE_VM86) return `${width} virtual-8086`
  return `${width} protected, ${mode & L.MODE_USER ? 'user' : 'kernel'}`
}
