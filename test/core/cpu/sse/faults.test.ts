import { beforeEach, describe, expect, it } from 'vitest'
import * as L from '../../../../core/cpu/state/layout.ts'
import { VectorRunner } from '../../../vectors/runner.ts'

const CODE = 0x40_0800
const DATA = 0x50_0100
const FLAT_DATA = 0xc0_f300

const ADDPS = '0f58c1'
const PADDW = '0ffdc1'
const MOVAPS_FROM_EDI = '0f2807'
const MASKMOVDQU = '660ff7c1'

describe('Faults of MMX and SSE instructions', () => {
  const runner = new VectorRunner()
  const { state } = runner.cpu
  const { ram } = runner.cpu.map.memory

  /** Executes one instruction; returns the vector of its fault. */
  function execute(code: string): number | undefined {
    ram.set(Buffer.from(code, 'hex'), CODE)
    runner.cpu.blocks.flush()
    runner.cpu.updateMode()
    state.eip = CODE
    return runner.cpu.executeOne()?.vector
  }

  beforeEach(() => {
    runner.run({ op: 'NOP', code: '90', in: { r: [0, 0, 0, 0, 0, 0, 0, DATA], f: 2 }, out: { f: 2 } })
  })

  it('execute when the units are on', () => {
    expect([execute(ADDPS), execute(PADDW), execute(MOVAPS_FROM_EDI)]).toEqual([undefined, undefined, undefined])
  })

  it('are #NM while CR0.TS is set', () => {
    state.u32[L.CR0 >> 2] = 0x39
    expect([execute(ADDPS), execute(PADDW)]).toEqual([7, 7])
  })

  it('are #UD while CR0.EM is set', () => {
    state.u32[L.CR0 >> 2] = 0x35
    expect([execute(ADDPS), execute(PADDW)]).toEqual([6, 6])
  })

  it('are #UD for SSE alone while CR4.OSFXSR is clear', () => {
    state.u32[L.CR4 >> 2] = 0
    expect([execute(ADDPS), execute(PADDW)]).toEqual([6, undefined])
  })

  it('are #GP(0) for operands of 128 bits that are not aligned', () => {
    state.setReg32(7, DATA + 8)
    expect([execute(MOVAPS_FROM_EDI), execute('0f1007')]).toEqual([13, undefined])
  })

  it('are #XM for an unmasked exception, or #UD when the system does not know #XM', () => {
    state.u32[L.MXCSR >> 2] = 0x1f00
    state.view.setUint32(L.xmmOffset(0), 0x7fa0_0000, true)
    expect(execute(ADDPS)).toBe(19)
    expect(state.u32[L.MXCSR >> 2]).toBe(0x1f01)
    expect(state.view.getUint32(L.xmmOffset(0), true)).toBe(0x7fa0_0000)
    state.u32[L.CR4 >> 2] = 0x200
    expect(execute(ADDPS)).toBe(6)
    state.u32[L.MXCSR >> 2] = 0x1f80
    expect(execute(ADDPS)).toBe(undefined)
  })

  it('are #MF before an MMX instruction when an x87 exception is pending', () => {
    state.u32[L.FPU_CONTROL >> 2] = 0x37e
    state.u32[L.FPU_STATUS >> 2] = 0x8081
    expect([execute(PADDW), execute(ADDPS)]).toEqual([16, undefined])
  })

  it('leave memory alone when a masked store would fault behind its first byte', () => {
    state.setSegment(L.DS, 0x2b, 0, DATA + 10, FLAT_DATA)
    state.u8.fill(0xff, L.xmmOffset(0), L.xmmOffset(2))
    expect(execute(MASKMOVDQU)).toBe(13)
    expect(Array.from(ram.subarray(DATA, DATA + 16))).toEqual(new Array(16).fill(0))
    // Bytes that are not stored cannot fault.
    state.u8.fill(0, L.xmmOffset(1) + 11, L.xmmOffset(2))
    expect(execute(MASKMOVDQU)).toBe(undefined)
    expect(Array.from(ram.subarray(DATA, DATA + 16))).toEqual([...new Array(11).fill(0xff), ...new Array(5).fill(0)])
  })

  it('wrap the address of a masked store to 16 bits with a 16-bit address', () => {
    state.setReg32(7, 0x1234_fff8)
    state.u8.fill(0x5a, L.xmmOffset(0), L.xmmOffset(1))
    state.u8.fill(0xff, L.xmmOffset(1), L.xmmOffset(2))
    expect(execute(`67${MASKMOVDQU}`)).toBe(undefined)
    expect([ram[0xfff7], ram[0xfff8], ram[0xffff], ram[0], ram[7], ram[8]]).toEqual([0, 0x5a, 0x5a, 0x5a, 0x5a, 0])
  })
})
