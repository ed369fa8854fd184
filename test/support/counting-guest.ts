/**
 * A guest whose memory and disk say at which moment they are: it counts up, writes the count into one page after the other, then into
 * a sector, and begins again. Whatever is seen of it at one moment is a run of pages with one count and the rest with the one before.
 */
import { assemble } from './firmware-machine.ts'

const PAGE_BYTES = 4096
/** First page that it writes, and how many unless told otherwise. */
const FIRST_PAGE = 0x200
const PAGES = 0x2000
/** Where it keeps the count of the last sector that it has written. */
const DISK_COUNT = 0x6000
/** Sectors that it writes in turn, as many as it is told to. */
const FIRST_SECTOR = 64
const SECTORS = 32
const DISK_BYTES = 4 << 20

/** How it writes its sectors: through the BIOS, or by the ports of the drive, with FLUSH CACHE behind each. */
export type CountingWay = 'bios' | 'ports'

const WRITE: Readonly<Record<CountingWay, string>> = {
  bios: `
  mov si, packet
  mov dl, 80h
  mov ax, 4300h
  int 13h
  jc failed`,
  ports: `
  call idle
  mov eax, [packet + 8]
  mov dx, 1f2h
  xchg eax, ebx
  mov al, 1
  out dx, al
  xchg eax, ebx
  mov cx, 3
address:
  inc dx
  out dx, al
  shr eax, 8
  loop address
  inc dx
  mov al, 0e0h
  out dx, al
  inc dx
  mov al, 30h
  out dx, al
request:
  in al, dx
  test al, 1
  jnz failed
  test al, 8
  jz request
  mov dx, 1f0h
  mov si, 6200h
  mov cx, 256
  rep outsw
  call idle
  mov al, 0e7h
  out dx, al
  call idle`,
}

const source = (pages: number, way: CountingWay, sectors: number): string => `
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
  mov ecx, ${pages}
page:
  mov [fs:edi], esi
  add edi, ${PAGE_BYTES}
  dec ecx
  jnz page
  mov eax, esi
  and eax, ${sectors - 1}
  add eax, ${FIRST_SECTOR}
  mov [packet + 8], eax
  mov [6200h], esi
  push esi${WRITE[way]}
  pop esi
  mov [${DISK_COUNT}], esi
  mov dx, 3f8h
  mov al, '.'
  out dx, al
  jmp count
failed:
  mov dx, 3f8h
  mov al, '!'
  out dx, al
  hlt
  jmp failed
idle:
  mov dx, 1f7h
  in al, dx
  test al, 80h
  jnz idle
  test al, 1
  jnz failed
  ret
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

/** Its disk, as a raw image. It needs 48 MiB of memory, unless it writes fewer pages. It says "." when it has counted, "!" at an error. */
export function countingDisk(nasm: string, pages = PAGES, way: CountingWay = 'bios', sectors = SECTORS): Uint8Array {
  const disk = new Uint8Array(DISK_BYTES)
  disk.set(assemble(nasm, source(pages, way, sectors)))
  return disk
}

/** What was seen of it at one moment. Throws when no moment looks like that. */
export function countOf(
  ram: Uint8Array,
  readSector: (sector: number) => Uint8Array,
  pages = PAGES,
  sectors = SECTORS,
): number {
  const at = (bytes: Uint8Array, offset: number) =>
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset, true)
  const first = at(ram, FIRST_PAGE * PAGE_BYTES)
  let written = 1
  while (written < pages && at(ram, (FIRST_PAGE + written) * PAGE_BYTES) === first) written++
  for (let page = written; page < pages; page++) {
    const count = at(ram, (FIRST_PAGE + page) * PAGE_BYTES)
    if (count !== first - 1) throw new Error(`Page ${page} has the count ${count} while the first one has ${first}`)
  }
  const done = at(ram, DISK_COUNT)
  if (done !== first && done !== first - 1) throw new Error(`Memory has ${first}, the last sector was ${done}`)
  // Sectors of the last round, the newest of which may be of this one.
  for (let count = Math.max(1, done - sectors + 2); count <= done; count++) {
    const held = at(readSector(FIRST_SECTOR + (count % sectors)), 0)
    if (held !== count) throw new Error(`The sector of ${count} has ${held}, and ${done} was the last one`)
  }
  return first
}
