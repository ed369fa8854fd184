; Virtual-8086 mode: entering and leaving it, what is sensitive to IOPL, the I/O bitmap, tasks, wrapping addresses.
%include "kernel.inc"

main:
    jmp enter_protected

bits 32
CODE86    equ 0x0700            ; segment whose base is 7000h

; Goes to virtual-8086 mode at a label of the kernel, with the given IOPL (0 to 3).
%macro V86 2
    push dword 0x66             ; gs
    push dword 0x55             ; fs
    push dword 0x44             ; ds
    push dword 0x33             ; es
    push dword 0x200            ; ss
    push dword 0x1000           ; esp
    push dword 0x20002 | ((%2) << 12)
    push dword CODE86
    push dword (%1) - CODE86 * 16
    iretd
%endmacro
%macro SENSITIVE 3+ ; name, IOPL, code
    TEST %1
    V86 %%in, %2
bits 16
%%in:
    %3
    mov ax, 0x600d
    int 0x30
bits 32
    END
%endmacro

protected_main:
    TEST 'enter'
    V86 .in, 3
bits 16
.in:
    mov ax, cs
    mov bx, ss
    shl ebx, 16
    mov ax, ds
    add ax, bx
    int 0x30
bits 32
    END
    TEST 'segments-pushed'
    mov dword [hook], .stack
    V86 .in2, 3
bits 16
.in2:
    int 0x30
bits 32
    END
    jmp .next
.stack: ; es, ds, fs, gs of the frame, and what the data segments are now
    push eax
    VALUE [esp + 8 + 44]
    VALUE [esp + 8 + 48]
    VALUE [esp + 8 + 52]
    VALUE [esp + 8 + 56]
    mov eax, fs
    VALUE eax
    mov eax, [esp + 8 + 4]      ; DS as the handler found it
    VALUE eax
    pop eax
    ret
.next:
    mov dword [hook], 0
    SENSITIVE 'cli-0', 0, cli
    SENSITIVE 'cli-3', 3, cli
    SENSITIVE 'sti-2', 2, sti
    SENSITIVE 'pushf-0', 0, pushf
    SENSITIVE 'pushf-3', 3, pushf
    SENSITIVE 'popf-0', 0, popf
    SENSITIVE 'iret-0', 0, iret
    SENSITIVE 'int-0', 0, int 0x21
    SENSITIVE 'int-3', 3, int 0x30
    SENSITIVE 'int-3-dpl0', 3, int 0x21
    SENSITIVE 'int3-0', 0, int3
    SENSITIVE 'hlt', 3, hlt
    SENSITIVE 'lgdt', 3, lgdt [0]
    SENSITIVE 'mov-cr0', 3, mov eax, cr0
    SENSITIVE 'lmsw', 3, lmsw ax
    SENSITIVE 'clts', 3, clts
    SENSITIVE 'sldt', 3, sldt ax
    SENSITIVE 'lldt', 3, lldt ax
    SENSITIVE 'lar', 3, lar ax, ax
    SENSITIVE 'arpl', 3, arpl ax, ax
    SENSITIVE 'verr', 3, verr ax
    SENSITIVE 'smsw', 3, smsw bx
    SENSITIVE 'sgdt', 3, sgdt [0x7000]
    TEST 'divide'
    V86 .divide, 0
bits 16
.divide:
    xor cx, cx
    div cx
    mov ax, 0x600d
    int 0x30
bits 32
    END
    SENSITIVE 'ud', 0, ud2
    TEST 'any-segment'
    V86 .any_segment, 3
bits 16
.any_segment:
    mov ax, 0x1fff
    mov ds, ax
    mov al, [0x7000]
    mov ax, 0x600d
    int 0x30
bits 32
    END
    SENSITIVE 'far-jump', 0, jmp CODE86:($ + 5 - CODE86 * 16)
    TEST 'popf-keeps'
    V86 .popf, 3
bits 16
.popf:
    push dword 0x3c4c02         ; AC, ID, VIF, VIP, NT, IOPL 0
    popfd
    pushfd
    pop eax
    int 0x30
bits 32
    END
    TEST 'iret-keeps'
    V86 .iret, 3
bits 16
.iret:
    pushf
    push cs
    push word .iret2 - CODE86 * 16
    iret
.iret2:
    pushfd
    pop eax
    int 0x30
bits 32
    END
    TEST 'far-call'
    V86 .fc, 0
bits 16
.fc:
    call CODE86 + 1:(.fc2 - CODE86 * 16 - 16)
    jmp .fc3
.fc2:
    mov bx, cs
    retf
.fc3:
    movzx eax, bx
    int 0x30
bits 32
    END
    ; The bitmap decides whatever IOPL is.
    mov byte [TSS + 104 + 0x80 / 8], 1
    mov byte [TSS + 104 + 0x8f / 8], 0x80
    SENSITIVE 'port-free', 0, in al, 0x84
    SENSITIVE 'port-taken', 3, in al, 0x80
    SENSITIVE 'port-word-taken', 3, in ax, 0x8e
    SENSITIVE 'port-dword-taken', 3, in eax, 0x8c
    SENSITIVE 'port-out-taken', 3, out 0x80, al
    TEST 'port-beyond-bitmap'
    V86 .port_beyond_bitmap, 3
bits 16
.port_beyond_bitmap:
    mov dx, 0xf000
    in al, dx
    mov ax, 0x600d
    int 0x30
bits 32
    END
    TEST 'ring3-bitmap'
    RING3 .r3
.r3:
    in al, 0x80
    END
    TEST 'ring3-iopl3'
    RING3 .r33, 0x3002
.r33:
    out 0x80, al
    int 0x30
    END
    TEST 'ring3-last-byte'
    RING3 .last
.last:
    mov dx, (0x7ff - 104) * 8
    in al, dx
    END
    ; Gates that virtual-8086 mode cannot use.
    TEST 'gate-to-ring3'
    GATE IDT + 0x31 * 8, UCODE32, stub_49, 0xee, 0
    V86 .g3, 3
bits 16
.g3:
    int 0x31
bits 32
    END
    TEST 'gate-to-conforming'
    DESCRIPTOR GDT + FREE, 0, 0xfffff, 0x9f, 0xc
    GATE IDT + 0x31 * 8, FREE, stub_49, 0xee, 0
    V86 .gc, 3
bits 16
.gc:
    int 0x31
bits 32
    END
    TEST 'return'
    mov dword [hook], .again
    mov dword [.count], 3
    GATE IDT + 0x31 * 8, CODE32, stub_49, 0xee, 0
    V86 .loop, 3
bits 16
.loop:
    mov cx, [cs:.count - CODE86 * 16]
    int 0x31
    jmp .loop
bits 32
.again:
    dec dword [.count]
    jz .enough
    add esp, 4
    jmp exception_return
.enough:
    ret
.count: dd 0
    END
    mov dword [hook], 0
    TEST 'task'
    mov dword [TSS2 + 32], .task - CODE86 * 16
    mov dword [TSS2 + 36], 0x23002
    mov dword [TSS2 + 56], 0x800
    mov word [TSS2 + 76], CODE86
    mov word [TSS2 + 80], 0x200
    mov word [TSS2 + 84], 0x1234
    mov dword [TSS2 + 4], STACK0
    mov dword [TSS2 + 8], DATA32
    call TSS2SEL:0
bits 16
.task:
    mov ax, ds
    movzx eax, ax
    int 0x30
bits 32
    END
    jmp finish_pm
KERNEL_END
