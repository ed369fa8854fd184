import { beforeEach, describe, expect, it } from 'vitest'
import * as L from '../../../../core/cpu/state/layout.ts'
import { VectorRunner } from '../../../vectors/runner.ts'

const CODE = 0x40_0800
const DATA = 0x50_0100
const EDI = 7

/** Intel SDM vol 1, figures 8-9 to 8-12: what FNSTENV stores in each mode and operand size. */
describe('The x87 environment', () => {
  const runner = new VectorRunner()
  const { state, map } = runner.cpu
  const { ram } = map.memory
  const data = new DataView(ram.buffer, ram.byteOffset + DATA, 0x400)

  /** Executes instructions one by one; returns the vector of the first fault. */
  function execute(...codes: string[]): number | undefined {
    for (const code of codes) {
      ram.set(Buffer.from(code, 'hex'), state.segmentBase(L.CS) + state.eip)
      runner.cpu.blocks.flush()
      runner.cpu.updateMode()
      const fault = runner.cpu.executeOne()
      if (fault) return fault.vector
    }
    return undefined
  }

  const words = (count: number) => Array.from({ length: count }, (_, i) => data.getUint16(i * 2, true).toString(16))
  const doubles = (count: number) => Array.from({ length: count }, (_, i) => data.getUint32(i * 4, true).toString(16))

  function enterRealMode(): void {
    state.u32[L.CR0 >> 2] = 0x30
    state.u32[L.CPL >> 2] = 0
    for (const s of [L.ES, L.SS, L.DS]) state.setSegment(s, 0x5000, 0x50000, 0xffff, 0x9300)
    state.setSegment(L.CS, 0x4000, 0x40000, 0xffff, 0x9b00)
    state.eip = 0x800
  }

  beforeEach(() => {
    runner.run({ op: 'NOP', code: '90', in: { r: [0, 0, 0, 0, 0, 0, 0, DATA], f: 2 }, out: { f: 2 } })
    state.eip = CODE
    ram.fill(0xaa, DATA, DATA + 0x200)
    execute('dbe3') // FNINIT
  })

  it('is stored in the 32-bit protected layout, after which all exceptions are masked', () => {
    const at = state.eip
    // FLDCW [edi] with #Z unmasked; FLDZ; FLD1; FADD dword [edi + 40h]; FDIV ST, ST(1); FNSTENV [edi]
    data.setUint16(0, 0x37b, true)
    data.setFloat32(0x40, 1.5, true)
    expect(execute('d92f', 'd9ee', 'd9e8', 'd84740', 'd8f1', 'd937')).toBeUndefined()
    const ip = at + 2 + 2 + 2 + 3
    expect(doubles(7)).toEqual(
      [
        'ffff037b',
        'ffffb084', // TOP 6, ZE, ES and B
        'ffff4fff', // ST(0) valid, ST(1) zero
        ip.toString(16),
        '0f10023', // opcode D8 F1, CS
        (DATA + 0x40).toString(16),
        'ffff002b',
      ].map((word) => word.replace(/^0+(?=.)/, '')),
    )
    expect(state.u32[L.FPU_CONTROL >> 2]).toBe(0x37f)
    expect(state.u32[L.FPU_STATUS >> 2]).toBe(4)
  })

  it('is stored in the 16-bit protected layout', () => {
    expect(execute('d9e8', '66d937')).toBeUndefined()
    expect(words(8)).toEqual(['37f', '3800', '3fff', ((CODE + 2) & 0xffff).toString(16), '23', '0', '0', 'aaaa'])
  })

  it('is stored with linear addresses in real mode', () => {
    enterRealMode()
    state.setReg32(EDI, 0x100)
    const real = new DataView(ram.buffer, ram.byteOffset + 0x50100, 0x40)
    // FLD dword [di]; FNSTENV [di], 16 bits
    expect(execute('d905', 'd935')).toBeUndefined()
    const all = Array.from({ length: 7 }, (_, i) => real.getUint16(i * 2, true).toString(16))
    expect(all).toEqual(['37f', '3800', '7fff', '800', '4105', '100', '5000'])
    // FLD dword [di]; FNSTENV [di], 32 bits
    state.u32[L.FPU_TAGS >> 2] = 0
    expect(execute('d905', '66d935')).toBeUndefined()
    const wide = [3, 4, 5, 6].map((i) => real.getUint32(i * 4, true).toString(16))
    expect(wide).toEqual(['ffff0804', '4105', 'ffff0100', '5000'])
  })

  it('comes back with FLDENV, tags by emptiness alone', () => {
    for (const [i, value] of [0x27e, 0x3801, 0x0003, 0x1234, 0x0567_0042, 0x8765, 0x10].entries())
      data.setUint32(i * 4, value, true)
    // FLDENV [edi]; FNSTENV [edi + 40h]
    expect(execute('d927', 'd97740')).toBeUndefined()
    expect(Array.from({ length: 7 }, (_, i) => data.getUint32(0x40 + i * 4, true))).toEqual([
      0xffff_027e,
      0xffff_b881, // IE is unmasked, so ES and B follow
      0xffff_5557, // register 0 empty, the others hold zero
      0x1234,
      0x0567_0042,
      0x8765,
      0xffff_0010,
    ])
    expect(execute('9b')).toBeUndefined()
  })

  it('is initialised by FNSAVE and comes back with FRSTOR', () => {
    expect(execute('d9eb', 'd9e8', 'dd37')).toBeUndefined()
    expect([state.u32[L.FPU_TAGS >> 2], state.u32[L.FPU_TOP >> 2], state.u32[L.FPU_CONTROL >> 2]]).toEqual([
      0, 0, 0x37f,
    ])
    expect(execute('dd27')).toBeUndefined()
    expect([state.u32[L.FPU_TAGS >> 2], state.u32[L.FPU_TOP >> 2]]).toEqual([0xc0, 6])
    expect(data.getBigUint64(28, true)).toBe(1n << 63n) // 1.0
    expect(data.getBigUint64(38, true)).toBe(0xc90f_daa2_2168_c235n) // pi
    expect(state.view.getBigUint64(L.fpuRegisterOffset(7), true)).toBe(0xc90f_daa2_2168_c235n)
  })

  describe('in the FXSAVE image', () => {
    it('must be aligned to 16 bytes', () => {
      state.setReg32(EDI, DATA + 8)
      expect(execute('0fae07')).toBe(13)
      expect(execute('0fae0f')).toBe(13)
    })

    it('goes out and comes back whole', () => {
      state.view.setBigUint64(L.xmmOffset(3) + 8, 0x1122_3344_5566_7788n, true)
      expect(execute('d9eb', 'd9e8')).toBeUndefined()
      const before = state.u8.slice(L.FPU_CONTROL, L.XMM + 0x80)
      expect(execute('0fae07', 'dbe3')).toBeUndefined()
      expect(data.getUint8(4)).toBe(0xc0)
      expect(data.getUint16(6, true)).toBe(0x1e8)
      expect(data.getUint32(28, true)).toBe(0xffff)
      state.u8.fill(0, L.XMM, L.XMM + 0x80)
      expect(execute('0fae0f')).toBeUndefined()
      const after = state.u8.slice(L.FPU_CONTROL, L.XMM + 0x80)
      for (const place of [L.FPU_OPCODE, L.FPU_OPCODE_IP])
        for (const image of [before, after]) image.fill(0, place - L.FPU_CONTROL, place - L.FPU_CONTROL + 4)
      expect(after).toEqual(before)
    })

    it('has no XMM registers while CR4.OSFXSR is clear', () => {
      state.u32[L.CR4 >> 2] = 0
      expect(execute('0fae07')).toBeUndefined()
      expect([data.getUint32(24, true), data.getUint32(160, true)]).toEqual([0xaaaa_aaaa, 0xaaaa_aaaa])
    })

    it('is refused with reserved bits of MXCSR', () => {
      expect(execute('0fae07')).toBeUndefined()
      data.setUint32(24, 0x1_1f80, true)
      expect(execute('0fae0f')).toBe(13)
    })
  })
})

describe('An unmasked x87 exception', () => {
  const runner = new VectorRunner()
  const { state, map } = runner.cpu
  const { ram } = map.memory
  const STALL = 256
  const FDIV_BY_ZERO = ['d92f', 'd9ee', 'd9e8', 'd8f1']

  function execute(...codes: string[]): (number | undefined)[] {
    return codes.map((code) => {
      const at = state.eip
      ram.set(Buffer.from(code, 'hex'), at)
      runner.cpu.blocks.flush()
      runner.cpu.updateMode()
      const vector = runner.cpu.executeOne()?.vector
      if (vector !== undefined) expect(state.eip).toBe(at)
      return vector
    })
  }

  beforeEach(() => {
    runner.run({ op: 'NOP', code: '90', in: { r: [0, 0, 0, 0, 0, 0, 0, DATA], f: 2 }, out: { f: 2 } })
    state.eip = CODE
    ram.set([0x7b, 0x03], DATA)
    execute('dbe3', ...FDIV_BY_ZERO)
  })

  it('leaves the operands, and is #MF at the next waiting instruction', () => {
    expect(state.view.getBigUint64(L.fpuRegisterOffset(6), true)).toBe(1n << 63n)
    // FNSTSW AX, FNSTCW, FNCLEX do not wait; WAIT, FLD1, FLDCW and PADDB do.
    expect(execute('dfe0', 'd97f10')).toEqual([undefined, undefined])
    expect(state.reg16(0)).toBe(0xb084)
    expect([execute('9b'), execute('d9e8'), execute('d92f'), execute('0ffcc1')].flat()).toEqual([16, 16, 16, 16])
    expect(execute('dbe2', 'd9e8')).toEqual([undefined, undefined])
  })

  it('with CR0.NE clear stops the processor for IRQ 13, until IGNNE# or FNCLEX', () => {
    state.u32[L.CR0 >> 2] = 0x11
    expect(execute('d9e8')).toEqual([STALL])
    expect(state.u32[L.FPU_FERR >> 2]).toBe(1)
    state.u32[L.FPU_IGNNE >> 2] = 1
    expect(execute('d9e8', 'dbe2')).toEqual([undefined, undefined])
    expect([state.u32[L.FPU_FERR >> 2], state.u32[L.FPU_IGNNE >> 2]]).toEqual([0, 0])
  })

  it('needs the unit: #NM with CR0.TS or EM, for WAIT with MP and TS', () => {
    state.u32[L.CR0 >> 2] = 0x39
    expect([execute('dfe0'), execute('9b')].flat()).toEqual([7, 16])
    state.u32[L.CR0 >> 2] = 0x3b
    expect(execute('9b')).toEqual([7])
    state.u32[L.CR0 >> 2] = 0x35
    expect(execute('dbe3')).toEqual([7])
  })
})
