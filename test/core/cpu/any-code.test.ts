/** Whatever a guest executes, the worst that happens is a fault or a shutdown of its own processor. */
import { expect, it } from 'vitest'
import { PortBus } from '../../../core/bus/port-bus.ts'
import { Cpu } from '../../../core/cpu/exec/cpu.ts'
import { buildInterpreterImage } from '../../../core/cpu/exec/image.ts'
import { CPU_PROFILES } from '../../../core/cpu/exec/profiles.ts'
import * as L from '../../../core/cpu/state/layout.ts'
import { AddressMap } from '../../../core/memory/address-map.ts'
import { GuestMemory } from '../../../core/memory/guest-memory.ts'
import { plainCpuHost } from '../../support/cpu-host.ts'
import { Random } from '../../support/random.ts'

const RAM_BYTES = 2 << 20
const CODE = 0x1_0000
const image = buildInterpreterImage()

interface Bench {
  readonly cpu: Cpu
  readonly memory: GuestMemory
  shutdowns: number
}

function createBench(): Bench {
  const memory = new GuestMemory(RAM_BYTES, 1 << 16)
  const map = new AddressMap(memory)
  map.mapMemory(0, RAM_BYTES, memory.ramBase, true)
  const bench = { memory, shutdowns: 0 } as Bench & { cpu: Cpu }
  const host = plainCpuHost({
    shutdown: () => {
      bench.shutdowns++
      bench.cpu.stopSlice()
    },
  })
  bench.cpu = new Cpu(image, map, new PortBus(), host, CPU_PROFILES.max)
  return bench
}

const descriptor = (base: number, limit: number, access: number, flags: number): [number, number] => [
  ((limit & 0xffff) | (base << 16)) >>> 0,
  (((base >>> 16) & 0xff) | (access << 8) | (limit & 0xf_0000) | (flags << 20) | (base & 0xff00_0000)) >>> 0,
]

/** Tables with every kind of segment and gate, random enough to be wrong often. */
function fillTables({ memory }: Bench, random: Random): void {
  const write = (at: number, [low, high]: [number, number]) => {
    memory.view.setUint32(memory.ramBase + at, low, true)
    memory.view.setUint32(memory.ramBase + at + 4, high, true)
  }
  for (let i = 1; i < 32; i++) {
    const access = i < 8 ? [0x9b, 0x93, 0xfb, 0xf3, 0x97, 0x9f, 0x91][i - 1] : 0x80 | (random.next() & 0x7f)
    write(
      0x1000 + i * 8,
      descriptor(
        i < 6 ? 0 : random.next() & 0xf_ffff,
        i < 6 ? 0xf_ffff : random.next() & 0xf_ffff,
        access ?? 0x93,
        i & 1 ? 0xc : 0x8,
      ),
    )
  }
  for (let vector = 0; vector < 64; vector++) {
    const type = [0x8e, 0x8f, 0x86, 0x87, 0x85, 0xee, 0x0e, 0x8e][random.below(8)] ?? 0x8e
    const selector = random.below(4) ? 8 : random.below(32) * 8
    write(0x2000 + vector * 8, [(selector << 16) | (CODE + random.below(256)), type << 8])
  }
  for (let i = 0; i < 1024; i++)
    memory.view.setUint32(memory.ramBase + 0x4000 + i * 4, (i * 4096) | [7, 7, 7, 3, 5, 0][random.below(6)]!, true)
  memory.view.setUint32(memory.ramBase + 0x3000, 0x4007, true)
}

type Mode = 'real' | 'flat' | 'paged' | 'virtual-8086'

function enterMode({ cpu }: Bench, mode: Mode, random: Random): void {
  const { state } = cpu
  cpu.reset()
  for (let n = 0; n < 8; n++) state.setReg32(n, random.below(3) ? random.below(RAM_BYTES) : random.next())
  state.setReg32(4, 0x8_0000)
  state.u32[L.GDTR_BASE >> 2] = 0x1000
  state.u32[L.GDTR_LIMIT >> 2] = 255
  if (mode !== 'real') {
    state.u32[L.IDTR_BASE >> 2] = 0x2000
    state.u32[L.IDTR_LIMIT >> 2] = 511
    state.u32[L.CR0 >> 2] = (0x31 | (mode === 'paged' ? 0x8001_0000 : 0)) >>> 0
    state.u32[L.CR3 >> 2] = 0x3000
    state.u32[L.CR4 >> 2] = 0x600
    state.setSegment(L.TR, 0x40, 0x5000, 103, 0x8b00)
  }
  if (mode === 'virtual-8086') {
    state.eflags = 0x2_3202
    state.u32[L.CPL >> 2] = 3
    for (let n = 0; n < 6; n++) state.setSegment(n, 0x1000, 0x1_0000, 0xffff, 0xf300)
    state.eip = 0
  } else if (mode === 'real') {
    for (let n = 0; n < 6; n++) state.setRealSegment(n, 0x1000)
    state.eip = 0
  } else {
    for (let n = 0; n < 6; n++)
      state.setSegment(n, n === L.CS ? 8 : 16, 0, 0xffff_ffff, n === L.CS ? 0xc0_9b00 : 0xc0_9300)
    state.eip = CODE
  }
  cpu.updateMode()
  cpu.flushTlb()
}

for (const mode of ['real', 'flat', 'paged', 'virtual-8086'] as const)
  it(`random code in ${mode} mode never leaves the processor`, () => {
    const random = new Random(0x5eed + mode.length)
    const bench = createBench()
    const { cpu, memory } = bench
    for (let round = 0; round < 400; round++) {
      for (let i = 0; i < 4096; i++) memory.u8[memory.ramBase + CODE + i] = random.next()
      fillTables(bench, random)
      cpu.blocks.flush()
      enterMode(bench, mode, random)
      for (let slice = 0; slice < 4; slice++) cpu.run(500)
    }
    // Nearly every round ends in a triple fault or a halt; what counts is that all of them ended.
    expect(bench.shutdowns).toBeGreaterThan(0)
    expect(cpu.instructions).toBeGreaterThan(1000)
  })
