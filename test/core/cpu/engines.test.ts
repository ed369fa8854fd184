/** Both executions do the same: random code ends every slice in the same state, after the same number of instructions. */
import { describe, expect, it } from 'vitest'
import { PortBus } from '../../../core/bus/port-bus.ts'
import { Cpu } from '../../../core/cpu/exec/cpu.ts'
import { buildInterpreterImage } from '../../../core/cpu/exec/image.ts'
import { CPU_PROFILES } from '../../../core/cpu/exec/profiles.ts'
import * as L from '../../../core/cpu/state/layout.ts'
import { AddressMap } from '../../../core/memory/address-map.ts'
import { GuestMemory } from '../../../core/memory/guest-memory.ts'
import { plainCpuHost } from '../../support/cpu-host.ts'
import { lateRegionThread } from '../../support/late-region-thread.ts'
import { Random } from '../../support/random.ts'

const RAM_BYTES = 1 << 20
const CODE = 0x1_0000
const DATA = 0x2_0000
const image = buildInterpreterImage()

/** `numbers`: flat segments, too. */
type Mode = 'flat' | 'based' | 'real' | 'numbers'

interface Bench {
  readonly cpu: Cpu
  readonly memory: GuestMemory
}

function createBench(hotExecutions: number, late = false): Bench {
  const memory = new GuestMemory(RAM_BYTES, 1 << 16)
  const map = new AddressMap(memory)
  map.mapMemory(0, RAM_BYTES, memory.ramBase, true)
  const host = plainCpuHost({ shutdown: () => bench.cpu.stopSlice() })
  const cpu = new Cpu(image, map, new PortBus(), host, CPU_PROFILES.max, {
    hotExecutions,
    thread: late ? (shared) => lateRegionThread(shared, image.forms) : undefined,
  })
  const bench = { cpu, memory }
  return bench
}

/** Code that mostly stays at it: arithmetic, memory, branches both ways, calls, writes to itself. */
function writeCode(code: Uint8Array, random: Random): void {
  let at = 0
  const bytes = (...list: number[]) => {
    for (const byte of list) code[at++] = byte
  }
  const register = () => [0, 1, 2, 3, 5, 6, 7][random.below(7)]!
  const modrm = () => {
    if (random.below(3)) bytes(0xc0 | (random.below(8) << 3) | register())
    else if (random.below(8)) {
      // [EBX + disp32] in the data page, now and then across its end or in the code itself.
      const address = random.below(12) ? DATA + random.below(4096) : CODE + random.below(1024)
      bytes(0x05 | (register() << 3), address & 0xff, (address >> 8) & 0xff, (address >> 16) & 0xff, 0)
    } else if (random.below(2)) bytes(0x44 | (register() << 3), 0x24, 4 * random.below(8))
    else bytes(0x84 | (register() << 3), 0x05 | (random.below(32) << 3), 0, DATA >> 8, DATA >> 16, 0)
  }
  const starts: number[] = []
  while (at < 1000) {
    starts.push(at)
    if (random.below(5) === 0) bytes([0x66, 0x3e, 0x64][random.below(3)]!)
    const family = random.below(8) * 8
    switch (random.below(22)) {
      case 0:
      case 1:
      case 2:
      case 3:
        bytes(family + random.below(4))
        modrm()
        break
      case 4:
        bytes(0x83)
        modrm()
        bytes(random.next() & 0xff)
        break
      case 5:
        bytes(0x80)
        modrm()
        bytes(random.next() & 0xff)
        break
      case 6:
        bytes([0xd1, 0xd3, 0xd0, 0xd2][random.below(4)]!)
        modrm()
        break
      case 7:
        bytes(0xc1)
        modrm()
        bytes(random.below(34))
        break
      case 8:
        bytes(0x40 + random.below(2) * 8 + register())
        break
      case 9:
        bytes(0x88 + random.below(4))
        modrm()
        break
      case 10:
        bytes(0x0f, 0x90 + random.below(16))
        modrm()
        break
      case 11:
        bytes(0x0f, 0x40 + random.below(16))
        modrm()
        break
      case 12:
        bytes(
          0x0f,
          [0xa3, 0xab, 0xb3, 0xbb, 0xb6, 0xb7, 0xbe, 0xbf, 0xaf, 0xa5, 0xad, 0xbc, 0xbd, 0xc1, 0xb1][random.below(15)]!,
        )
        modrm()
        break
      case 13:
        bytes(random.below(2) ? 0xf7 : 0xf6)
        modrm()
        break
      case 14:
        bytes([0x9c, 0x98, 0x99, 0x9f, 0x9e, 0xf5, 0xf8, 0xf9, 0x27, 0xd6, 0x60, 0x61][random.below(12)]!)
        break
      case 15:
        bytes(0x50 + register())
        break
      case 16:
        bytes(0x58 + register())
        break
      case 17:
        if (random.below(3) === 0) bytes(0xb9, random.below(16), 0, 0, 0, random.below(2) ? 0xf3 : 0xf2)
        bytes([0xa4, 0xab, 0xac, 0xfc, 0xa5, 0xaa, 0xae, 0xa6][random.below(8)]!)
        break
      case 18:
        bytes([0xd9, 0xd8, 0xdd][random.below(3)]!, 0xc0 | (random.next() & 0x3f))
        break
      default: {
        // A branch to an instruction nearby, mostly conditional.
        const target = random.below(3)
          ? at + 2 + random.below(24)
          : starts[Math.max(0, starts.length - 1 - random.below(16))]!
        const delta = target - (at + 2)
        if (delta < -128 || delta > 127) break
        bytes(random.below(6) ? 0x70 + random.below(16) : [0xeb, 0xe2, 0xe3, 0xe1][random.below(4)]!, delta & 0xff)
      }
    }
  }
  bytes(0xe9, (-at - 5) & 0xff, ((-at - 5) >> 8) & 0xff, 0xff, 0xff)
}

/** Opcodes behind 0F with the prefixes they take; `memory`: with memory operands only. */
const ANY = [0, 0x66, 0xf2, 0xf3]
const SSE_OPCODES: readonly { readonly opcodes: number[]; readonly prefixes: number[]; readonly memory?: true }[] = [
  { opcodes: [0x58, 0x59, 0x5c, 0x5e, 0x51, 0x5d, 0x5f, 0x5a], prefixes: ANY },
  { opcodes: [0x58, 0x59, 0x5c, 0x10, 0x11], prefixes: ANY },
  { opcodes: [0x28, 0x29, 0x2e, 0x2f, 0x54, 0x57, 0x14], prefixes: [0, 0x66] },
  { opcodes: [0x12, 0x13, 0x16, 0x17], prefixes: [0, 0x66], memory: true },
  { opcodes: [0x6f, 0x7f], prefixes: [0x66, 0xf3] },
  { opcodes: [0x2a, 0x2c, 0x2d], prefixes: [0xf2, 0xf3] },
  { opcodes: [0xe6, 0x5b], prefixes: [0x66, 0xf3] },
  { opcodes: [0xef, 0xfe, 0xd4, 0x6e, 0x7e, 0xd6], prefixes: [0x66] },
]
const MMX_OPCODES = [0x6f, 0x7f, 0x6e, 0x7e, 0xfc, 0xfd, 0xef, 0xd5, 0x62, 0xf6]
/** The last places at DATA hold control words, then values of MXCSR, that mask everything. */
const NUMBERS = 60
const CONTROL_WORDS = [0x37f, 0x27f, 0x7f, 0xf7f]
const MXCSR_VALUES = [0x1f80, 0x1fa0, 0x9fc0, 0x5f80]

/** Loops of arithmetic of one kind, or of several, on numbers at DATA; hardly a fault, and stack faults of the x87 are masked. */
function writeNumbers(code: Uint8Array, random: Random): void {
  let at = 0
  const bytes = (...list: number[]) => {
    for (const byte of list) code[at++] = byte
  }
  const address = (reg: number, offset: number) =>
    bytes(0x05 | (reg << 3), offset & 0xff, (DATA + offset) >> 8, DATA >> 16, 0)
  const memory = (reg: number) => address(reg, random.below(NUMBERS) * 16)
  const control = (reg: number, offset: number) => address(reg, (NUMBERS + random.below(4)) * 16 + offset)
  const operand = (reg: number) => {
    if (random.below(2)) bytes(0xc0 | (reg << 3) | random.below(8))
    else memory(reg)
  }
  const sse = () => {
    if (random.below(24) === 0) {
      bytes(0x0f, 0xae)
      return control(2, 4)
    }
    const { opcodes, prefixes, memory: only } = random.pick(SSE_OPCODES)
    const prefix = random.pick(prefixes)
    if (prefix) bytes(prefix)
    bytes(0x0f, random.pick(opcodes))
    if (only) memory(random.below(8))
    else operand(random.below(8))
  }
  const mmx = () => {
    bytes(0x0f, MMX_OPCODES[random.below(MMX_OPCODES.length)]!)
    operand(random.below(8))
  }
  const [loads, stores] = [
    [0xd9, 0xdd, 0xdb, 0xdf],
    [0xd9, 0xdd, 0xdb, 0xdd],
  ]
  const push = () => {
    if (random.below(4) === 0) return bytes(0xd9, 0xc0 | random.below(4))
    if (random.below(4) === 0) return bytes(0xd9, 0xe8 + random.below(7))
    bytes(loads[random.below(4)]!)
    memory(0)
  }
  const pop = () => {
    if (random.below(3)) return bytes(0xde, [0xc0, 0xc8, 0xe0, 0xe8, 0xf0, 0xf8][random.below(6)]! + 1)
    bytes(stores[random.below(4)]!)
    memory(3)
  }
  const inPlace = () => {
    switch (random.below(9)) {
      case 0:
      case 1:
        bytes([0xd8, 0xdc, 0xda, 0xde][random.below(4)]!)
        return memory([0, 1, 4, 5, 6, 7, 2][random.below(7)]!)
      case 2:
      case 3:
        return bytes(
          [0xd8, 0xdc][random.below(2)]!,
          0xc0 | ([0, 1, 4, 5, 6, 7][random.below(6)]! << 3) | random.below(3),
        )
      case 4:
        return bytes(0xd9, 0xc8 | random.below(3))
      case 5:
        return bytes(0xd9, [0xe0, 0xe1, 0xe4, 0xe5, 0xfa, 0xfc, 0xfd, 0xfe][random.below(8)]!)
      case 6:
        return bytes(
          ...[
            [0xd8, 0xd1],
            [0xdd, 0xe1],
            [0xdb, 0xf1],
            [0xda, 0xc1],
          ][random.below(4)]!,
        )
      case 7:
        if (random.below(8)) return bytes(0xdf, 0xe0)
        bytes(0xd9)
        return random.below(2) ? control(5, 0) : memory(7)
      default:
        bytes([0xd9, 0xdd, 0xdb, 0xdf][random.below(4)]!)
        return memory(2)
    }
  }
  const x87 = () => [push, pop, inPlace, inPlace][random.below(4)]!()
  bytes(0xdb, 0xe3)
  while (at < 900) {
    const kind = random.below(5)
    bytes(0xb9, 2 + random.below(4), 0, 0, 0)
    const start = at
    const depth = random.below(5)
    for (let i = 0; i < depth && kind < 2; i++) push()
    for (let i = random.below(14); i >= 0 && at - start < 90; i--)
      if (kind === 0) inPlace()
      else if (kind === 1) x87()
      else if (kind < 4) sse()
      else [mmx, sse, x87][random.below(3)]!()
    for (let i = 0; i < depth && kind < 2; i++) pop()
    if (kind === 4 && random.below(2)) bytes(0x0f, 0x77)
    if (random.below(8) === 0) bytes(0x70 + random.below(16), 2, 0xdb, 0xe3)
    bytes(0x49, 0x75, (start - at - 3) & 0xff)
  }
  bytes(0xe9, (-at - 5) & 0xff, ((-at - 5) >> 8) & 0xff, 0xff, 0xff)
}

/** Numbers of all formats, most of them ordinary, the control words between them as programs have them. */
function writeData(data: Uint8Array, random: Random): void {
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  for (let i = 0; i < NUMBERS; i++) {
    const at = i * 16
    const x = (random.next() / 2 ** 32 - 0.3) * 2 ** random.below(12)
    const kind = random.below(10)
    if (kind < 4) for (let k = 0; k < 2; k++) view.setFloat64(at + 8 * k, k ? x : Math.round(x * 8) / 8, true)
    else if (kind < 8) for (let k = 0; k < 4; k++) view.setFloat32(at + 4 * k, x * (k - 1), true)
    else if (kind < 9)
      for (let k = 0; k < 4; k++) view.setUint32(at + 4 * k, random.below(3) ? random.below(99) : 0, true)
    else for (let k = 0; k < 16; k++) data[at + k] = random.next()
  }
  for (let i = 0; i < 4; i++) {
    view.setUint32((NUMBERS + i) * 16, CONTROL_WORDS[i]!, true)
    view.setUint32((NUMBERS + i) * 16 + 4, MXCSR_VALUES[i]!, true)
  }
}

function prepare({ cpu, memory }: Bench, mode: Mode, seed: number): void {
  const random = new Random(seed)
  const { state } = cpu
  memory.ram.fill(0)
  if (mode === 'numbers') writeNumbers(memory.ram.subarray(CODE), random)
  else writeCode(memory.ram.subarray(CODE), random)
  for (let i = 0; i < 8192; i++) memory.ram[DATA + i] = random.next()
  if (mode === 'numbers') writeData(memory.ram.subarray(DATA, DATA + 1024), random)
  cpu.blocks.flush()
  cpu.reset()
  for (let n = 0; n < 8; n++) state.setReg32(n, random.next())
  state.setReg32(4, 0x8_0000)
  state.setReg32(6, DATA + 0x1000)
  state.setReg32(7, DATA + 0x1800)
  if (mode === 'real') {
    for (let n = 0; n < 6; n++) state.setRealSegment(n, CODE >> 4)
    state.setReg32(4, 0x8000)
    state.eip = 0
  } else {
    state.u32[L.CR0 >> 2] = 0x31
    state.u32[L.CR4 >> 2] = 0x600
    const limit = mode !== 'based' ? 0xffff_ffff : 0x2_0fff
    for (let n = 0; n < 6; n++)
      state.setSegment(n, n === L.CS ? 8 : 16, 0, n === L.CS ? 0xffff_ffff : limit, n === L.CS ? 0xc0_9b00 : 0xc0_9300)
    if (mode === 'based') state.setReg32(4, 0x1_f000)
    state.eip = CODE
  }
  cpu.updateMode()
  cpu.flushTlb()
}

const hex = (n: number) => (n >>> 0).toString(16)

/** What must be equal; faults end a round in a triple fault, which is part of it. */
function picture({ cpu, memory }: Bench) {
  const { state } = cpu
  let sum = 0
  const words = new Uint32Array(memory.ram.buffer, memory.ram.byteOffset, RAM_BYTES >> 2)
  for (let i = 0; i < words.length; i++) sum = (Math.imul(sum, 31) + words[i]!) | 0
  return {
    registers: Array.from({ length: 8 }, (_, n) => (state.reg32(n) >>> 0).toString(16)),
    eip: state.eip.toString(16),
    eflags: state.eflags.toString(16),
    instructions: cpu.instructions,
    memory: sum,
    fpu: Array.from(state.u32.subarray(L.FPU_CONTROL >> 2, L.FPU_RESULT >> 2), hex).join(),
    registers87: Array.from(state.u32.subarray(L.FPU_REGISTERS >> 2, L.XMM >> 2), hex).join(),
    xmm: Array.from(state.u32.subarray(L.XMM >> 2, (L.XMM >> 2) + 32), hex).join(),
  }
}

describe.each(['flat', 'based', 'real', 'numbers'] as const)('%s', (mode) => {
  it.each([
    [1, 'at once'],
    [2, 'at once'],
    [3, 'at once'],
    [1, 'later'],
    [2, 'later'],
  ] as const)('the compiler after %i executions, %s, ends like the interpreter', (hotExecutions, when) => {
    const interpreter = createBench(0)
    const compiler = createBench(hotExecutions, when === 'later')
    const rounds = Number(process.env['VITRINE_ENGINE_ROUNDS'] ?? (mode === 'numbers' ? 25 : 60))
    for (let round = 0; round < rounds; round++) {
      const seed = 0x5eed + round * 7919 + hotExecutions
      for (const bench of [interpreter, compiler]) prepare(bench, mode, seed)
      for (let slice = 0; slice < 6; slice++) {
        for (const { cpu } of [interpreter, compiler]) cpu.run(400)
        expect({ seed, slice, ...picture(compiler) }).toEqual({ seed, slice, ...picture(interpreter) })
      }
    }
    expect(compiler.cpu.compiler?.instructions).toBeGreaterThan(when === 'later' ? 1000 : 10_000)
  })
})
