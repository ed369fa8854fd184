/**
 * Sequences of port and memory accesses that can be done to our adapter as well as by a program in another emulator, so that
 * the two pictures can be compared.
 */
import type { ModeRegisters } from './vga-modes.ts'
import type { VgaRig } from './vga-rig.ts'

/**
 * One access. `fill` writes `count` bytes from a generator that both sides know: x = x * 25173 + 13849 (16 bits), of which the
 * high byte is written; with `constant` every byte is the seed's low byte. `int10` calls the video BIOS.
 */
export type VgaStep =
  | { readonly kind: 'out8'; readonly port: number; readonly value: number }
  | { readonly kind: 'out16'; readonly port: number; readonly value: number }
  | { readonly kind: 'in8'; readonly port: number }
  | { readonly kind: 'int10'; readonly registers: readonly [ax: number, bx: number, cx: number, dx: number] }
  | { readonly kind: 'read'; readonly gpa: number }
  | { readonly kind: 'write'; readonly gpa: number; readonly bytes: readonly number[] }
  | {
      readonly kind: 'fill'
      readonly gpa: number
      readonly count: number
      readonly seed: number
      readonly constant?: true
    }

const MULTIPLIER = 25173
const INCREMENT = 13849

/** The bytes that a `fill` writes. */
function fillBytes(step: Extract<VgaStep, { kind: 'fill' }>): number[] {
  let x = step.seed
  return Array.from({ length: step.count }, () => {
    if (step.constant) return step.seed & 0xff
    x = (Math.imul(x, MULTIPLIER) + INCREMENT) & 0xffff
    return x >>> 8
  })
}

/** Does the steps to our adapter. There is no video BIOS to call. */
export function playScript(rig: VgaRig, steps: readonly VgaStep[]): void {
  const { ports } = rig.context
  for (const step of steps) {
    if (step.kind === 'out8') ports.write8(step.port, step.value)
    else if (step.kind === 'out16') ports.write16(step.port, step.value)
    else if (step.kind === 'in8') ports.read8(step.port)
    else if (step.kind === 'read') rig.peek(step.gpa)
    else if (step.kind === 'write') rig.poke(step.gpa, ...step.bytes)
    else if (step.kind === 'fill') rig.poke(step.gpa, ...fillBytes(step))
    else throw new Error('Only a whole machine has a video BIOS')
  }
}

/** An indexed register: `port` is the index port. */
export function register(port: number, index: number, value: number): VgaStep {
  return { kind: 'out16', port, value: index | (value << 8) }
}

/** A register of the VBE interface. */
export function vbeRegister(index: number, value: number): VgaStep[] {
  return [
    { kind: 'out16', port: 0x1ce, value: index },
    { kind: 'out16', port: 0x1cf, value },
  ]
}

/** An attribute controller register, with the screen on afterwards. */
export function attributeRegister(index: number, value: number): VgaStep[] {
  return [
    { kind: 'in8', port: 0x3da },
    { kind: 'out8', port: 0x3c0, value: index },
    { kind: 'out8', port: 0x3c0, value },
    { kind: 'out8', port: 0x3c0, value: 0x20 },
  ]
}

/** Programs a mode, a DAC that spreads over all levels, and clears the four planes. */
export function modeSteps(mode: ModeRegisters): VgaStep[] {
  const steps: VgaStep[] = [
    ...vbeRegister(4, 0),
    { kind: 'out8', port: 0x3c2, value: mode.misc },
    register(0x3c4, 0, 1),
    ...[register(0x3c4, 1, mode.sequencer[1] ?? 0), register(0x3c4, 3, 0), register(0x3c4, 0, 3)],
    // All planes, plain addressing, for clearing.
    ...[register(0x3c4, 2, 0x0f), register(0x3c4, 4, 0x06), register(0x3ce, 1, 0), register(0x3ce, 3, 0)],
    ...[register(0x3ce, 5, 0), register(0x3ce, 6, 0x05), register(0x3ce, 8, 0xff)],
    { kind: 'fill', gpa: 0xa_0000, count: 0x8000, seed: 0, constant: true },
    { kind: 'fill', gpa: 0xa_8000, count: 0x8000, seed: 0, constant: true },
    register(0x3d4, 0x11, 0),
    ...mode.crtc.map((value, index) => register(0x3d4, index, value)),
    ...mode.graphics.map((value, index) => register(0x3ce, index, value)),
    ...[2, 4].map((index) => register(0x3c4, index, mode.sequencer[index] ?? 0)),
    ...mode.attribute.flatMap((value, index) => attributeRegister(index, value)),
    { kind: 'out8', port: 0x3c6, value: 0xff },
    { kind: 'out8', port: 0x3c8, value: 0 },
  ]
  for (let entry = 0; entry < 256; entry++) {
    for (const component of [entry, entry >> 2, (entry * 7) >> 1]) {
      steps.push({ kind: 'out8', port: 0x3c9, value: component & 0x3f })
    }
  }
  return steps
}

/** A call of the video BIOS. */
export const int10 = (ax: number, bx = 0, cx = 0, dx = 0): VgaStep => ({ kind: 'int10', registers: [ax, bx, cx, dx] })

/** A VBE mode, every bank filled through the window (INT 10h function 4F05h), then the start moved. */
export function vesa(mode: number, banks: number): VgaStep[] {
  const fills = Array.from({ length: banks }, (_, bank): VgaStep[] => [
    int10(0x4f05, 0, 0, bank),
    { kind: 'fill', gpa: 0xa_0000, count: 0x8000, seed: bank * 3 + 1 },
    { kind: 'fill', gpa: 0xa_8000, count: 0x8000, seed: bank * 3 + 2 },
  ])
  return [int10(0x4f02, mode), ...fills.flat(), int10(0x4f07, 0, 8, 2)]
}
