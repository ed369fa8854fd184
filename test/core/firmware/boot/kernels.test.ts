/** Kernels: Multiboot against QEMU's own loader, Linux images by the boot protocol, and images that are none. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../../../core/base/errors.ts'
import { kernelFormat } from '../../../../core/firmware/boot/kernel.ts'
import { linuxSetupBytes, loadLinux } from '../../../../core/firmware/boot/linux-boot.ts'
import { createFakeContext } from '../../../support/fake-context.ts'
import { assemble, startMachine } from '../../../support/firmware-machine.ts'
import { describeWith, pathOf } from '../../../support/needs.ts'
import { tool } from '../../../support/tools.ts'

const NASM = tool('nasm')
const QEMU = tool('qemu-system-i386')

/** Writes to port E9h: EAX, segments' limits by reaching high memory, command line, modules with their contents, memory sizes. */
const BODY = `
start:
    mov esp, 0x180000
    mov ebp, ebx
    call print32                ; EAX, the magic number
    smsw ax
    and eax, 1
    call print32                ; protected mode
    pushfd
    pop eax
    and eax, 0x20200
    call print32                ; no interrupts, no virtual-8086 mode
    mov eax, [ebp]
    and eax, 0x4d               ; memory, command line, modules, memory map
    call print32
    mov eax, [ebp + 4]
    call print32
    mov eax, [ebp + 20]
    call print32
    mov esi, [ebp + 16]         ; the command line's last word
.end:
    lodsb
    test al, al
    jnz .end
    sub esi, 5
    lodsd
    call print32
    mov edi, [ebp + 24]
    mov ecx, [ebp + 20]
.module:
    push ecx
    mov eax, [edi + 4]
    sub eax, [edi]
    call print32                ; its length
    mov esi, [edi]
    mov eax, [esi]
    call print32                ; its first bytes
    mov eax, [edi]
    and eax, 0xfff
    call print32                ; on a page
    add edi, 16
    pop ecx
    loop .module
    ; all usable memory of the map, in KiB, above 1 MiB
    mov esi, [ebp + 48]
    mov edx, esi
    add edx, [ebp + 44]
    xor ebx, ebx
.region:
    cmp esi, edx
    jae .regions
    cmp dword [esi + 20], 1
    jne .skip
    cmp dword [esi + 4], 0x100000
    jb .skip
    add ebx, [esi + 12]
.skip:
    add esi, [esi]
    add esi, 4
    jmp .region
.regions:
    shr ebx, 20
    mov eax, ebx
    call print32
    mov eax, [bss]              ; cleared
    call print32
    mov al, 0
    out 0xf4, al
    hlt
print32:
    push ecx
    mov ecx, 4
.next:
    out 0xe9, al
    shr eax, 8
    loop .next
    pop ecx
    ret
`

const KLUDGE = `
bits 32
org 0x110000
    dd 0, 0, 0
header:
    dd 0x1badb002, 0x10003, -(0x1badb002 + 0x10003)
    dd header, 0x110000, 0, bss + 4, start
${BODY}
align 4
bss equ $
`

/** The same as an ELF file, loaded at 1.5 MiB with a virtual address 3 GiB above. */
const ELF = `
bits 32
org 0
    db 0x7f, 'ELF', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0
    dw 2, 3
    dd 1, 0x180000 + start, 52, 0, 0
    dw 52, 32, 1, 0, 0, 0
    dd 1, 0, 0xc0180000, 0x180000, size, size + 64, 7, 0x1000
    dd 0x1badb002, 3, -(0x1badb002 + 3)
${BODY.replaceAll('[bss]', '[0x180000 + size + 32]').replace('0x180000\n    mov ebp', '0x200000\n    mov ebp')}
size equ $
`

interface Kernel {
  readonly image: Uint8Array
  readonly modules: readonly Uint8Array[]
  readonly append: string
}

function dwords(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.slice().buffer)
  return Array.from({ length: bytes.length >>> 2 }, (_, i) => view.getUint32(4 * i, true))
}

function underVitrine({ image, modules, append }: Kernel): number[] {
  const guest = startMachine({ kernel: { image, initrd: modules[0], append }, memoryMib: 32 })
  expect(guest.runToEnd().reason).toBe('exit')
  return dwords(Uint8Array.from(guest.output))
}

function underQemu({ image, modules, append }: Kernel): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-multiboot-'))
  try {
    const path = (name: string) => join(folder, name)
    writeFileSync(path('kernel'), image)
    const files = modules.map((module, i) => {
      writeFileSync(path(`module${i}`), module)
      return path(`module${i}`)
    })
    const run = spawnSync(
      pathOf(QEMU),
      [
        ...['-M', 'pc', '-m', '32', '-display', 'none', '-nic', 'none', '-serial', 'null', '-kernel', path('kernel')],
        ...['-append', append, '-initrd', files.join(','), '-debugcon', `file:${path('output')}`],
        ...['-device', 'isa-debug-exit,iobase=0xf4'],
      ],
      { timeout: 60_000 },
    )
    if (run.status !== 1) throw new Error(`QEMU ended with ${run.status}: ${run.stderr}`)
    return dwords(new Uint8Array(readFileSync(path('output'))))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The memory map ends some KiB earlier or later, with the tables of either firmware: in MiB it is the same. */
describeWith([NASM, QEMU], 'Multiboot kernels against QEMU', () => {
  it.each([
    ['by the addresses of their header', KLUDGE],
    ['as ELF files', ELF],
  ])('are entered with the same state and information, %s', (_how, source) => {
    const image = assemble(pathOf(NASM), source)
    const kernel = { image, modules: [new Uint8Array(5000).fill(0x5a)], append: 'one two' }
    const ours = underVitrine(kernel)
    expect(ours.slice(0, 2)).toEqual([0x2bad_b002, 1])
    expect(ours).toEqual(underQemu(kernel))
  })
})

/** A Linux image whose set-up code sends its segment, command line and RAM disk to port E9h. */
const LINUX = `
bits 16
org 0
    times 0x1f1 - ($ - $$) db 0
    db 1                        ; set-up sectors
    times 0x1fe - ($ - $$) db 0
    dw 0xaa55
    jmp short start
    db 'HdrS'
    dw 0x020c, 0, 0, 0, 0
loader: db 0
    db 1                        ; loaded high
    dw 0
    dd 0x100000
ramdisk: dd 0
ramdisk_size: dd 0
    dd 0
heap: dw 0, 0
command: dd 0
    dd 0x37ffffff
    dd 0x1000
    db 1, 0
    dw 0
    dd 255
    times 0x260 - ($ - $$) db 0
    dd 0x200000                 ; init_size
start:
    mov ax, cs
    call print16                ; 20h above the others
    mov ax, ds
    call print16
    mov ax, ss
    call print16
    mov ax, sp
    call print16
    mov al, [loader]
    out 0xe9, al
    mov al, [loader + 1]
    out 0xe9, al
    mov ax, [heap]
    call print16
    mov eax, [ramdisk_size]
    call print16
    mov ax, [ramdisk]
    and ax, 0xfff
    call print16
    mov eax, [command]
    shr eax, 4
    mov es, ax
    xor di, di
.text:
    mov al, [es:di]
    out 0xe9, al
    inc di
    test al, al
    jnz .text
    mov al, 0
    out 0xf4, al
    hlt
print16:
    out 0xe9, al
    mov al, ah
    out 0xe9, al
    ret
    times 1024 - ($ - $$) db 0
    times 4096 db 0x90
`

describeWith([NASM], 'Linux images', () => {
  it('are entered as the boot protocol says', () => {
    const image = assemble(pathOf(NASM), LINUX)
    const guest = startMachine({
      kernel: { image, initrd: new Uint8Array(3000).fill(1), append: 'console=ttyS0 quiet' },
    })
    expect(guest.runToEnd().reason).toBe('exit')
    const bytes = Uint8Array.from(guest.output)
    const [cs, ds, ss, sp, loader, heap, initrd, page] = Array.from(new Uint16Array(bytes.buffer.slice(0, 16)))
    expect({ cs, ds, ss, sp, loader, heap, initrd, page }).toEqual({
      cs: 0x1020,
      ds: 0x1000,
      ss: 0x1000,
      sp: 0xe000,
      loader: 0x81ff, // type undefined; loaded high, heap usable
      heap: 0xde00,
      initrd: 3000,
      page: 0,
    })
    expect(Buffer.from(bytes.slice(16)).toString()).toBe('console=ttyS0 quiet\0')
  })

  it('say how much memory they need when there is too little', () => {
    const image = assemble(pathOf(NASM), LINUX)
    const { memory } = createFakeContext()
    const load = () => loadLinux(memory, { image, commandLine: '', initrd: new Uint8Array(8 << 20) }, 4 << 20)
    expect(load).toThrow(AppError)
    expect(load).toThrow(/initial RAM disk \(8388608 bytes\) does not fit into 4 MiB/)
  })
})

describe('Images that are no kernel', () => {
  it.each([
    ['empty', new Uint8Array(0)],
    ['zeroes', new Uint8Array(64 << 10)],
    ['text', new TextEncoder().encode('This is no kernel. '.repeat(100))],
    ['a boot sector alone', Uint8Array.from({ length: 512 }, (_, i) => (i === 510 ? 0x55 : i === 511 ? 0xaa : 0))],
  ])('are refused: %s', (_what, image) => {
    expect(() => kernelFormat(image)).toThrow(/neither a Linux bzImage nor a Multiboot image/)
  })

  it('are refused when a Linux kernel is cut short', () => {
    const image = new Uint8Array(1024)
    const view = new DataView(image.buffer)
    view.setUint16(0x1fe, 0xaa55, true)
    view.setUint32(0x202, 0x5372_6448, true)
    image[0x1f1] = 10
    expect(linuxSetupBytes(image)).toBe(11 * 512)
    expect(() => kernelFormat(image)).toThrow('The Linux kernel is cut short')
  })
})
