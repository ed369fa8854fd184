/** ROM code of power-on, option ROM scan and boot: the skeleton around the services reset, post, scanRom and boot. */
import type { Assembler } from './assembler.ts'
import { FLAT_ENTRY_SEGMENT } from './flat-entry.ts'
import { SERVICE } from './services.ts'

/** Power-on and resets, to INT 19h. */
export function emitBoot(a: Assembler): void {
  a.label('post')
  a.asm('cli', 0xfa)
  a.asm('cld', 0xfc)
  a.trap(SERVICE.reset) // goes to one of the labels below when CMOS holds a shutdown code
  a.asm('xor ax, ax', 0x31, 0xc0)
  a.asm('mov ss, ax', 0x8e, 0xd0)
  a.asm('mov ds, ax', 0x8e, 0xd8)
  a.asm('mov es, ax', 0x8e, 0xc0)
  a.asm('mov sp, 0x7c00', 0xbc, 0x00, 0x7c)
  a.trap(SERVICE.post)
  a.asm('mov dx, 0xc000', 0xba, 0x00, 0xc0)
  a.asm('mov di, 0xc800', 0xbf, 0x00, 0xc8)
  a.call('scan_roms')
  a.asm('push dx', 0x52)
  a.trap(SERVICE.videoReady)
  a.asm('pop dx', 0x5a)
  a.asm('mov di, 0xf000', 0xbf, 0x00, 0xf0)
  a.call('scan_roms')
  a.asm('int 0x19', 0xcd, 0x19)
  emitScan(a)
  emitResumes(a)
  emitInt19(a)
}

/** Calls the initialisation entry of every option ROM from segment DX to DI. The service leaves it at 0040:0067. */
function emitScan(a: Assembler): void {
  a.label('scan_roms')
  a.trap(SERVICE.scanRom)
  a.short('jc', 'scan_done')
  a.asm('push dx', 0x52)
  a.asm('push di', 0x57)
  a.asm('mov di, 0xffff', 0xbf, 0xff, 0xff) // no Plug and Play BIOS: ES:DI is no header
  a.asm('call far [0x467]', 0xff, 0x1e, 0x67, 0x04)
  a.asm('cli', 0xfa)
  a.asm('cld', 0xfc)
  a.asm('pop di', 0x5f)
  a.asm('pop dx', 0x5a)
  a.asm('xor ax, ax', 0x31, 0xc0)
  a.asm('mov ds, ax', 0x8e, 0xd8)
  a.asm('mov es, ax', 0x8e, 0xc0)
  a.jmp('scan_roms')
  a.label('scan_done')
  a.asm('ret', 0xc3)
}

/** Returns to a program that left protected mode by a reset: CMOS register 0Fh says how (PC AT Technical Reference). */
function emitResumes(a: Assembler): void {
  a.label('resume_eoi') // 05h: with an end of interrupt
  a.asm('mov al, 0x20', 0xb0, 0x20)
  a.asm('out 0xa0, al', 0xe6, 0xa0)
  a.asm('out 0x20, al', 0xe6, 0x20)
  a.label('resume_far') // 0Ah
  a.asm('xor ax, ax', 0x31, 0xc0)
  a.asm('mov ds, ax', 0x8e, 0xd8)
  a.asm('jmp far [0x467]', 0xff, 0x2e, 0x67, 0x04)
  a.label('resume_block_move') // 09h: stack at the address in 0040:0067, with DS, ES, registers and an interrupt frame
  a.asm('xor ax, ax', 0x31, 0xc0)
  a.asm('mov ds, ax', 0x8e, 0xd8)
  a.asm('lss sp, [0x467]', 0x0f, 0xb2, 0x26, 0x67, 0x04)
  a.asm('pop ds', 0x1f)
  a.asm('pop es', 0x07)
  a.asm('popa', 0x61)
  a.asm('iret', 0xcf)
}

function emitInt19(a: Assembler): void {
  a.label('int18') // a boot program gave up: the next device
  a.asm('cli', 0xfa)
  a.asm('cld', 0xfc)
  emitStack(a)
  a.trap(SERVICE.bootFailed)
  a.short('jmp', 'boot_next')
  a.label('int19')
  a.asm('cli', 0xfa)
  a.asm('cld', 0xfc)
  emitStack(a)
  a.trap(SERVICE.startBoot)
  a.label('boot_next')
  a.asm('sti', 0xfb)
  a.trap(SERVICE.boot)
  a.asm('hlt', 0xf4)
  a.short('jmp', 'boot_next')
  a.label('start_boot') // BX:CX is the entry, DL the drive
  emitStack(a)
  a.asm('push bx', 0x53)
  a.asm('push cx', 0x51)
  a.asm('mov ax, 0xaa55', 0xb8, 0x55, 0xaa)
  a.asm('xor bx, bx', 0x31, 0xdb)
  a.asm('xor cx, cx', 0x31, 0xc9)
  a.asm('retf', 0xcb)
}

function emitStack(a: Assembler): void {
  a.asm('xor ax, ax', 0x31, 0xc0)
  a.asm('mov ss, ax', 0x8e, 0xd0)
  a.asm('mov ds, ax', 0x8e, 0xd8)
  a.asm('mov es, ax', 0x8e, 0xc0)
  a.asm('mov sp, 0x7c00', 0xbc, 0x00, 0x7c)
}

/**
 * Entries of kernels. `enter_linux`: all segments AX, SP from CX, to AX+20h:0 (Linux boot protocol, "Running the kernel").
 * `enter_flat`: the code of flat-entry.ts, which the service has put into RAM.
 */
export function emitKernelEntry(a: Assembler): void {
  a.label('enter_linux')
  a.asm('cli', 0xfa)
  a.asm('mov ss, ax', 0x8e, 0xd0)
  a.asm('mov sp, cx', 0x89, 0xcc)
  a.asm('mov ds, ax', 0x8e, 0xd8)
  a.asm('mov es, ax', 0x8e, 0xc0)
  a.asm('mov fs, ax', 0x8e, 0xe0)
  a.asm('mov gs, ax', 0x8e, 0xe8)
  a.asm('add ax, 0x20', 0x83, 0xc0, 0x20)
  a.asm('push ax', 0x50)
  a.asm('xor ax, ax', 0x31, 0xc0)
  a.asm('push ax', 0x50)
  a.asm('retf', 0xcb)
  a.label('enter_flat')
  a.asm(`jmp ${FLAT_ENTRY_SEGMENT}:0`, 0xea, 0, 0, FLAT_ENTRY_SEGMENT & 0xff, FLAT_ENTRY_SEGMENT >>> 8)
}
