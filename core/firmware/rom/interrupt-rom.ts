/**
 * ROM code of the software interrupts that may wait, and of the hardware interrupts. Acknowledging an interrupt and reading
 * the keyboard's port are instructions here, because monitors of virtual-8086 guests virtualise them.
 */
import type { Assembler } from './assembler.ts'
import { SERVICE } from './services.ts'

export function emitInterrupts(a: Assembler): void {
  for (const [name, service] of [
    ['int13', SERVICE.int13],
    ['int40', SERVICE.int40],
    ['int14', SERVICE.int14],
    ['int17', SERVICE.int17],
  ] as const) {
    a.label(name)
    a.trap(service)
    a.asm('iret', 0xcf)
  }
  emitInt16(a)
  emitInt15(a)
  emitTick(a)
  emitKey(a)
  emitSecondPic(a)
  emitDiskInterrupts(a)
  emitUnexpected(a)
}

/** CF after the trap: nothing there yet. HLT ends with the next interrupt. */
function emitInt16(a: Assembler): void {
  a.label('int16')
  a.trap(SERVICE.int16)
  a.short('jc', 'int16_wait')
  a.asm('iret', 0xcf)
  a.label('int16_wait')
  a.asm('sti', 0xfb)
  a.asm('hlt', 0xf4)
  a.short('jmp', 'int16')
}

/** Waits of INT 15h AH=86h: not by HLT, whose shortest wait is one tick. */
function emitInt15(a: Assembler): void {
  a.label('int15')
  a.trap(SERVICE.int15)
  a.short('jc', 'int15_wait')
  a.asm('iret', 0xcf)
  a.label('int15_wait')
  a.asm('sti', 0xfb)
  a.asm('nop', 0x90)
  a.short('jmp', 'int15')
}

function emitEndOfInterrupt(a: Assembler, second: boolean): void {
  a.asm('mov al, 0x20', 0xb0, 0x20)
  if (second) a.asm('out 0xa0, al', 0xe6, 0xa0)
  a.asm('out 0x20, al', 0xe6, 0x20)
}

/** IRQ 0. INT 1Ch handlers may change AX, DX and DS, as they could under IBM's BIOS. */
function emitTick(a: Assembler): void {
  a.label('int8')
  a.asm('push ds', 0x1e)
  a.asm('push ax', 0x50)
  a.asm('push dx', 0x52)
  a.trap(SERVICE.tick)
  a.asm('int 0x1c', 0xcd, 0x1c)
  a.asm('cli', 0xfa)
  emitEndOfInterrupt(a, false)
  a.asm('pop dx', 0x5a)
  a.asm('pop ax', 0x58)
  a.asm('pop ds', 0x1f)
  a.asm('iret', 0xcf)
}

/**
 * IRQ 1. The scan code goes through INT 15h AH=4Fh first, then to the service, which returns in BL what to do after the
 * acknowledge (KEY_ACTION in bios/keyboard.ts).
 */
function emitKey(a: Assembler): void {
  a.label('int9')
  a.asm('push ax', 0x50)
  a.asm('push bx', 0x53)
  a.asm('in al, 0x60', 0xe4, 0x60)
  a.asm('mov ah, 0x4f', 0xb4, 0x4f)
  a.asm('stc', 0xf9)
  a.asm('int 0x15', 0xcd, 0x15)
  a.asm('mov bl, 0', 0xb3, 0x00)
  a.short('jnc', 'int9_eoi')
  a.trap(SERVICE.key)
  a.label('int9_eoi')
  a.asm('cli', 0xfa)
  emitEndOfInterrupt(a, false)
  a.asm('cmp bl, 1', 0x80, 0xfb, 0x01)
  a.short('jc', 'int9_done')
  a.short('jz', 'int9_break')
  a.asm('cmp bl, 3', 0x80, 0xfb, 0x03)
  a.short('jc', 'int9_print')
  a.short('jz', 'int9_pause')
  a.asm('cmp bl, 5', 0x80, 0xfb, 0x05)
  a.short('jc', 'int9_request')
  a.short('jz', 'int9_release')
  a.asm('mov ax, 0x9102', 0xb8, 0x02, 0x91) // 6: a key was stored
  a.asm('int 0x15', 0xcd, 0x15)
  a.label('int9_done')
  a.asm('pop bx', 0x5b)
  a.asm('pop ax', 0x58)
  a.asm('iret', 0xcf)
  a.label('int9_break')
  a.asm('int 0x1b', 0xcd, 0x1b)
  a.short('jmp', 'int9_done')
  a.label('int9_print')
  a.asm('int 5', 0xcd, 0x05)
  a.short('jmp', 'int9_done')
  a.label('int9_request')
  a.asm('mov ax, 0x8500', 0xb8, 0x00, 0x85)
  a.short('jmp', 'int9_system')
  a.label('int9_release')
  a.asm('mov ax, 0x8501', 0xb8, 0x01, 0x85)
  a.label('int9_system')
  a.asm('sti', 0xfb)
  a.asm('int 0x15', 0xcd, 0x15)
  a.short('jmp', 'int9_done')
  emitPause(a)
}

/** The Pause key: until another key clears bit 3 of 0040:0018. */
function emitPause(a: Assembler): void {
  a.label('int9_pause')
  a.asm('push ds', 0x1e)
  a.asm('mov ax, 0x40', 0xb8, 0x40, 0x00)
  a.asm('mov ds, ax', 0x8e, 0xd8)
  a.label('int9_paused')
  a.asm('sti', 0xfb)
  a.asm('hlt', 0xf4)
  a.asm('test byte [0x18], 8', 0xf6, 0x06, 0x18, 0x00, 0x08)
  a.short('jnz', 'int9_paused')
  a.asm('pop ds', 0x1f)
  a.short('jmp', 'int9_done')
}

/** IRQ 8 (RTC), 9 (redirected to INT 0Ah), 12 (pointing device), 13 (coprocessor). */
function emitSecondPic(a: Assembler): void {
  a.label('int70')
  a.asm('push ax', 0x50)
  a.trap(SERVICE.rtc)
  a.asm('test al, al', 0x84, 0xc0)
  a.short('jz', 'int70_eoi')
  a.asm('sti', 0xfb)
  a.asm('int 0x4a', 0xcd, 0x4a)
  a.asm('cli', 0xfa)
  a.label('int70_eoi')
  emitEndOfInterrupt(a, true)
  a.asm('pop ax', 0x58)
  a.asm('iret', 0xcf)

  a.label('int71')
  a.asm('push ax', 0x50)
  a.asm('mov al, 0x20', 0xb0, 0x20)
  a.asm('out 0xa0, al', 0xe6, 0xa0)
  a.asm('pop ax', 0x58)
  a.asm('int 0x0a', 0xcd, 0x0a)
  a.asm('iret', 0xcf)

  emitMouse(a)

  a.label('int75')
  a.asm('push ax', 0x50)
  a.asm('xor al, al', 0x30, 0xc0)
  a.asm('out 0xf0, al', 0xe6, 0xf0)
  emitEndOfInterrupt(a, true)
  a.asm('pop ax', 0x58)
  a.asm('int 2', 0xcd, 0x02)
  a.asm('iret', 0xcf)
}

/** A complete packet: AX status, BX and CX the movement, DI the segment whose offset 22h points to the user's handler. */
function emitMouse(a: Assembler): void {
  a.label('int74')
  a.asm('pusha', 0x60)
  a.asm('push ds', 0x1e)
  a.asm('push es', 0x06)
  a.asm('cld', 0xfc)
  a.trap(SERVICE.mouse)
  a.short('jc', 'int74_eoi')
  a.asm('push ax', 0x50)
  a.asm('push bx', 0x53)
  a.asm('push cx', 0x51)
  a.asm('push dx', 0x52)
  a.asm('mov ds, di', 0x8e, 0xdf)
  a.asm('sti', 0xfb)
  a.asm('call far [0x22]', 0xff, 0x1e, 0x22, 0x00)
  a.asm('cli', 0xfa)
  a.asm('add sp, 8', 0x83, 0xc4, 0x08)
  a.label('int74_eoi')
  emitEndOfInterrupt(a, true)
  a.asm('pop es', 0x07)
  a.asm('pop ds', 0x1f)
  a.asm('popa', 0x61)
  a.asm('iret', 0xcf)
}

/** IRQ 14 and 15 set 0040:008E, IRQ 6 bit 7 of 0040:003E; then INT 15h AH=91h says that the device is ready. */
function emitDiskInterrupts(a: Assembler): void {
  const begin = () => {
    a.asm('push ax', 0x50)
    a.asm('push ds', 0x1e)
    a.asm('mov ax, 0x40', 0xb8, 0x40, 0x00)
    a.asm('mov ds, ax', 0x8e, 0xd8)
  }
  const end = (type: number) => {
    a.asm(`mov ax, 0x91${type.toString(16).padStart(2, '0')}`, 0xb8, type, 0x91)
    a.asm('int 0x15', 0xcd, 0x15)
    a.asm('pop ds', 0x1f)
    a.asm('pop ax', 0x58)
    a.asm('iret', 0xcf)
  }
  a.label('int76')
  begin()
  a.asm('mov byte [0x8e], 0xff', 0xc6, 0x06, 0x8e, 0x00, 0xff)
  emitEndOfInterrupt(a, true)
  end(0)
  a.label('int0e')
  begin()
  a.asm('or byte [0x3e], 0x80', 0x80, 0x0e, 0x3e, 0x00, 0x80)
  emitEndOfInterrupt(a, false)
  end(1)
}

/** Interrupts nobody has claimed. The service masks the line that is in service, if there is one, and acknowledges it. */
function emitUnexpected(a: Assembler): void {
  a.label('unexpected')
  a.asm('push ax', 0x50)
  a.trap(SERVICE.unexpected)
  a.asm('pop ax', 0x58)
  a.asm('iret', 0xcf)
}
