; Paging: rights, accessed and dirty bits, error codes, WP, 4 MiB pages, global pages, INVLPG, PAE, faults in the middle of
; instructions that touch two pages.
%include "kernel.inc"

main:
    jmp enter_protected

bits 32
PD        equ 0x10000
PT        equ 0x11000           ; 0 to 4 MiB
PT2       equ 0x12000           ; 8 to 12 MiB: the tests' window
PDPT      equ 0x13000
PDA       equ 0x14000
PTA       equ 0x15000
WINDOW    equ 0x800000
PAGE      equ 0x30000           ; physical pages behind the window, one after the other

; Page n of the window: physical PAGE + n * 4096, with these bits. The TLB forgets it.
%macro MAP 2
    mov dword [PT2 + (%1) * 4], PAGE + (%1) * 4096 + (%2)
    invlpg [WINDOW + (%1) * 4096]
%endmacro
%macro ENTRY 1
    mov eax, [PT2 + (%1) * 4]
    and eax, 0xfff
    VALUE eax
%endmacro

protected_main:
    mov edi, PD
    mov ecx, 0x6000 / 4
    xor eax, eax
    rep stosd
    mov edi, PT
    mov eax, 7
    mov ecx, 1024
.identity:
    stosd
    add eax, 4096
    loop .identity
    mov dword [PD], PT + 7
    mov dword [PD + 8], PT2 + 7
    mov eax, PD
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80000000
    mov cr0, eax
    jmp .paged
.paged:
    mov edi, PAGE
    mov ecx, 0x8000 / 4
    xor eax, eax
    rep stosd

    TEST 'not-present-table'
    mov eax, [0x400123]
    END
    TEST 'not-present-read'
    MAP 0, 0
    mov eax, [WINDOW + 0x124]
    END
    TEST 'not-present-write'
    mov [WINDOW + 0x125], al
    END
    TEST 'not-present-modify'
    inc dword [WINDOW + 0x128]
    END
    TEST 'accessed'
    MAP 0, 7
    mov eax, [WINDOW]
    ENTRY 0
    mov [WINDOW], eax
    ENTRY 0
    mov eax, [PD + 8]
    and eax, 0xfff
    VALUE eax
    END
    TEST 'read-only-supervisor'
    MAP 0, 5
    mov dword [WINDOW], 0x1234
    ENTRY 0
    END
    mov eax, cr0
    or eax, 0x10000
    mov cr0, eax
    TEST 'write-protect'
    mov dword [WINDOW], 0x1234
    END
    TEST 'write-protect-directory'
    MAP 0, 7
    mov dword [PD + 8], PT2 + 5
    mov eax, cr3
    mov cr3, eax
    mov eax, [WINDOW]
    SAY ' in'
    mov [WINDOW], eax
    END
    mov dword [PD + 8], PT2 + 7
    mov eax, cr3
    mov cr3, eax
    TEST 'modify-write-protected'
    MAP 0, 5
    xadd [WINDOW], eax
    END
    TEST 'bts-write-protected'
    bts dword [WINDOW], 40
    END
    mov eax, cr0
    and eax, ~0x10000
    mov cr0, eax
%macro USER 3+
    TEST %1
    MAP 0, %2
    RING3 %%in
%%in:
    %3
    mov eax, 0x600d
    int 0x30
    END
%endmacro
    USER 'user-read', 7, mov ecx, [WINDOW]
    USER 'user-read-supervisor', 3, mov ecx, [WINDOW]
    USER 'user-write-supervisor', 3, mov [WINDOW], ecx
    USER 'user-write-read-only', 5, mov [WINDOW], ecx
    USER 'user-write-not-present', 6, mov [WINDOW], ecx
    USER 'user-jump-supervisor', 3, jmp WINDOW
    USER 'user-jump-not-present', 0, jmp WINDOW + 0x10
    TEST 'user-push'
    MAP 0, 5
    RING3 .up
.up:
    mov esp, WINDOW + 8
    push eax
    END
    TEST 'user-supervisor-directory'
    MAP 0, 7
    mov dword [PD + 8], PT2 + 3
    mov eax, cr3
    mov cr3, eax
    RING3 .sd
.sd:
    mov ecx, [WINDOW]
    END
    mov dword [PD + 8], PT2 + 7
    mov eax, cr3
    mov cr3, eax

    ; Stale translations are kept until they are flushed is nothing one may count on; flushed ones are gone.
    TEST 'invlpg'
    MAP 0, 7
    mov dword [WINDOW], 0x1111
    mov dword [PAGE + 0x1000], 0x2222
    mov eax, [WINDOW]
    VALUE eax
    mov dword [PT2], PAGE + 0x1000 + 7
    invlpg [WINDOW + 0xabc]
    mov eax, [WINDOW]
    VALUE eax
    mov dword [PT2], PAGE + 7
    mov eax, cr3
    mov cr3, eax
    mov eax, [WINDOW]
    VALUE eax
    END

    ; Two pages.
    MAP 0, 7
    MAP 1, 0
    TEST 'cross-read'
    mov eax, [WINDOW + 0xffe]
    END
    TEST 'cross-write'
    mov dword [WINDOW + 0xffc], 0x5555aaaa
    mov dword [hook], .show
    mov dword [WINDOW + 0xffd], 0
    END
    jmp .past
.show:
    VALUE [WINDOW + 0xffc]
    ret
.past:
    mov dword [hook], 0
    TEST 'cross-write-first'
    MAP 0, 0
    MAP 1, 7
    mov dword [WINDOW + 0xffd], 0
    END
    TEST 'cross-both'
    MAP 0, 7
    MAP 1, 7
    mov dword [WINDOW + 0xffd], 0x12345678
    VALUE [WINDOW + 0xffc]
    VALUE [WINDOW + 0x1000]
    VALUE [WINDOW + 0xffd]
    ; ... whose frames are not neighbours
    mov dword [PT2 + 4], PAGE + 0x4000 + 7
    invlpg [WINDOW + 0x1000]
    add dword [WINDOW + 0xfff], 0x01020304
    VALUE [PAGE + 0xffc]
    VALUE [PAGE + 0x4000]
    END
    TEST 'cross-movs'
    MAP 1, 0
    cld
    mov dword [hook], .registers
    mov esi, 0x7c00
    mov edi, WINDOW + 0xff9
    mov ecx, 5
    rep movsd
    END
    TEST 'cross-stos-down'
    MAP 0, 0
    MAP 1, 7
    std
    mov edi, WINDOW + 0x1004
    mov ecx, 5
    rep stosw
    END
    cld
    TEST 'cross-scas'
    MAP 0, 7
    MAP 1, 0
    mov al, 0x99
    mov edi, WINDOW + 0xff0
    mov ecx, 100
    repne scasb
    END
    TEST 'cross-cmps'
    mov esi, WINDOW + 0xff0
    mov edi, WINDOW + 0xff4
    mov ecx, 100
    mov dword [WINDOW + 0xff0], 0
    mov dword [WINDOW + 0xff4], 0
    mov dword [WINDOW + 0xff8], 0
    mov dword [WINDOW + 0xffc], 0
    repe cmpsd
    END
    jmp .past2
.registers:
    push eax
    VALUE esi
    VALUE edi
    mov eax, [esp + 16]
    VALUE eax
    pop eax
    ret
.past2:
    mov dword [hook], 0
    TEST 'cross-push'
    MAP 0, 0
    MAP 1, 7
    RING3 .cp
.cp:
    mov esp, WINDOW + 0x1002
    push eax
    END
    TEST 'cross-pusha'
    RING3 .cpa
.cpa:
    mov esp, WINDOW + 0x1010
    pushad
    END
    TEST 'cross-enter'
    RING3 .ce
.ce:
    mov esp, WINDOW + 0x1010
    enter 0x20, 0
    END
    TEST 'cross-call'
    RING3 .cc
.cc:
    mov esp, WINDOW + 0x1000
    call .cc
    END
    TEST 'cross-popa'
    MAP 0, 7
    MAP 1, 0
    RING3 .cpo
.cpo:
    mov esp, WINDOW + 0xff0
    popad
    END
    TEST 'cross-iret'
    RING3 .ci
.ci:
    mov esp, WINDOW + 0xff8
    iretd
    END
    TEST 'cross-xchg'
    mov eax, 0x77
    xchg [WINDOW + 0xffe], eax
    END
    TEST 'cross-cmpxchg8b'
    xor eax, eax
    xor edx, edx
    cmpxchg8b [WINDOW + 0xffc]
    END
    TEST 'cross-fstp'
    fninit
    fld1
    fstp tword [WINDOW + 0xffc]
    END
    TEST 'cross-fld'
    fld qword [WINDOW + 0xffc]
    END
    ; An instruction whose end is not there.
    TEST 'cross-code'
    mov dword [WINDOW + 0xffc], 0xb8909090  ; nop, nop, nop, mov eax, ...
    mov dword [ip_absolute], 1
    jmp WINDOW + 0xffc
    END
    TEST 'cross-code-there'
    MAP 1, 7
    mov dword [WINDOW + 0x1000], 0x12345678
    mov dword [WINDOW + 0x1004], 0x000030cd  ; int 30h
    jmp WINDOW + 0xffc
    END
    TEST 'cross-code-changes'
    mov dword [PAGE + 0x4000], 0x22222222
    mov dword [PAGE + 0x4004], 0x000030cd
    mov dword [PT2 + 4], PAGE + 0x4000 + 7
    invlpg [WINDOW + 0x1000]
    jmp WINDOW + 0xffc
    END
    mov dword [ip_absolute], 0

    ; The stack of the handler is checked before anything of it counts.
    TEST 'stack-switch-fault'
    MAP 0, 0
    mov dword [TSS + 4], WINDOW + 8
    ; #PF then needs a good stack: its handler is a task.
    mov dword [TSS + 28], PD
    mov dword [TSS2 + 28], PD
    mov dword [TSS2 + 32], pf_task
    mov dword [TSS2 + 36], 2
    mov dword [TSS2 + 56], STACK0
    mov word [TSS2 + 72], DATA32
    mov word [TSS2 + 76], CODE32
    mov word [TSS2 + 80], DATA32
    mov word [TSS2 + 84], DATA32
    GATE IDT + 14 * 8, TSS2SEL, 0, 0x85, 0
    RING3 .ssf
.ssf:
    int 0x30
.ssf2:
    END
    mov eax, stub_14
    GATE IDT + 14 * 8, CODE32, eax, 0x8e, 0
    mov dword [TSS + 4], STACK0

    ; 4 MiB pages.
    mov eax, cr4
    or al, 0x10
    mov cr4, eax
    TEST 'large'
    mov dword [PD + 12], 0x83
    mov eax, [0xc00000 + GDT]
    VALUE eax
    mov [0xc00000 + SCRATCH], eax
    VALUE [PD + 12]
    VALUE [SCRATCH]
    END
    TEST 'large-user'
    RING3 .lu
.lu:
    mov eax, [0xc00000]
    END
    TEST 'large-reserved'
    mov dword [PD + 12], 0x200083
    invlpg [0xc00000]
    mov eax, [0xc00010]
    END
    TEST 'large-invlpg'
    mov dword [PD + 12], 0x83
    invlpg [0xc00000]
    mov dword [SCRATCH], 0x4444
    mov eax, [0xc00000 + SCRATCH]
    mov ecx, [0xc00000 + PAGE]
    VALUE eax
    mov dword [PD + 12], 0
    invlpg [0xc00000 + PAGE]    ; any address of the page will do
    mov eax, [0xc00000 + SCRATCH]
    END
    TEST 'large-bit-without-pse'
    mov eax, cr4
    and al, 0xef
    mov cr4, eax
    mov dword [PD + 12], PT2 + 0x87
    MAP 0, 7
    mov eax, cr3
    mov cr3, eax
    mov dword [PAGE], 0x6666
    mov eax, [0xc00000]
    VALUE eax
    END

    ; PAE.
    mov dword [PDPT], PDA + 1
    mov dword [PDPT + 4], 0
    mov dword [PDPT + 8], 0
    mov dword [PDPT + 16], 0
    mov dword [PDPT + 24], 0
    mov dword [PDA], 0x83       ; 0 to 2 MiB
    mov dword [PDA + 16], PTA + 7   ; 4 to 6 MiB
    mov dword [PDA + 24], 0x87  ; 6 to 8 MiB: the first two again, for ring 3
    mov dword [PTA], PAGE + 7
    mov dword [PTA + 8], PAGE + 0x1000 + 5
    mov eax, cr0
    and eax, 0x7fffffff
    mov cr0, eax
    mov eax, PDPT
    mov cr3, eax
    mov eax, cr4
    or al, 0x20
    mov cr4, eax
    mov eax, cr0
    or eax, 0x80010000
    mov cr0, eax
    jmp .pae
.pae:
    TEST 'pae'
    mov eax, [0x400000]
    VALUE eax
    mov [0x400004], eax
    mov eax, [PTA]
    VALUE eax
    mov eax, [PDA + 16]
    VALUE eax
    mov [0x600000 + SCRATCH], eax
    mov eax, [PDA + 24]
    VALUE eax
    END
    TEST 'pae-write-protect'
    mov [0x401000], eax
    END
    TEST 'pae-not-present'
    mov eax, [0x402000]
    END
    TEST 'pae-no-directory'
    mov eax, [0x40000000]
    END
    TEST 'pae-reserved-entry'
    mov dword [PTA + 4], 0x80000000     ; XD without NXE
    invlpg [0x400000]
    mov eax, [0x400000]
    END
    mov dword [PTA + 4], 0
    TEST 'pae-reserved-large'
    mov dword [PDA + 24], 0x2087
    invlpg [0x600000]
    mov eax, [0x600000]
    END
    TEST 'pae-pointers-are-cached'
    mov dword [PDPT + 8], PDA + 1
    mov eax, [0x40000000 + GDT + 8]
    END
    TEST 'pae-pointers-reloaded'
    mov eax, cr3
    mov cr3, eax
    mov eax, [0x40000000 + GDT + 8]
    VALUE eax
    END
    jmp finish_pm

pf_task:
    pop eax
    VALUE eax                   ; error code: a write by the supervisor
    mov eax, cr2
    VALUE eax
    mov eax, [TSS + 32]
    sub eax, protected_main.ssf
    VALUE eax
    mov eax, [TSS + 56]
    VALUE eax
    movzx eax, word [TSS + 76]
    VALUE eax
    movzx eax, word [TSS + 80]
    VALUE eax
    mov dword [TSS + 32], protected_main.ssf2
    mov word [TSS + 76], CODE32
    mov word [TSS + 80], DATA32
    mov word [TSS + 72], DATA32
    mov word [TSS + 84], DATA32
    mov eax, [recover_esp]
    mov [TSS + 56], eax
    iretd
KERNEL_END
