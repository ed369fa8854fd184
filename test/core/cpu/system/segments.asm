; Segment registers and descriptors in protected mode: loads, rights, what LAR, LSL, VERR, VERW and ARPL say.
%include "kernel.inc"

main:
    jmp enter_protected

bits 32
D_NP      equ FREE              ; data, not present
D_RO      equ FREE + 8          ; data, read-only
C_XO      equ FREE + 16         ; code, execute-only
C_RO      equ FREE + 24         ; code, readable
C_CONF    equ FREE + 32         ; conforming code, DPL 0
D_SYS     equ FREE + 40         ; a call gate
C_NP      equ FREE + 48         ; code, not present
C_SMALL   equ FREE + 56         ; code, limit 0FFFh
D_DPL3    equ FREE + 64
C_DPL3    equ FREE + 72
D_CONF3   equ FREE + 80         ; conforming code, DPL 3
D_DOWN    equ FREE + 88         ; expand-down data
D_BIG     equ FREE + 96         ; G = 1, limit 12345h pages
TYPES     equ 0x180             ; sixteen system types

protected_main:
    DESCRIPTOR GDT + D_NP, 0x20000, 0xfff, 0x12, 4
    DESCRIPTOR GDT + D_RO, 0x20000, 0xfff, 0x90, 4
    DESCRIPTOR GDT + C_XO, 0, 0xfffff, 0x99, 0xc
    DESCRIPTOR GDT + C_RO, 0, 0xfffff, 0x9a, 0xc
    DESCRIPTOR GDT + C_CONF, 0, 0xfffff, 0x9e, 0xc
    DESCRIPTOR GDT + D_SYS, 0, 0, 0x8c, 0
    DESCRIPTOR GDT + C_NP, 0, 0xfffff, 0x1a, 0xc
    DESCRIPTOR GDT + C_SMALL, 0, 0xfff, 0x9a, 4
    DESCRIPTOR GDT + D_DPL3, 0, 0xfffff, 0xf2, 0xc
    DESCRIPTOR GDT + C_DPL3, 0, 0xfffff, 0xfa, 0xc
    DESCRIPTOR GDT + D_CONF3, 0, 0xfffff, 0xfe, 0xc
    DESCRIPTOR GDT + D_DOWN, 0, 0xfff, 0x96, 4
    DESCRIPTOR GDT + D_BIG, 0x12345678, 0x12345, 0x92, 0xd
%assign type 0
%rep 16
    DESCRIPTOR GDT + TYPES + type * 8, 0x1000, 0x67 + type, 0x80 | type, 0
%assign type type + 1
%endrep
    DESCRIPTOR LDT + 8, 0, 0xfff, 0x92, 4

%macro LOAD 3 ; name, register, selector
    TEST %1
    mov eax, %3
    mov %2, ax
    mov eax, %2
    VALUE eax
    mov eax, DATA32
    mov %2, ax
    END
%endmacro

    LOAD 'ds-null', ds, 0
    LOAD 'ds-null-rpl', ds, 3
    LOAD 'es-null', es, 2
    LOAD 'ss-null', ss, 0
    LOAD 'ss-null-rpl', ss, 3
    LOAD 'ds-not-present', ds, D_NP
    LOAD 'ss-not-present', ss, D_NP
    LOAD 'ds-read-only', ds, D_RO
    LOAD 'ss-read-only', ss, D_RO
    LOAD 'ds-execute-only', ds, C_XO
    LOAD 'ds-code-readable', ds, C_RO
    LOAD 'ss-code', ss, C_RO
    LOAD 'ds-system', ds, D_SYS
    LOAD 'ss-system', ss, D_SYS
    LOAD 'ds-beyond-table', ds, 0x200
    LOAD 'ss-beyond-table', ss, 0xfff8
    LOAD 'ds-ldt', ds, 0xc
    LOAD 'ds-ldt-beyond', ds, 0x84
    LOAD 'ds-rpl3', ds, DATA32 | 3
    LOAD 'ds-dpl3-rpl3', ds, D_DPL3 | 3
    LOAD 'ss-rpl3', ss, DATA32 | 3
    LOAD 'ss-dpl3', ss, D_DPL3
    LOAD 'fs-conforming', fs, C_CONF | 3
    LOAD 'gs-nonconforming-rpl3', gs, C_RO | 3

    TEST 'mov-cs'
    mov eax, CODE32
    db 0x8e, 0xc8               ; mov cs, ax
    END
    TEST 'mov-segment-6'
    db 0x8e, 0xf0
    END
    TEST 'store-segment-7'
    db 0x8c, 0xf8
    END
    TEST 'pop-ds-not-present'
    push dword D_NP
    pop ds
    END
    TEST 'pop-ss-null'
    push dword 0
    pop ss
    END
    TEST 'lds-not-present'
    mov dword [SCRATCH], 0x11223344
    mov dword [SCRATCH + 4], D_NP
    lds eax, [SCRATCH]
    END
    TEST 'les-register-kept'
    mov eax, 0x55
    mov dword [hook], keep_eax
    les eax, [SCRATCH]
    END
    mov dword [hook], 0
    TEST 'lgs'
    mov dword [SCRATCH + 4], D_DPL3 | 1
    lgs eax, [SCRATCH]
    VALUE eax
    mov eax, gs
    VALUE eax
    END
    TEST 'lss'
    mov dword [SCRATCH], STACK - 64
    mov dword [SCRATCH + 4], DATA32
    mov edx, esp
    lss esp, [SCRATCH]
    xchg edx, esp
    VALUE edx
    END
    TEST 'lds-register-form'
    db 0xc5, 0xc0
    END

    ; The accessed bit is set by the load, in memory.
    TEST 'accessed-bit'
    mov eax, D_BIG
    VALUE [GDT + D_BIG + 4]
    mov fs, ax
    VALUE [GDT + D_BIG + 4]
    END
    TEST 'accessed-bit-fault'
    mov eax, [GDT + D_NP + 4]
    VALUE eax
    END

    ; LAR, LSL, VERR, VERW for everything there is.
%macro ASK 2 ; name, selector
    TEST %1
    mov ecx, %2
    mov eax, 0x11111111
    lar eax, ecx
    VALUE eax
    call show_zf
    mov eax, 0x22222222
    lsl eax, ecx
    VALUE eax
    call show_zf
    verr cx
    call show_zf
    verw cx
    call show_zf
    END
%endmacro
    ASK 'ask-null', 0
    ASK 'ask-null-rpl', 3
    ASK 'ask-code32', CODE32
    ASK 'ask-data32', DATA32
    ASK 'ask-data32-rpl3', DATA32 | 3
    ASK 'ask-code16', CODE16
    ASK 'ask-not-present', D_NP
    ASK 'ask-read-only', D_RO
    ASK 'ask-execute-only', C_XO
    ASK 'ask-conforming-rpl3', C_CONF | 3
    ASK 'ask-dpl3', D_DPL3 | 3
    ASK 'ask-big', D_BIG
    ASK 'ask-down', D_DOWN
    ASK 'ask-beyond', 0x200
    ASK 'ask-ldt', 0xc
    ASK 'ask-ldt-beyond', 0x84
%assign type 0
%rep 16
%defstr number type
%strcat name 'ask-type-', number
    ASK name, TYPES + type * 8
%assign type type + 1
%endrep
    TEST 'lar16'
    mov eax, 0x11111111
    mov ecx, CODE32
    lar ax, cx
    VALUE eax
    lsl ax, cx
    VALUE eax
    END
    TEST 'lar-ring3'
    RING3 .lar
.lar:
    mov ecx, UDATA32
    lar eax, ecx
    int 0x30
    END
    TEST 'lar-ring3-system'
    RING3 .lar2
.lar2:
    mov eax, 0x77
    mov ecx, DATA32
    lar eax, ecx
    int 0x30
    END
    TEST 'lsl-ring3-conforming'
    RING3 .lsl
.lsl:
    mov eax, 0x77
    mov ecx, C_CONF
    lsl eax, ecx
    int 0x30
    END
    TEST 'verr-ring3-execute'
    RING3 .verr
.verr:
    mov ecx, C_XO
    verr cx
    setz al
    movzx eax, al
    int 0x30
    END

    TEST 'arpl-raises'
    mov eax, 0x11110010
    mov ecx, 3
    arpl ax, cx
    VALUE eax
    call show_zf
    arpl ax, cx
    VALUE eax
    call show_zf
    mov ecx, 1
    arpl ax, cx
    VALUE eax
    call show_zf
    END
    TEST 'arpl-memory'
    mov dword [SCRATCH], 0x12345678
    mov ecx, 2
    arpl [SCRATCH], cx
    VALUE [SCRATCH]
    END

    ; System registers.
    TEST 'sldt-str'
    mov eax, 0xffffffff
    sldt eax
    VALUE eax
    mov eax, 0xffffffff
    sldt ax
    VALUE eax
    str eax
    VALUE eax
    mov dword [SCRATCH], 0xffffffff
    str [SCRATCH]
    VALUE [SCRATCH]
    END
    TEST 'smsw'
    mov eax, cr0
    and eax, 0x7ffeffff
    VALUE eax
    mov eax, 0xffffffff
    smsw ax
    VALUE eax
    END
    TEST 'lmsw'
    smsw ax
    or ax, 8
    lmsw ax
    smsw ax
    and eax, 15
    VALUE eax
    xor eax, eax
    lmsw ax
    smsw ax
    and eax, 15
    VALUE eax
    END
    TEST 'clts'
    mov ax, 9
    lmsw ax
    clts
    smsw ax
    and eax, 15
    VALUE eax
    END
    TEST 'sgdt-sidt'
    mov dword [SCRATCH + 4], 0xffffffff
    sgdt [SCRATCH]
    VALUE [SCRATCH]
    VALUE [SCRATCH + 4]
    sidt [SCRATCH]
    VALUE [SCRATCH]
    END
    TEST 'lgdt16'
    mov word [SCRATCH], 511
    mov dword [SCRATCH + 2], 0x55000000 | GDT
    o16 lgdt [SCRATCH]
    sgdt [SCRATCH + 8]
    VALUE [SCRATCH + 10]
    END
    TEST 'lldt-null'
    xor eax, eax
    lldt ax
    mov eax, 0xc
    mov fs, ax
    END
    TEST 'lldt-ldt'
    mov eax, 0xc
    lldt ax
    END
    TEST 'lldt-data'
    mov eax, DATA32
    lldt ax
    END
    TEST 'lldt-not-present'
    mov byte [GDT + LDTSEL + 5], 2
    mov eax, LDTSEL
    lldt ax
    END
    mov byte [GDT + LDTSEL + 5], 0x82
    TEST 'lldt-beyond'
    mov eax, 0x208
    lldt ax
    END
    mov eax, LDTSEL
    lldt ax
    TEST 'ltr-busy'
    mov eax, TSSSEL
    ltr ax
    END
    TEST 'ltr-ldt'
    mov eax, 0xc
    ltr ax
    END
    TEST 'ltr-not-present'
    mov byte [GDT + TSS2SEL + 5], 9
    mov eax, TSS2SEL
    ltr ax
    END
    mov byte [GDT + TSS2SEL + 5], 0x89
    TEST 'ltr-marks-busy'
    mov byte [GDT + TSSSEL + 5], 0x89
    mov eax, TSSSEL
    ltr ax
    movzx eax, byte [GDT + TSSSEL + 5]
    VALUE eax
    END
    TEST 'cr1'
    mov eax, cr1
    END
    TEST 'cr5'
    mov cr5, eax
    END
    TEST 'ring3-privileged-hlt'
    RING3 .hlt
.hlt:
    hlt
    END
%macro FORBIDDEN 2+
    TEST %1
    RING3 %%in
%%in:
    %2
    END
%endmacro
    FORBIDDEN 'ring3-cli', cli
    FORBIDDEN 'ring3-sti', sti
    FORBIDDEN 'ring3-in', in al, 0x60
    FORBIDDEN 'ring3-out', out dx, eax
    FORBIDDEN 'ring3-lgdt', lgdt [SCRATCH]
    FORBIDDEN 'ring3-lidt', lidt [SCRATCH]
    FORBIDDEN 'ring3-lldt', lldt ax
    FORBIDDEN 'ring3-ltr', ltr ax
    FORBIDDEN 'ring3-lmsw', lmsw ax
    FORBIDDEN 'ring3-clts', clts
    FORBIDDEN 'ring3-mov-cr0', mov eax, cr0
    FORBIDDEN 'ring3-to-cr3', mov cr3, eax
    FORBIDDEN 'ring3-mov-dr', mov eax, dr7
    FORBIDDEN 'ring3-to-dr', mov dr0, eax
    FORBIDDEN 'ring3-invlpg', invlpg [0]
    FORBIDDEN 'ring3-invd', invd
    FORBIDDEN 'ring3-wbinvd', wbinvd
    FORBIDDEN 'ring3-rdmsr', rdmsr
    FORBIDDEN 'ring3-wrmsr', wrmsr
    FORBIDDEN 'ring3-sysexit', sysexit
    FORBIDDEN 'ring3-insb', insb
    FORBIDDEN 'ring3-int-dpl0', int 0x20
    FORBIDDEN 'ring3-int3-dpl0', int3
    TEST 'ring3-ss-dpl0'
    RING3 .ss
.ss:
    mov eax, DATA32 | 3
    mov ss, ax
    END
    TEST 'ring3-ds-dpl0'
    RING3 .ds
.ds:
    mov eax, DATA32 | 3
    mov ds, ax
    END
    TEST 'ring3-popf'
    RING3 .popf
.popf:
    push dword 0xffffffff & ~0x100
    popfd
    pushfd
    pop eax
    and eax, 0x003ff700
    int 0x30
    END
    TEST 'ring3-popf-iopl3'
    RING3 .popf3, 0x3002
.popf3:
    push dword 0xffffceff
    popfd
    pushfd
    pop eax
    and eax, 0x003ff700
    int 0x30
    END
    TEST 'ring0-popf'
    push dword 0x003fcc02       ; all but TF, IF
    popfd
    pushfd
    pop eax
    push dword 2
    popfd
    VALUE eax
    END
    TEST 'ring0-popf16'
    push word 0xf402
    popfw
    pushfd
    pop eax
    push dword 2
    popfd
    VALUE eax
    END
    jmp finish_pm

keep_eax:
    push eax
    mov eax, [esp + 20]         ; EAX of the interrupted code
    VALUE eax
    pop eax
    ret

show_zf:
    pushfd
    push eax
    setz al
    add al, '0'
    push eax
    mov al, ' '
    call putc_pm
    pop eax
    call putc_pm
    pop eax
    popfd
    ret

KERNEL_END
