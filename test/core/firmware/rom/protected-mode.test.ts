/** The 32-bit interfaces of the ROMs, called by a program in protected mode: BIOS32 with PCI, APM, VBE. */
import { expect, it } from 'vitest'
import { MemoryBlockDevice } from '../../../../core/disk/memory-block-device.ts'
import { assemble, startMachine } from '../../../support/firmware-machine.ts'
import { describeWith, pathOf } from '../../../support/needs.ts'
import { tool } from '../../../support/tools.ts'

const NASM = tool('nasm')

/** Real mode: asks for the APM and VBE interfaces. Protected mode: `body`, which writes results with `say32` and `say8`. */
const program = (body: string) => `
bits 16
org 0x7c00
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, 0x7c00
    mov ax, 0x0204
    mov bx, 0x7e00
    mov cx, 2
    mov dh, 0
    int 0x13
    jmp main
    times 510 - ($ - $$) db 0
    dw 0xaa55
main:
    mov ax, 0x5303
    xor bx, bx
    int 0x15
    mov [apm], ebx
    mov ax, 0x4f02
    mov bx, 0x4101
    int 0x10
    mov ax, 0x4f0a
    mov bx, 0
    int 0x10
    push ds
    push es
    pop ds
    mov si, di
    mov ax, 0x2000
    mov es, ax
    xor di, di
    rep movsb
    pop ds
    cli
    lgdt [gdtr]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp 8:protected
bits 32
%macro say8 0
    out 0xe9, al
%endmacro
%macro say32 1
    mov eax, %1
    call print32
%endmacro
print32:
    mov ecx, 4
.next:
    out 0xe9, al
    shr eax, 8
    loop .next
    ret
; register AL of the display interface to AX
display:
    push edx
    movzx eax, al
    mov dx, 0x1ce
    out dx, ax
    inc edx
    in ax, dx
    movzx eax, ax
    pop edx
    ret
protected:
    mov ax, 0x10
    mov ds, ax
    mov es, ax
    mov ss, ax
${body}
    mov al, 0
    out 0xf4, al
    hlt
align 4
apm: dd 0
    dw 0x18
bios32: dd 0
    dw 8
pci: dd 0
    dw 8
gdt: dq 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00409b0f0000ffff
gdtr: dw $ - gdt - 1
    dd gdt
    times 512 * 5 - ($ - $$) db 0
`

function run(body: string) {
  const image = new Uint8Array(8 << 20)
  image.set(assemble(pathOf(NASM), program(body)))
  const guest = startMachine({ drives: [{ slot: 'hda', kind: 'disk', medium: new MemoryBlockDevice(image) }] })
  const end = guest.runToEnd()
  return { reason: end.reason, bytes: Uint8Array.from(guest.output) }
}

function dwords({ bytes }: { bytes: Uint8Array }): number[] {
  const view = new DataView(bytes.buffer)
  return Array.from({ length: bytes.length >>> 2 }, (_, i) => view.getUint32(4 * i, true))
}

/** Finds "_32_" and the PCI BIOS behind it. */
const FIND_PCI = `
    mov esi, 0xf0000
.scan:
    cmp dword [esi], '_32_'
    je .found
    add esi, 16
    cmp esi, 0x100000
    jb .scan
.found:
    mov eax, [esi + 4]
    mov [bios32], eax
    mov eax, '$PCI'
    xor ebx, ebx
    call far [bios32]
    add ebx, edx
    mov [pci], ebx
    movzx eax, al
    call print32
`

describeWith([NASM], 'Protected-mode interfaces', () => {
  it('lead to a PCI BIOS that finds, reads and writes', () => {
    const result = run(`${FIND_PCI}
    mov eax, 0xb101             ; present: "PCI ", version, mechanism
    call far [pci]
    push ebx
    say32 edx
    pop ebx
    movzx ebx, bx
    say32 ebx
    mov eax, 0xb102             ; the second function of the south bridge
    mov ecx, 0x7010
    mov edx, 0x8086
    xor esi, esi
    call far [pci]
    movzx ebx, bx
    say32 ebx
    mov eax, 0xb103             ; the display adapter
    mov ecx, 0x030000
    xor esi, esi
    call far [pci]
    push ebx
    mov eax, 0xb10a
    xor edi, edi
    call far [pci]
    say32 ecx
    pop ebx
    mov eax, 0xb10b             ; its interrupt line register, written and read
    mov ecx, 0x5a
    mov edi, 0x3c
    call far [pci]
    mov eax, 0xb108
    xor ecx, ecx
    call far [pci]
    movzx ecx, cl
    say32 ecx
    mov eax, 0xb109             ; an odd register is none
    mov edi, 0x3d
    call far [pci]
    setc al
    movzx ecx, ah
    movzx eax, al
    shl eax, 8
    or eax, ecx
    call print32
    mov eax, 0xb102             ; nothing there
    mov ecx, 1
    mov edx, 1
    xor esi, esi
    call far [pci]
    movzx eax, ah
    call print32`)
    const expected = [0, 0x20494350, 0x0210, 0x0009, 0x1111_1234, 0x5a, 0x0187, 0x86]
    expect(dwords(result)).toEqual(expected)
  })

  it('tell power status through APM, and switch the machine off', () => {
    const result = run(`
    mov eax, 0x530a
    mov ebx, 1
    call far [apm]
    setc dl
    movzx ebx, bx
    push ecx
    push edx
    say32 ebx
    pop edx
    movzx eax, dl
    call print32
    pop ecx
    movzx ecx, cx
    say32 ecx
    mov eax, 0x530b             ; no event
    call far [apm]
    movzx eax, ah
    call print32
    mov eax, 0x5307
    mov ebx, 1
    mov ecx, 3
    call far [apm]
    mov al, '!'
    out 0xe9, al`)
    expect(dwords(result)).toEqual([0x01ff, 0, 0x80ff, 0x80])
    expect(result.reason).toBe('power-off')
  })

  it('move window, start and palette through VBE', () => {
    const result = run(`
    movzx eax, word [0x20000]   ; window 5
    add eax, 0x20000
    xor ebx, ebx
    mov edx, 5
    call eax
    movzx eax, ax
    call print32
    mov al, 5
    call display
    call print32
    movzx eax, word [0x20002]   ; lines of 1024 pixels; start at (8, 100)
    add eax, 0x20000
    push eax
    mov dx, 0x1ce
    mov ax, 6
    out dx, ax
    inc edx
    mov ax, 1024
    out dx, ax
    pop eax
    xor ebx, ebx
    mov ecx, (100 * 1024 + 8) / 4
    xor edx, edx
    call eax
    mov al, 8
    call display
    call print32
    mov al, 9
    call display
    call print32
    movzx eax, word [0x20004]   ; colours 5 and 6
    add eax, 0x20000
    xor ebx, ebx
    mov ecx, 2
    mov edx, 5
    mov edi, colours
    call eax
    mov dx, 0x3c7
    mov al, 5
    out dx, al
    mov dx, 0x3c9
    mov ecx, 6
.read:
    in al, dx
    say8
    loop .read
    jmp finish
colours: db 1, 2, 3, 0, 4, 5, 6, 0
finish:`)
    expect(dwords(result).slice(0, 4)).toEqual([0x004f, 5, 8, 100])
    expect([...result.bytes.slice(16)]).toEqual([3, 2, 1, 6, 5, 4])
  })
})
