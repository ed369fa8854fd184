/**
 * The instructions that ROM code executes for a suspended service (see call.ts), each followed by the trap that resumes it.
 * Every ROM that traps has them, at the same offset, which saved states rely on.
 */
import type { Step } from '../call.ts'
import type { Assembler } from './assembler.ts'
import { SERVICE } from './services.ts'

/** Offset of the stubs in each ROM image: after an option ROM's header. */
const STEP_STUBS = 0x40
const STUB_BYTES = 16
const NAMES = ['in1', 'in2', 'in4', 'out1', 'out2', 'out4', 'read', 'write', 'pause', 'popEs'] as const

/** First offset after the stubs. */
export const AFTER_STEP_STUBS = STEP_STUBS + NAMES.length * STUB_BYTES

/** Offset of the stub that takes `step`. DX is the port or the segment to touch at ES:DI, AL/AX/EAX the value. */
export function stubOf(step: Step): number {
  if (step.kind === 'pause') return offsetOf('pause')
  if (step.kind === 'touch') return offsetOf(step.write ? 'write' : 'read')
  return offsetOf(`${step.kind}${step.size}`)
}

/** Offset of the stub that pops ES and returns from the interrupt. */
export const POP_ES_STUB = STEP_STUBS + NAMES.indexOf('popEs') * STUB_BYTES

function offsetOf(name: (typeof NAMES)[number]): number {
  return STEP_STUBS + NAMES.indexOf(name) * STUB_BYTES
}

export function emitStepStubs(a: Assembler): void {
  const stub = (name: (typeof NAMES)[number], emit: () => void) => {
    a.org(offsetOf(name))
    emit()
  }
  const access = (text: string, ...bytes: number[]) => {
    a.asm(text, ...bytes)
    a.trap(SERVICE.resume)
  }
  stub('in1', () => access('in al, dx', 0xec))
  stub('in2', () => access('in ax, dx', 0xed))
  stub('in4', () => access('in eax, dx', 0x66, 0xed))
  stub('out1', () => access('out dx, al', 0xee))
  stub('out2', () => access('out dx, ax', 0xef))
  stub('out4', () => access('out dx, eax', 0x66, 0xef))
  const touch = (text: string, ...bytes: number[]) => {
    a.asm('push es', 0x06)
    a.asm('mov es, dx', 0x8e, 0xc2)
    a.asm(text, ...bytes)
    a.asm('pop es', 0x07)
    a.trap(SERVICE.resume)
  }
  stub('read', () => touch('mov al, [es:di]', 0x26, 0x8a, 0x05))
  stub('write', () => touch('or byte [es:di], 0', 0x26, 0x80, 0x0d, 0x00))
  stub('pause', () => {
    a.asm('mov cx, 64', 0xb9, 64, 0)
    a.asm('loop $', 0xe2, 0xfe)
    a.trap(SERVICE.resume)
  })
  stub('popEs', () => {
    a.asm('pop es', 0x07)
    a.asm('iret', 0xcf)
  })
}
