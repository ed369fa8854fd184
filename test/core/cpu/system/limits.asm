; What QEMU's TCG does not check and a processor does: limits and rights of segments at each access, alignment, reserved bits
; of control registers. The expected lines follow from the manual alone.
%include "kernel.inc"

main:
    jmp enter_protected

bits 32
D_SMALL   equ FREE              ; limit 0FFFh
D_RO      equ FREE + 8
C_XO      equ FREE + 16
C_RO      equ FREE + 24
C_FRESH   equ FREE + 32         ; never accessed
D_DOWN32  equ FREE + 40         ; expand-down, B = 1: 1000h to FFFFFFFFh
D_DOWN16  equ FREE + 48         ; expand-down, B = 0: 1000h to FFFFh
C_SMALL   equ FREE + 56         ; code, ends behind `edge`
D_TINY    equ FREE + 72         ; limit 3
GATE_FAR  equ FREE + 80
S_SMALL3  equ FREE + 88         ; stack of ring 3, limit 3FFFh

protected_main:
    DESCRIPTOR GDT + D_SMALL, 0x20000, 0xfff, 0x93, 4
    DESCRIPTOR GDT + D_RO, 0x20000, 0xfff, 0x91, 4
    DESCRIPTOR GDT + C_XO, 0, 0xfffff, 0x99, 0xc
    DESCRIPTOR GDT + C_RO, 0, 0xfffff, 0x9b, 0xc
    DESCRIPTOR GDT + C_FRESH, 0, 0xfffff, 0x9a, 0xc
    DESCRIPTOR GDT + D_DOWN32, 0x20000, 0xfff, 0x97, 4
    DESCRIPTOR GDT + D_DOWN16, 0x20000, 0xfff, 0x97, 0
    DESCRIPTOR GDT + C_SMALL, 0, 0, 0x9b, 4
    mov eax, edge - 1
    mov [GDT + C_SMALL], ax
    DESCRIPTOR GDT + S_SMALL3, 0, 0x3fff, 0xf3, 4
    DESCRIPTOR GDT + D_TINY, 0x20000, 3, 0x93, 4
    GATE GDT + GATE_FAR, C_SMALL, 0xf000, 0x8c, 0

    TEST 'ltr-null'
    xor eax, eax
    ltr ax
    END
    TEST 'read-null-ds'
    xor eax, eax
    mov fs, ax
    mov eax, [fs:SCRATCH]
    END
    TEST 'write-null-ds'
    mov [fs:SCRATCH], eax
    END
%macro FS 1
    mov eax, %1
    mov fs, ax
%endmacro
    TEST 'write-read-only'
    FS D_RO
    mov eax, [fs:0]
    mov [fs:0], eax
    END
    TEST 'modify-read-only'
    add dword [fs:0], 1
    END
    TEST 'write-code'
    FS C_RO
    mov eax, [fs:SCRATCH]
    mov [fs:SCRATCH], eax
    END
    TEST 'write-cs'
    mov [cs:SCRATCH], eax
    END
    TEST 'read-execute-only'
    jmp C_XO:.in
.in:
    mov eax, [cs:SCRATCH]
    END
    jmp CODE32:.back
.back:
    TEST 'accessed-by-jump'
    movzx eax, byte [GDT + C_FRESH + 5]
    VALUE eax
    jmp C_FRESH:.fresh
.fresh:
    jmp CODE32:.old
.old:
    movzx eax, byte [GDT + C_FRESH + 5]
    VALUE eax
    END

    ; Limits, every width.
    TEST 'limit-byte'
    FS D_SMALL
    mov al, [fs:0xfff]
    SAY ' in'
    mov al, [fs:0x1000]
    END
    TEST 'limit-word'
    mov ax, [fs:0xffe]
    SAY ' in'
    mov ax, [fs:0xfff]
    END
    TEST 'limit-dword'
    mov eax, [fs:0xffc]
    SAY ' in'
    mov eax, [fs:0xffd]
    END
    TEST 'limit-write'
    mov [fs:0xffc], eax
    SAY ' in'
    mov [fs:0xffd], eax
    END
    TEST 'limit-modify'
    add dword [fs:0xffc], 1
    SAY ' in'
    add dword [fs:0xffe], 1
    END
    TEST 'limit-wrap'
    mov eax, [fs:0xfffffffe]
    END
    TEST 'limit-far-pointer'
    les eax, [fs:0xffb]
    END
    TEST 'limit-tiny'
    FS D_TINY
    mov eax, [fs:0]
    SAY ' in'
    mov eax, [fs:1]
    END
    TEST 'limit-down32-below'
    FS D_DOWN32
    mov eax, [fs:0x1000]
    SAY ' in'
    mov eax, [fs:0xfff]
    END
    TEST 'limit-down32-top'
    mov al, [fs:0xffffffff]
    SAY ' in'
    mov eax, [fs:0xfffffffd]
    END
    TEST 'limit-down16-top'
    FS D_DOWN16
    mov ax, [fs:0xfffe]
    SAY ' in'
    mov ax, [fs:0xffff]
    END
    TEST 'limit-down16-above'
    mov al, [fs:0x10000]
    END

    ; Stacks: #SS.
%macro STACKED 1 ; in ring 3: the handlers have a stack of their own
    push dword S_SMALL3 | 3
    push dword (%1)
    push dword 2
    push dword UCODE32
    push dword %%in
    mov eax, UDATA32
    mov ds, ax
    iretd
%%in:
%endmacro
    TEST 'stack-push'
    STACKED 0x4004
    push eax
    END
    TEST 'stack-push-inside'
    STACKED 0x4000
    push eax
    pop eax
    mov eax, esp
    int 0x30
    END
    TEST 'stack-pop'
    STACKED 0x3ffd
    pop eax
    END
    TEST 'stack-push-below-zero'
    STACKED 2
    push eax
    END
    TEST 'stack-ebp'
    STACKED 0x4000
    mov ebp, 0x4000
    mov eax, [ebp]
    END
    TEST 'stack-override'
    STACKED 0x4000
    mov eax, [ss:0x4000]
    END
    TEST 'stack-call'
    STACKED 0x4010
    call .nowhere
.nowhere:
    END
    TEST 'stack-ret'
    STACKED 0x3ffe
    ret
    END
    TEST 'stack-enter'
    STACKED 0x100
    enter 0x200, 0
    END
    TEST 'stack-pusha'
    STACKED 0x10
    pushad
    END
    TEST 'stack-popa'
    STACKED 0x3ff0
    popad
    END
    TEST 'stack-leave'
    STACKED 0x3000
    mov ebp, 0x3ffe
    leave
    END
    TEST 'stack-retf'
    STACKED 0x3ffc
    retf
    END
    TEST 'stack-iret'
    STACKED 0x3ff8
    iretd
    END
    TEST 'stack-call-far'
    STACKED 4
    call UCODE32:.far
.far:
    END

    ; Code limits.
    TEST 'code-jump-beyond'
    jmp C_SMALL:0xf000
    END
    TEST 'code-gate-beyond'
    jmp GATE_FAR:0
    END
    TEST 'code-near-beyond'
    mov eax, 0xf000
    jmp C_SMALL:.near
.near:
    jmp eax
    END
    jmp CODE32:.n2
.n2:
    TEST 'code-call-beyond'
    jmp C_SMALL:.call
.call:
    mov ebx, esp
    call image_end + 0x1000
    END
    jmp CODE32:.n3
.n3:
    TEST 'code-ret-beyond'
    jmp C_SMALL:.ret
.ret:
    push dword 0xf000
    ret
    END
    jmp CODE32:.n4
.n4:
    TEST 'code-runs-out'
    mov dword [test_base], edge
    jmp C_SMALL:edge - 2
    END
    jmp CODE32:.n5
.n5:
    TEST 'code-cut-instruction'
    mov dword [test_base], edge
    jmp C_SMALL:edge - 1
    END
    jmp CODE32:.n6
.n6:
    ; String instructions stop where the segment does, registers up to date.
    TEST 'string-limit'
    mov eax, D_SMALL
    mov es, ax
    mov edi, 0xff0
    mov ecx, 20
    mov dword [hook], show_string
    rep stosd
    END
    TEST 'string-limit-odd'
    mov eax, D_SMALL
    mov es, ax
    mov edi, 0xff2
    mov ecx, 20
    rep stosd
    END
    TEST 'string-limit-source'
    FS D_SMALL
    mov esi, 0xffa
    mov edi, 0x28000
    mov ecx, 9
    fs rep movsb
    END
    TEST 'string-down'
    std
    mov eax, D_SMALL
    mov es, ax
    mov edi, 4
    mov ecx, 9
    rep stosd
    END
    mov dword [hook], 0
    cld

    ; Alignment checks: ring 3 with AC and AM.
    mov eax, cr0
    or eax, 0x40000
    mov cr0, eax
    TEST 'align-ring0'
    push dword 0x40002
    popfd
    mov eax, [SCRATCH + 1]
    push dword 2
    popfd
    END
%macro ALIGN3 2+
    TEST %1
    RING3 %%in, 0x40002
%%in:
    %2
    int 0x30
    END
%endmacro
    ALIGN3 'align-byte', mov al, [SCRATCH + 1]
    ALIGN3 'align-word', mov ax, [SCRATCH + 1]
    ALIGN3 'align-word-ok', mov ax, [SCRATCH + 2]
    ALIGN3 'align-dword', mov eax, [SCRATCH + 2]
    ALIGN3 'align-write', mov [SCRATCH + 3], eax
    ALIGN3 'align-modify', inc dword [SCRATCH + 1]
    ALIGN3 'align-quad', fld qword [SCRATCH + 4]
    ALIGN3 'align-sgdt', sgdt [SCRATCH + 2]
    TEST 'align-push'
    RING3 .push, 0x40002
.push:
    dec esp
    push eax
    END
    mov eax, cr0
    and eax, ~0x40000
    mov cr0, eax

    TEST 'cr0-pg-without-pe'
    mov eax, 0x80000010
    mov cr0, eax
    END
    TEST 'cr0-nw-without-cd'
    mov eax, cr0
    or eax, 0x20000000
    mov cr0, eax
    END
    TEST 'cr4-reserved'
    mov eax, 0x80000000
    mov cr4, eax
    END
    TEST 'idt-limit'
    lidt [short_idt]
    int 0x30
    END
    lidt [idt_pointer]
    jmp finish_pm
short_idt: dw 0x30 * 8 + 6
    dd IDT

; Registers of an interrupted string instruction, before the report: offsets behind eax, ecx, ds, es and the return address.
show_string:
    push eax
    mov eax, edi
    VALUE eax
    mov eax, esi
    mov eax, [esp + 16]         ; ECX
    VALUE eax
    pop eax
    cld
    ret

    nop
    nop
    db 0xb8                     ; of mov eax, imm32 only the opcode lies within C_SMALL
edge:
    dd 0
    times 64 nop
KERNEL_END
