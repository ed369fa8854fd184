/**
 * The protected-mode entries of APM 1.2 (Advanced Power Management BIOS Interface Specification 1.2, chapter 4): the same
 * code in 16-bit and 32-bit form. AL is the function; the real-mode interface is bios/apm.ts.
 */
import { PM_CONTROL_PORT, SLEEP_ENABLE } from '../tables/power.ts'
import type { Assembler } from './assembler.ts'

export function emitApm(a: Assembler): void {
  emitEntry(a, 16)
  a.bits(32)
  emitEntry(a, 32)
  a.bits(16)
}

function emitEntry(a: Assembler, bits: 16 | 32): void {
  const at = (name: string) => `apm${bits}_${name}`
  /** An instruction with 16-bit operands: prefixed in 32-bit code. */
  const word = (text: string, ...bytes: number[]) => a.asm(text, ...(bits === 32 ? [0x66] : []), ...bytes)
  const when = (al: number, target: string) => {
    a.asm(`cmp al, ${al}`, 0x3c, al)
    a.short('jz', at(target))
  }
  a.label(at('entry'))
  when(0x05, 'idle')
  when(0x07, 'set')
  when(0x0a, 'power')
  when(0x0b, 'no_event')
  when(0x0c, 'state')
  when(0x0e, 'version')
  when(0x10, 'state')
  a.asm('cmp al, 4', 0x3c, 0x04)
  a.short('jc', at('unsupported'))
  a.asm('cmp al, 15', 0x3c, 0x0f)
  a.short('jbe', at('good'))
  a.label(at('unsupported'))
  a.asm('mov ah, 0x0c', 0xb4, 0x0c)
  a.short('jmp', at('bad'))
  a.label(at('no_event'))
  a.asm('mov ah, 0x80', 0xb4, 0x80)
  a.label(at('bad'))
  a.asm('stc', 0xf9)
  a.asm('retf', 0xcb)
  a.label(at('idle'))
  a.asm('sti', 0xfb)
  a.asm('hlt', 0xf4)
  a.short('jmp', at('good'))
  a.label(at('set'))
  word('cmp bx, 1', 0x83, 0xfb, 0x01) // all devices
  a.short('jnz', at('good'))
  word('cmp cx, 3', 0x83, 0xf9, 0x03) // off
  a.short('jnz', at('good'))
  word(`mov dx, ${PM_CONTROL_PORT}`, 0xba, PM_CONTROL_PORT & 0xff, PM_CONTROL_PORT >>> 8)
  word(`mov ax, ${SLEEP_ENABLE}`, 0xb8, SLEEP_ENABLE & 0xff, SLEEP_ENABLE >>> 8)
  word('out dx, ax', 0xef)
  a.short('jmp', at('good'))
  a.label(at('power')) // on line, no battery
  word('mov bx, 0x01ff', 0xbb, 0xff, 0x01)
  word('mov cx, 0x80ff', 0xb9, 0xff, 0x80)
  word('mov dx, 0xffff', 0xba, 0xff, 0xff)
  a.short('jmp', at('good'))
  a.label(at('state'))
  a.asm('mov bl, 0', 0xb3, 0x00)
  word('xor cx, cx', 0x31, 0xc9)
  a.short('jmp', at('good'))
  a.label(at('version'))
  word('mov ax, 0x0102', 0xb8, 0x02, 0x01)
  a.asm('clc', 0xf8)
  a.asm('retf', 0xcb)
  a.label(at('good'))
  a.asm('mov ah, 0', 0xb4, 0x00)
  a.asm('clc', 0xf8)
  a.asm('retf', 0xcb)
}
