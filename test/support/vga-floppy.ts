/** A boot sector that interprets scripts of VGA accesses, for any machine that boots from a floppy. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { VgaStep } from './vga-script.ts'

const SECTOR = 512
const TRACK = 18
/** Sectors used of each track: 8 KiB, so that no read crosses a boundary of 64 KiB, which floppy DMA cannot. */
const USED = 16

/**
 * Loads tracks behind itself to 1000:0000 and does what the records there say. Records: a kind byte, then words. Between
 * scripts it sends D on COM1 and waits for a byte.
 */
const INTERPRETER = `
  bits 16
  org 0x7c00
  xor ax, ax
  mov ss, ax
  mov sp, 0x7c00
  mov ds, ax
  mov ax, 0x1000
  mov es, ax
  mov ch, 0
track:
  inc ch
  xor bx, bx
  mov dx, 0
  mov ax, 0x0200 + 16
  mov cl, 1
  int 0x13
  mov ax, es
  add ax, 16 * 32
  mov es, ax
  dec word [tracks]
  jnz track
  cli
  mov ax, 0x1000
  mov ds, ax
  xor si, si
next:
  cmp si, 0x8000
  jb inside
  sub si, 0x8000
  mov ax, ds
  add ax, 0x800
  mov ds, ax
inside:
  lodsb
  cmp al, 1
  je out8
  cmp al, 2
  je out16
  cmp al, 3
  je in8
  cmp al, 4
  je read
  cmp al, 5
  je write
  cmp al, 6
  je fill
  cmp al, 7
  je constant
  cmp al, 8
  je int10
  mov dx, 0x3f8
  mov al, 'D'
  out dx, al
wait_byte:
  mov dx, 0x3fd
  in al, dx
  test al, 1
  jz wait_byte
  mov dx, 0x3f8
  in al, dx
  jmp next
out8:
  lodsw
  mov dx, ax
  lodsw
  out dx, al
  jmp next
out16:
  lodsw
  mov dx, ax
  lodsw
  out dx, ax
  jmp next
in8:
  lodsw
  mov dx, ax
  in al, dx
  jmp next
place:
  lodsw
  mov es, ax
  lodsw
  mov di, ax
  ret
read:
  call place
  mov al, [es:di]
  jmp next
write:
  call place
  lodsw
  mov cx, ax
  rep movsb
  jmp next
constant:
  call place
  lodsw
  mov cx, ax
  lodsw
  rep stosb
  jmp next
int10:
  lodsw
  push ax
  lodsw
  mov bx, ax
  lodsw
  mov cx, ax
  lodsw
  mov dx, ax
  pop ax
  push ds
  push si
  int 0x10
  pop si
  pop ds
  cld
  jmp next
fill:
  call place
  lodsw
  mov cx, ax
  lodsw
  mov bp, ax
spread:
  mov ax, 25173
  mul bp
  add ax, 13849
  mov bp, ax
  mov [es:di], ah
  inc di
  loop spread
  jmp next
tracks:
  dw TRACKS
  times 510 - ($ - $$) db 0
  dw 0xaa55
`

function encode(steps: readonly VgaStep[]): number[] {
  const bytes: number[] = []
  const word = (value: number): void => void bytes.push(value & 0xff, (value >>> 8) & 0xff)
  const place = (gpa: number): void => {
    word((gpa & 0xf_8000) >>> 4)
    word(gpa & 0x7fff)
  }
  for (const step of steps) {
    bytes.push({ out8: 1, out16: 2, in8: 3, read: 4, write: 5, fill: 6, int10: 8 }[step.kind])
    if (step.kind === 'out8' || step.kind === 'out16') {
      word(step.port)
      word(step.value)
    } else if (step.kind === 'in8') word(step.port)
    else if (step.kind === 'int10') for (const value of step.registers) word(value)
    else {
      place(step.gpa)
      if (step.kind === 'write') {
        word(step.bytes.length)
        bytes.push(...step.bytes)
      } else if (step.kind === 'fill') {
        if (step.constant) bytes[bytes.length - 5] = 7
        word(step.count)
        word(step.seed)
      }
    }
  }
  return [...bytes, 0]
}

/** A boot disk of 1.44 MB that does the scripts one after the other. */
export function buildScriptFloppy(nasm: string, scripts: readonly (readonly VgaStep[])[]): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'vga-script-'))
  const data = scripts.flatMap(encode)
  const tracks = Math.ceil(data.length / (USED * SECTOR))
  // Tracks of head 0 only: the loader counts cylinders, and the other head's sectors lie between.
  const image = new Uint8Array(80 * 2 * TRACK * SECTOR)
  const source = join(folder, 'boot.asm')
  writeFileSync(source, INTERPRETER.replace('TRACKS', String(tracks)))
  execFileSync(nasm, ['-f', 'bin', '-o', join(folder, 'boot.bin'), source])
  image.set(readFileSync(join(folder, 'boot.bin')))
  for (let track = 0; track < tracks; track++) {
    const bytes = data.slice(track * USED * SECTOR, (track + 1) * USED * SECTOR)
    image.set(bytes, (track + 1) * 2 * TRACK * SECTOR)
  }
  rmSync(folder, { recursive: true })
  return image
}
