/** Decoded code and memory that changes under it: self-modifying code, links between blocks, A20, counts. */
import { describe, expect, it } from 'vitest'
import { CR0, CR3, HALTED } from '../../../core/cpu/state/layout.ts'
import { BareProcessor } from './bare-processor.ts'

const EAX = 0
const EBX = 3

describe.each(['interpreter', 'compiler'] as const)('Code that changes (%s)', (engine) => {
  it('sees a write to the next instruction of the same block', () => {
    const pc = new BareProcessor(engine)
    // mov byte [1006h], 22h; mov al, 11h; hlt
    pc.put(0x1000, 'c606061022 b011 f4')
    pc.cpu.run(100)
    expect(pc.cpu.state.reg8(EAX)).toBe(0x22)
  })

  it('sees a write by a string instruction to the code that follows it', () => {
    const pc = new BareProcessor(engine)
    // mov di, 100Ah; mov al, 41h (inc cx); mov cx, 2; rep stosb; nop; nop; hlt
    pc.put(0x1000, 'bf0a10 b041 b90200 f3aa 90 90 f4')
    pc.cpu.run(100)
    expect(pc.cpu.state.reg16(1)).toBe(2)
  })

  it('sees a loop body change while the loop is running', () => {
    const pc = new BareProcessor(engine)
    // mov cx, 5; L: inc ax; mov byte [L], 43h (inc bx); loop L; hlt
    pc.put(0x1000, 'b90500 40 c606031043 e2f8 f4')
    pc.cpu.run(100)
    expect([pc.cpu.state.reg16(EAX), pc.cpu.state.reg16(EBX)]).toEqual([1, 4])
  })

  it('sees a return address that a call pushes over code', () => {
    const pc = new BareProcessor(engine)
    // mov sp, 1010h; call 1020h, which pushes 06 10 to 100Eh; at 1020h: jmp 100Eh
    pc.put(0x1000, 'bc1010 e81a00')
    // nop; nop; hlt; later push es; adc ah, dh; hlt
    pc.put(0x100e, '90 90 f4 f4')
    pc.put(0x1020, 'ebec')
    const { state } = pc.cpu
    state.eip = 0x100e
    pc.cpu.run(100)
    expect(state.eip).toBe(0x1011)
    state.eip = 0x1000
    state.u32[HALTED >> 2] = 0
    pc.cpu.run(100)
    expect([state.eip, state.reg16(4)]).toEqual([0x1012, 0x100c])
  })

  it('sees a write by a device in the middle of a run', () => {
    const pc = new BareProcessor(engine)
    // in al, 50h; inc ax ; hlt
    pc.put(0x1000, 'e450 40 f4')
    pc.ports.register(0x50, 1, {
      read8: () => {
        pc.put(0x1002, '43')
        return 0
      },
    })
    pc.cpu.run(100)
    expect([pc.cpu.state.reg16(EAX), pc.cpu.state.reg16(EBX)]).toEqual([0, 1])
  })

  it('sees a change in the second page of an instruction that crosses', () => {
    const pc = new BareProcessor(engine)
    // mov ax, 1111h across 2000h; hlt
    pc.put(0x1ffe, 'b811 11 f4')
    pc.cpu.state.eip = 0x1ffe
    pc.cpu.run(100)
    expect(pc.cpu.state.reg16(EAX)).toBe(0x1111)
    pc.put(0x2000, '22')
    pc.cpu.state.eip = 0x1ffe
    pc.cpu.state.u32[HALTED >> 2] = 0
    pc.cpu.run(100)
    expect(pc.cpu.state.reg16(EAX)).toBe(0x2211)
  })

  it('sees writes to both parts of an instruction that crosses, and other code there stays', () => {
    const pc = new BareProcessor(engine)
    // 1ffeh: mov ax, 1111h; jmp 3000h. 3000h: add bx, ax; loop 3006h; hlt; 3006h: [a write]; jmp 1ffeh
    pc.put(0x1ffe, 'b81111 e9fc0f')
    pc.put(0x3000, '01c3 e201 f4 90')
    const go = (write: string) => {
      const { state } = pc.cpu
      pc.put(0x3006, `${write} e9f1ef`)
      state.setReg32(1, 2)
      state.setReg32(EBX, 0)
      state.eip = 0x1ffe
      state.u32[HALTED >> 2] = 0
      pc.cpu.run(100)
      return state.reg16(EBX)
    }
    // inc byte [2000h]: the high byte. inc byte [1fffh]: the low one. nop.
    const [high, low, none] = ['fe060020', 'fe06ff1f', '90909090']
    expect([high, low, none].map(go)).toEqual([0x1111 + 0x1211, 0x1211 + 0x1212, 2 * 0x1212])
  })

  it('fetches both parts of an instruction that crosses through the page tables of the moment', () => {
    const pc = new BareProcessor(engine)
    const { state } = pc.cpu
    const [first, second] = [0x1_0000, 0x1_2000]
    const put = (at: number, value: number) => pc.map.write(at, 4, value)
    for (const directory of [first, second]) {
      put(directory, (directory + 0x1000) | 7)
      for (let page = 0; page < 32; page++) put(directory + 0x1000 + page * 4, (page << 12) | 7)
    }
    put(second + 0x1000 + 2 * 4, 0x5007)
    // 1ffeh: mov ax, ..11h; add bx, ax; jmp 3000h, in two pages that may be mapped at 2000h
    pc.put(0x1ffe, 'b811')
    pc.put(0x2000, '11 01c3 e9fa0f')
    pc.put(0x5000, '22 01c3 e9fa0f')
    // 3000h: loop 3003h; hlt; 3003h: mov cr3, edx; xchg esi, edx; jmp 1ffeh
    pc.put(0x3000, 'e201 f4 0f22da 6687d6 e9f2ef')
    state.u32[CR0 >> 2] = 0x8000_0011
    state.u32[CR3 >> 2] = first
    state.setReg32(2, second)
    state.setReg32(6, first)
    state.setReg32(1, 5)
    state.setReg32(EBX, 0)
    state.eip = 0x1ffe
    pc.cpu.updateMode()
    pc.cpu.flushTlb()
    pc.cpu.run(200)
    expect(pc.shutdowns).toBe(0)
    expect(state.reg16(EBX)).toBe((3 * 0x1111 + 2 * 0x2211) & 0xffff)
  })

  it('fetches through the A20 gate', () => {
    const pc = new BareProcessor(engine)
    pc.put(0x10_0010, '43 f4')
    pc.put(0x0_0010, '40 f4')
    const { state } = pc.cpu
    const go = () => {
      state.setRealSegment(1, 0xffff)
      state.eip = 0x20
      state.u32[HALTED >> 2] = 0
      pc.cpu.updateMode()
      pc.cpu.run(10)
    }
    go()
    expect([state.reg16(EAX), state.reg16(EBX)]).toEqual([0, 1])
    pc.map.a20 = false
    go()
    expect([state.reg16(EAX), state.reg16(EBX)]).toEqual([1, 1])
    pc.map.a20 = true
    go()
    expect([state.reg16(EAX), state.reg16(EBX)]).toEqual([1, 2])
  })

  it('moves overlapping elements one after the other', () => {
    const pc = new BareProcessor(engine)
    pc.put(0x3000, '0102030405060708090a0b0c0d0e0f10')
    // mov si, 3000h; mov di, 3001h; mov cx, 3; rep movsd; hlt
    pc.put(0x1000, 'be0030 bf0130 b90300 66f3a5 f4')
    pc.cpu.run(100)
    const bytes = new Uint8Array(13)
    pc.map.readBytes(0x3000, bytes)
    expect([...bytes]).toEqual([1, 1, 2, 3, 4, 4, 6, 7, 8, 8, 10, 11, 12])
  })
})

it('counts instructions exactly', () => {
  const pc = new BareProcessor()
  // nop; nop; nop; hlt
  pc.put(0x1000, '90 90 90 f4')
  pc.cpu.run(100)
  expect(pc.cpu.instructions).toBe(4)
})

it('never runs for ever in a handler that faults at once', () => {
  const pc = new BareProcessor()
  pc.put(6 * 4, '00100000')
  pc.put(0x1000, '0f0b')
  pc.cpu.run(1000)
  expect(pc.cpu.instructions).toBeGreaterThanOrEqual(1000)
})
