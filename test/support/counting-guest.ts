/**
 * A guest whose memory and disk say at which moment they are: it counts up, writes the count into one page after the other, then into
 * a sector, and begins again. Whatever is seen of it at one moment is a run of pages with one count and the rest with the one before.
 */
import { assemble } from './firmware-machine.ts'

const PAGE_BYTES = 4096
/** First page that it writes, and how many. */
const FIRST_PAGE = 0x200
const PAGES = 0x2000
/** Where it keeps the count of the last sector that it has written. */
const DISK_COUNT = 0x6000
/** Sectors that it writes in turn. */
const FIRST_SECTOR = 64
const SECTORS = 32
const DISK_BYTES = 4 << 20

const SOURCE = `
bits 16
org 7c00h
  xor ax, ax
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov sp, 7000h
  in al, 92h
  or al, 2
  out 92h, al
  cli
  lgdt [gdtr]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  mov bx, 8
  mov fs, bx              ; a limit of 4 GiB, which real mode keeps
  and al, 0feh
  mov cr0, eax
  jmp 0:real
real:
  xor bx, bx
  mov fs, bx
  sti
  mov dword [${DISK_COUNT}], 0
  xor esi, esi
count:
  inc esi
  mov edi, ${FIRST_PAGE * PAGE_BYTES}
  mov ecx, ${PAGES}
page:
  mov [fs:edi], esi
  add edi, ${PAGE_BYTES}
  dec ecx
  jnz page
  mov eax, esi
  and eax, ${SECTORS - 1}
  add eax, ${FIRST_SECTOR}
  mov [packet + 8], eax
  mov [6200h], esi
  push esi
  mov si, packet
  mov dl, 80h
  mov ax, 4300h
  int 13h
  pop esi
  jc failed
  mov [${DISK_COUNT}], esi
  mov dx, 3f8h
  mov al, '.'
  out dx, al
  jmp count
failed:
  hlt
  jmp failed
align 8
gdt:
  dq 0
  dq 00cf92000000ffffh
gdtr:
  dw 15
  dd gdt
packet:
  db 16, 0
  dw 1, 6200h, 0
  dq 0
times 510 - ($ - $$) db 0
  dw 0aa55h
`

/** Its disk, as a raw image. It needs 48 MiB of memory. */
export function countingDisk(nasm: string): Uint8Array {
  const disk = new Uint8Array(DISK_BYTES)
  disk.set(assemble(nasm, SOURCE))
  return disk
}

/** What was seen of it at one moment. Throws when no moment looks like that. */
export function countOf(ram: Uint8Array, readSector: (sector: number) => Uint8Array): number {
  const at = (bytes: Uint8Array, offset: number) =>
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset, true)
  const first = at(ram, FIRST_PAGE * PAGE_BYTES)
  let written = 1
  while (written < PAGES && at(ram, (FIRST_PAGE + written) * PAGE_BYTES) === first) written++
  for (let page = written; page < PAGES; page++) {
    const count = at(ram, (FIRST_PAGE + page) * PAGE_BYTES)
    if (count !== first - 1) throw new Error(`Page ${page} has the count ${count} while the first one has ${first}`)
  }
  const done = at(ram, DISK_COUNT)
  if (done !== first && done !== first - 1) throw new Error(`Memory has ${first}, the last sector was ${done}`)
  // Sectors of the last round, the newest of which may be of this one.
  for (let count = Math.max(1, done - SECTORS + 2); count <= done; count++) {
    const held = at(readSector(FIRST_SECTOR + (count % SECTORS)), 0)
    if (held !== count) throw new Error(`The sector of ${count} has ${held}, and ${done} was the last one`)
  }
  return first
}
