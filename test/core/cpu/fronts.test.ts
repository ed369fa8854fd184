/**
 * Slow paths begin in generated code (their fronts) and end in TypeScript: a processor with fronts does what one without does, on
 * random descriptors, gates, stacks, privileges and flags.
 */
import { describe, expect, it } from 'vitest'
import * as L from '../../../core/cpu/state/layout.ts'
import { Random } from '../../support/random.ts'
import { BareProcessor } from './bare-processor.ts'

const GDT = 0x1_0000
const LDT = 0x1_1000
const IDT = 0x1_2000
const TASK = 0x1_3000
const CODE = 0x2_0000
const STACK = 0x3_0000
const DIRECTORY = 0x4_0000
const TABLE = 0x4_1000
const FLAT = 0xcf_0000
/** Behind what is used. */
const END = 0x5_0000

type Put = (at: number, value: number, size?: 1 | 2 | 4) => void

/** Selectors of flat code and data for privilege `cpl`, good ones: what processors mostly meet. */
const codeFor = (cpl: number) => (1 + cpl) * 8 + cpl
const dataFor = (cpl: number) => (5 + cpl) * 8 + cpl

function putTables(random: Random, put: Put): void {
  const descriptor = (at: number, base: number, limit: number, high: number) => {
    put(at, (((base & 0xffff) << 16) | (limit & 0xffff)) >>> 0)
    put(at + 4, ((base & 0xff00_0000) | ((base >>> 16) & 0xff) | (limit & 0xf_0000) | high) >>> 0)
  }
  for (let dpl = 0; dpl < 4; dpl++) {
    descriptor(GDT + (1 + dpl) * 8, 0, 0xf_ffff, FLAT | 0x9b00 | (dpl << 13))
    descriptor(GDT + (5 + dpl) * 8, 0, 0xf_ffff, FLAT | 0x9300 | (dpl << 13))
  }
  // Anything may be anything else.
  for (let n = 9; n < 32; n++) {
    const kinds = [0x9b00, 0x9300, 0x9900, 0x9f00, 0x9700, 0x9100, 0x9200, 0x1300, 0x8200, 0x8900, 0x8c00]
    const high =
      random.pick(kinds) | (random.below(4) << 13) | (random.below(4) ? 0xc0_0000 : random.next() & 0xf0_0000)
    const base = random.below(3) ? 0 : random.below(0x2000)
    const limit = random.below(3) ? 0xf_ffff : random.below(0x4_0000)
    descriptor((random.below(5) ? GDT : LDT) + n * 8, base, limit, high)
  }
  for (let vector = 0; vector < 256; vector++) {
    const selector = random.below(5) ? codeFor(random.below(4)) & ~3 : random.below(0x100)
    const type = random.below(6) ? 0x8e00 | (random.below(2) << 8) : random.next() & 0x9f00
    put(IDT + vector * 8, ((selector << 16) | (random.next() & 0xfff)) >>> 0)
    put(IDT + vector * 8 + 4, ((CODE & 0xffff_0000) | type | (random.below(4) << 13)) >>> 0)
  }
  for (let cpl = 0; cpl < 3; cpl++) {
    put(TASK + 4 + cpl * 8, STACK + 0x800 + random.below(0x1000) * (random.below(3) ? 1 : 16))
    put(TASK + 8 + cpl * 8, random.below(6) ? dataFor(cpl) : random.below(0x100))
  }
  put(DIRECTORY, TABLE | 7)
  for (let page = 0; page < 1024; page++)
    put(TABLE + page * 4, (page << 12) | (random.below(40) ? 0x67 : random.below(8) | (random.next() & 0x60)))
  for (const at of [GDT, IDT, TASK, CODE]) put(TABLE + (at >>> 12) * 4, at | 0x67)
}

/** What IRET may find. */
function putFrame(random: Random, put: Put, at: number, cpl: number): void {
  const outer = random.below(3) ? cpl + random.below(4 - cpl) : cpl
  put(at, CODE + random.below(0x1000))
  put(at + 4, random.below(6) ? codeFor(outer) : random.next() & 0xffff)
  put(at + 8, random.below(4) ? random.next() & 0x24_0ed7 : random.next())
  put(at + 12, STACK + random.below(0x2000))
  put(at + 16, random.below(6) ? dataFor(outer) : random.next() & 0xffff)
}

const NAMES = [
  'int',
  'int3',
  'into',
  'iret',
  'sysenter',
  'sysexit',
  'popf',
  'mov sreg',
  'pop sreg',
  'pusha',
  'popa',
  'cli',
  'sti',
  'write',
  'push',
  'movs',
  'stos',
  'lods',
  'cmps',
  'scas',
] as const
type Name = (typeof NAMES)[number]

function bytesFor(name: Name, random: Random): number[] {
  const wide = random.below(8) ? [] : [0x66]
  const repeat = [[], [0xf3], [0xf2]][random.below(3)]!
  const string = (opcode: number) => [...wide, ...(random.below(8) ? [] : [0x67]), ...repeat, opcode + random.below(2)]
  switch (name) {
    case 'int':
      return [0xcd, random.below(256)]
    case 'int3':
      return [0xcc]
    case 'into':
      return [0xce]
    case 'iret':
      return [...wide, 0xcf]
    case 'sysenter':
      return [0x0f, 0x34]
    case 'sysexit':
      return [0x0f, 0x35]
    case 'popf':
      return [...wide, 0x9d]
    case 'mov sreg':
      return [0x8e, 0xc0 | ([0, 2, 3, 4, 5][random.below(5)]! << 3)]
    case 'pop sreg':
      return [[0x07], [0x1f], [0x17], [0x0f, 0xa1]][random.below(4)]!.slice()
    case 'pusha':
      return [...wide, 0x60]
    case 'popa':
      return [...wide, 0x61]
    case 'cli':
      return [0xfa]
    case 'sti':
      return [0xfb]
    case 'write':
      return [...wide, 0x89 - random.below(2), 0x0f]
    case 'push':
      return [...wide, 0x50 + random.below(8)]
    case 'movs':
      return string(0xa4)
    case 'stos':
      return string(0xaa)
    case 'lods':
      return string(0xac)
    case 'cmps':
      return string(0xa6)
    case 'scas':
      return string(0xae)
  }
}

/** The same state for the same seed. */
function prepare(pc: BareProcessor, name: Name, seed: number): void {
  const random = new Random(seed)
  const { cpu, map } = pc
  const { state } = cpu
  const put: Put = (at, value, size = 4) => map.write(at, size, value)
  map.memory.ram.fill(0, GDT, END)
  cpu.blocks.flush()
  cpu.reset()
  pc.pending = undefined
  putTables(random, put)
  for (let at = STACK; at < STACK + 0x3000; at += 4) put(at, random.below(3) ? random.below(4) : random.next())
  const { u32 } = state
  u32[L.GDTR_BASE >> 2] = GDT
  u32[L.GDTR_LIMIT >> 2] = random.below(4) ? 0xff : random.below(0x100)
  u32[L.IDTR_BASE >> 2] = IDT
  u32[L.IDTR_LIMIT >> 2] = random.below(8) ? 0x7ff : random.below(0x800)
  u32[L.CR0 >> 2] =
    (0x31 | (random.below(2) ? 0x8000_0000 : 0) | (random.below(8) ? 0 : 0x4_0000) | (random.below(2) << 16)) >>> 0
  u32[L.CR3 >> 2] = DIRECTORY
  u32[L.CR4 >> 2] = 0x200
  const cpl = random.below(name === 'iret' ? 1 + random.below(4) : 4)
  state.setSegment(L.LDTR, 8, LDT, 0xff, 0x8200)
  state.setSegment(L.TR, 8, TASK, random.below(8) ? 0x67 : random.below(0x20), random.below(16) ? 0x8b00 : 0x8300)
  for (const n of [L.ES, L.SS, L.DS, L.FS, L.GS])
    state.setSegment(n, dataFor(cpl), 0, 0xffff_ffff, (FLAT & 0xf0_0000) | 0x9300 | (cpl << 13))
  state.setSegment(L.CS, codeFor(cpl), 0, 0xffff_ffff, (FLAT & 0xf0_0000) | 0x9b00 | (cpl << 13))
  for (const n of [L.ES, L.SS, L.DS, L.FS, L.GS]) {
    if (random.below(8)) continue
    const attributes = [0xc0_9300, 0x40_9700, 0x00_9300, 0xc0_9b00, 0, 0xc0_9100][random.below(6)]! | (cpl << 13)
    if (n !== L.SS || (attributes & 0x9a00) === 0x9200)
      state.setSegment(
        n,
        random.next() & 0xffff,
        random.below(64),
        random.below(2) ? 0x3_0fff : 0xffff_ffff,
        attributes,
      )
  }
  for (const n of [L.ES, L.DS, L.FS, L.GS])
    if (random.below(4) === 0) state.setSegment(n, dataFor(3), 0, 0xffff_ffff, 0xc0_9300 | (random.below(4) << 13))
  const narrow = random.below(6) === 0
  if (narrow) state.setSegment(L.SS, 0x28, STACK, 0xffff, 0x9300 | (cpl << 13))
  u32[L.CPL >> 2] = cpl
  for (let n = 0; n < 8; n++) state.setReg32(n, random.next())
  const stack = STACK + 0x800 + random.below(0x1000)
  state.setReg32(4, narrow ? stack - STACK + random.below(2) * 0x5_0000 : stack)
  state.setReg32(0, random.below(3) ? dataFor(random.below(4)) : random.next() & 0xffff)
  if (name === 'pop sreg') put(stack, random.below(3) ? dataFor(random.below(4)) : random.next() & 0xffff)
  else if (name !== 'popf') putFrame(random, put, stack, cpl)
  state.setReg32(1, random.below(3) ? random.below(12) : random.below(9000))
  if (name === 'write') state.setReg32(1, random.next() & 0xffff)
  state.setReg32(6, STACK + random.below(0x2000))
  state.setReg32(7, random.below(3) ? STACK + random.below(0x2000) : state.reg32(6) + random.below(16) - 8)
  if (name === 'write') state.setReg32(7, random.below(5) ? STACK + random.below(0x3000) : CODE + random.below(64))
  u32[L.SYSENTER >> 2] = random.below(6) ? 8 : 0
  u32[(L.SYSENTER >> 2) + 1] = STACK
  u32[(L.SYSENTER >> 2) + 2] = CODE
  if (name === 'sysexit') {
    state.setReg32(1, STACK)
    state.setReg32(2, CODE)
  }
  state.eflags = (random.next() & 0x24_7ed5) | 2
  if (random.below(4)) state.eflags &= ~0x100
  if (random.below(6) === 0) u32[(L.DEBUG_REGISTERS >> 2) + 7] = 0x400 | (random.next() & 0xff)
  const bytes = bytesFor(name, random)
  state.eip = CODE + (random.below(8) ? 8 : 0x1000 - random.below(6))
  for (const [i, byte] of bytes.entries()) put(state.eip + i, byte, 1)
  if (random.below(3) === 0) pc.pending = 0x30 + random.below(4)
  cpu.updateMode()
  cpu.flushTlb()
}

/** Everything but what only the walk of the page tables in generated code leaves behind. */
function picture(pc: BareProcessor): Record<string, unknown> {
  const { cpu, map } = pc
  const words = Array.from(cpu.state.u32.subarray(0, 0x300 >> 2))
  // Fault being delivered, remaining instructions and scratch words of either way.
  for (const at of [
    L.FAULT,
    L.FAULT_ERROR,
    L.REMAINING,
    L.NEXT_EIP,
    L.INTR,
    L.STEP_DONE,
    L.BLOCK_EIP,
    L.RETURN2,
    L.INHIBIT_EIP,
  ])
    words[at >> 2] = 0
  const memory = new Uint32Array(map.memory.ram.buffer, map.memory.ram.byteOffset, END >> 2)
  let sum = 0
  for (let i = GDT >> 2; i < END >> 2; i++) sum = (Math.imul(sum, 31) + memory[i]!) | 0
  return {
    words: words.map((word, i) => (word ? `${(i * 4).toString(16)}: ${word.toString(16)}` : '')).join('\n'),
    memory: sum,
    instructions: cpu.instructions,
    shutdowns: pc.shutdowns,
    flags: cpu.state.eflags,
    pending: pc.pending,
  }
}

const ROUNDS = Number(process.env['VITRINE_ENGINE_ROUNDS'] ?? 60)
const [fast, slow, compiled] = [new BareProcessor(), new BareProcessor('without fronts'), new BareProcessor('compiler')]

describe.each(NAMES)('%s', (name) => {
  it('does the same with and without fronts', () => {
    let quiet = 0
    for (let round = 0; round < ROUNDS; round++) {
      const seed = 0xf207 + round * 977 + NAMES.indexOf(name) * 131_071
      for (const pc of [fast, slow, compiled]) prepare(pc, name, seed)
      const before = fast.shutdowns
      for (const steps of [1, 1, 3]) {
        for (const pc of [fast, slow, compiled]) pc.cpu.run(steps)
        expect({ seed, steps, ...picture(fast) }).toEqual({ seed, steps, ...picture(slow) })
        expect({ seed, steps, ...picture(compiled) }).toEqual({ seed, steps, ...picture(slow) })
      }
      if (fast.shutdowns === before) quiet++
    }
    expect(quiet).toBeGreaterThan(ROUNDS / 3)
  })
})
