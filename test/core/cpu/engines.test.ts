/** Both executions do the same: random code ends every slice in the same state, after the same number of instructions. */
import { describe, expect, it } from 'vitest'
import { PortBus } from '../../../core/bus/port-bus.ts'
import { Cpu } from '../../../core/cpu/exec/cpu.ts'
import { buildInterpreterImage } from '../../../core/cpu/exec/image.ts'
import { CPU_PROFILES } from '../../../core/cpu/exec/profiles.ts'
import * as L from '../../../core/cpu/state/layout.ts'
import { AddressMap } from '../../../core/memory/address-map.ts'
import { GuestMemory } from '../../../core/memory/guest-memory.ts'
import { Random } from '../../support/random.ts'

const RAM_BYTES = 1 << 20
const CODE = 0x1_0000
const DATA = 0x2_0000
const image = buildInterpreterImage()

interface Bench {
  readonly cpu: Cpu
  readonly memory: GuestMemory
}

function createBench(hotExecutions: number): Bench {
  const memory = new GuestMemory(RAM_BYTES, 1 << 16)
  const map = new AddressMap(memory)
  map.mapMemory(0, RAM_BYTES, memory.ramBase, true)
  const host = {
    acknowledgeInterrupt: () => 0x20,
    interruptPending: () => false,
    numericError: () => {},
    isTrapAddress: () => false,
    firmwareTrap: () => {},
    timeStamp: () => 0,
    shutdown: () => bench.cpu.stopSlice(),
  }
  const cpu = new Cpu(image, map, new PortBus(), host, CPU_PROFILES.max, { hotExecutions })
  const bench = { cpu, memory }
  return bench
}

const SSE_OPCODES = [
  0x10, 0x11, 0x28, 0x29, 0x6f, 0x7f, 0x12, 0x13, 0x16, 0x58, 0x59, 0x5c, 0x5e, 0x51, 0x5d, 0x5f, 0x58, 0x59, 0x2e,
  0x2f, 0x2a, 0x2c, 0x2d, 0x5a, 0x5b, 0xe6, 0x54, 0x57, 0x14, 0xef, 0xfe, 0xd4, 0x6e, 0x7e, 0xd6,
]
const MMX_OPCODES = [0x6f, 0x7f, 0x6e, 0x7e, 0xfc, 0xfd, 0xef, 0xd5, 0x62, 0xf6, 0x77]

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
    switch (random.below(30)) {
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
      case 19:
      case 20:
      case 21:
        // SSE and SSE2 with and without prefix: moves, arithmetic, comparisons, conversions.
        if (random.below(4)) bytes([0xf2, 0xf3, 0x66][random.below(3)]!)
        bytes(0x0f, SSE_OPCODES[random.below(SSE_OPCODES.length)]!)
        modrm()
        break
      case 22:
        // MMX.
        bytes(0x0f, MMX_OPCODES[random.below(MMX_OPCODES.length)]!)
        modrm()
        break
      case 23:
      case 24:
        // The x87 with its registers and memory.
        bytes(0xd8 + random.below(8))
        modrm()
        break
      case 25:
        bytes([0xd9, 0xd8, 0xdd, 0xde, 0xdc][random.below(5)]!, 0xc0 | (random.next() & 0x3f))
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

function prepare({ cpu, memory }: Bench, mode: 'flat' | 'based' | 'real', seed: number): void {
  const random = new Random(seed)
  const { state } = cpu
  memory.ram.fill(0)
  writeCode(memory.ram.subarray(CODE), random)
  for (let i = 0; i < 8192; i++) memory.ram[DATA + i] = random.next()
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
    const limit = mode === 'flat' ? 0xffff_ffff : 0x2_0fff
    for (let n = 0; n < 6; n++)
      state.setSegment(n, n === L.CS ? 8 : 16, 0, n === L.CS ? 0xffff_ffff : limit, n === L.CS ? 0xc0_9b00 : 0xc0_9300)
    if (mode === 'based') state.setReg32(4, 0x1_f000)
    state.eip = CODE
  }
  cpu.updateMode()
  cpu.flushTlb()
}

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
    fpu: Array.from(state.u8.subarray(L.FPU_CONTROL, L.XMM + 128)).join(),
  }
}

describe.each(['flat', 'based', 'real'] as const)('%s', (mode) => {
  it.each([1, 2, 3])('the compiler after %i executions ends like the interpreter', (hotExecutions) => {
    const interpreter = createBench(0)
    const compiler = createBench(hotExecutions)
    const rounds = Number(process.env['VITRINE_ENGINE_ROUNDS'] ?? 60)
    for (let round = 0; round < rounds; round++) {
      const seed = 0x5eed + round * 7919 + hotExecutions
      for (const bench of [interpreter, compiler]) prepare(bench, mode, seed)
      for (let slice = 0; slice < 6; slice++) {
        for (const { cpu } of [interpreter, compiler]) cpu.run(400)
        expect({ seed, slice, ...picture(compiler) }).toEqual({ seed, slice, ...picture(interpreter) })
      }
    }
    expect(compiler.cpu.compiler?.instructions).toBeGreaterThan(10_000)
  })
})
