/** A restored guest sees its real-time clock go on from where it was, or jump to the present, as the machine's setting says. */
import { expect, it } from 'vitest'
import { MemoryBlockDevice } from '../../../core/disk/memory-block-device.ts'
import { assemble, startMachine, type TestMachine } from '../../support/firmware-machine.ts'
import { describeWith, pathOf } from '../../support/needs.ts'
import { tool } from '../../support/tools.ts'

const NASM = tool('nasm')
const SLICES_NS = 10_000_000
const FIELDS = 6

/** Writes year, month, day, hours, minutes and seconds of the CMOS clock to port E9h after each update-ended interrupt. */
const CLOCK = `
bits 16
org 7c00h
  cli
  xor ax, ax
  mov ds, ax
  mov ss, ax
  mov sp, 7000h
  mov word [70h * 4], tick
  mov word [70h * 4 + 2], 0
  mov al, 0bh
  out 70h, al
  in al, 71h
  or al, 10h
  mov ah, al
  mov al, 0bh
  out 70h, al
  mov al, ah
  out 71h, al
  in al, 21h
  and al, 0fbh
  out 21h, al
  in al, 0a1h
  and al, 0feh
  out 0a1h, al
  mov al, 0ch
  out 70h, al
  in al, 71h
  sti
rest:
  hlt
  jmp rest
tick:
  mov si, fields
  mov cx, ${FIELDS}
field:
  lodsb
  out 70h, al
  in al, 71h
  out 0e9h, al
  loop field
  mov al, 0ch
  out 70h, al
  in al, 71h
  mov al, 20h
  out 0a0h, al
  out 20h, al
  iret
fields: db 9, 8, 7, 4, 2, 0
times 510 - ($ - $$) db 0
  dw 0aa55h
`

/** What the guest has read last: BCD digits, year to second. */
function lastRead({ output }: TestMachine): string {
  const whole = output.length - (output.length % FIELDS)
  return output
    .slice(whole - FIELDS, whole)
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join(' ')
}

describeWith([NASM], 'The real-time clock of a guest that was restored', () => {
  const floppy = () => {
    const disk = new Uint8Array(1_474_560)
    disk.set(assemble(pathOf(NASM), CLOCK))
    return [{ slot: 'fda', kind: 'floppy', medium: new MemoryBlockDevice(disk) }] as const
  }

  it('goes on from the moment of the state, and tells the present with the next update once it has been set', () => {
    const original = startMachine({ drives: floppy(), rtcStartMs: Date.UTC(1999, 11, 31, 23, 59, 50) })
    original.runUntil(() => original.output.length >= 3 * FIELDS)
    const then = lastRead(original)
    expect(then).toMatch(/^99 12 31 23 59 5\d$/)
    while (!original.machine.canSave) original.machine.runSlice(1000)
    const state = original.machine.saveState()
    const memory = original.machine.memory.saved.slice()
    const restored = () => {
      const twin = startMachine({ drives: floppy(), rtcStartMs: Date.UTC(2026, 5, 1) })
      twin.machine.memory.saved.set(memory)
      twin.machine.restoreState(state)
      return twin
    }
    const continued = restored()
    continued.runUntil(() => continued.output.length >= FIELDS)
    const second = Number(then.slice(-2)) + 1
    expect(lastRead(continued)).toBe(`99 12 31 23 59 ${second}`)
    const jumped = restored()
    jumped.machine.setRealTimeClock(Date.UTC(2026, 1, 28, 23, 59, 58))
    const startNs = jumped.machine.clock.nowNs()
    jumped.runUntil(() => jumped.output.length >= 2 * FIELDS)
    expect(lastRead(jumped)).toBe('26 03 01 00 00 00')
    expect(jumped.machine.clock.nowNs() - startNs).toBeLessThan(2e9 + SLICES_NS)
  })
})
