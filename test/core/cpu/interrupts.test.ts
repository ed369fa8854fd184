/** When interrupts and traps are taken: the shadows of STI and MOV SS, HLT, single step after POPF and IRET, NMI. */
import { expect, it } from 'vitest'
import { IDTR_LIMIT } from '../../../core/cpu/state/layout.ts'
import { BareProcessor } from './bare-processor.ts'

const IF = 0x200
const TF = 0x100
const HANDLER = 0x2000

/** Vectors 1, 2 and 20h lead to `hlt` at HANDLER, HANDLER + 10h, HANDLER + 20h. */
function prepare(code: string, flags = 0): BareProcessor {
  const pc = new BareProcessor()
  pc.put(0x1000, code)
  pc.put(1 * 4, '00200000')
  pc.put(2 * 4, '10200000')
  pc.put(0x20 * 4, '20200000')
  for (const at of [0, 0x10, 0x20]) pc.put(HANDLER + at, 'f4')
  pc.cpu.state.eflags = flags | 2
  pc.cpu.updateMode()
  return pc
}

/** The return address that the handler finds. */
const returnTo = (pc: BareProcessor): number => pc.word(pc.cpu.state.reg16(4))

it('takes an interrupt behind the instruction that follows STI', () => {
  const pc = prepare('fb 40 43 f4')
  pc.interrupt(0x20)
  pc.cpu.run(100)
  expect(returnTo(pc)).toBe(0x1002)
})

it('takes it at once when interrupts were on already', () => {
  const pc = prepare('fb 40 43 f4', IF)
  pc.interrupt(0x20)
  pc.cpu.run(100)
  expect(returnTo(pc)).toBe(0x1000)
})

it('takes it behind the instruction that follows MOV SS and POP SS', () => {
  // sti; mov ss, ax; mov sp, 6000h; nop
  const moved = prepare('fb 8ed0 bc0060 90 f4')
  moved.interrupt(0x20)
  moved.cpu.run(100)
  expect(returnTo(moved)).toBe(0x1006)
  const popped = prepare('fb 16 17 bc0060 90 f4')
  popped.interrupt(0x20)
  popped.cpu.run(2)
  expect(returnTo(popped)).toBe(0x1002)
})

it('does not hold interrupts off behind LSS', () => {
  // lss sp, [3000h]; nop
  const pc = prepare('0fb2260030 90 f4', IF)
  pc.put(0x3000, '00600000')
  pc.cpu.run(1)
  pc.interrupt(0x20)
  pc.cpu.run(100)
  expect(returnTo(pc)).toBe(0x1005)
})

it('wakes from HLT, behind it', () => {
  const pc = prepare('fb f4 90 90 f4')
  pc.cpu.run(100)
  expect(pc.cpu.halted).toBe(true)
  pc.interrupt(0x20)
  pc.cpu.run(100)
  expect(returnTo(pc)).toBe(0x1002)
})

it('stays halted while interrupts are off, but for an NMI', () => {
  const pc = prepare('f4 90 f4')
  pc.cpu.run(100)
  pc.interrupt(0x20)
  pc.cpu.run(100)
  expect([pc.cpu.halted, pc.cpu.state.eip]).toEqual([true, 0x1001])
  pc.cpu.requestNmi()
  pc.cpu.run(100)
  expect([pc.cpu.state.eip, returnTo(pc)]).toEqual([HANDLER + 0x11, 0x1001])
})

it('keeps a second NMI until IRET', () => {
  const pc = prepare('90 90 f4')
  pc.put(HANDLER + 0x10, '40 cf')
  pc.cpu.requestNmi()
  pc.cpu.run(1)
  pc.cpu.requestNmi()
  pc.cpu.run(100)
  expect(pc.cpu.state.reg16(0)).toBe(2)
})

it('single steps from the instruction behind POPF on, in the middle of a run', () => {
  // push 0102h; popf; nop; nop
  const pc = prepare('680201 9d 90 90 f4')
  pc.cpu.run(100)
  expect(returnTo(pc)).toBe(0x1005)
})

it('single steps behind IRET', () => {
  // push 0102h; push cs; push 1008h; iret; nop; nop
  const pc = prepare('680201 0e 680810 cf 90 90 f4')
  pc.cpu.run(100)
  expect(returnTo(pc)).toBe(0x1009)
})

it('a single step behind HLT wakes the processor', () => {
  const pc = prepare('f4 90', TF)
  pc.cpu.run(100)
  expect([pc.cpu.state.eip, returnTo(pc)]).toEqual([HANDLER + 1, 0x1001])
})

it('shuts down when there is no handler for anything', () => {
  const pc = prepare('0f0b')
  // An interrupt table of no length.
  pc.cpu.state.u32[IDTR_LIMIT >> 2] = 0
  pc.cpu.run(100)
  expect(pc.shutdowns).toBe(1)
})
