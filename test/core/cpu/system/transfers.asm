; Far jumps, calls and returns, call gates, interrupt and trap gates, double faults.
%include "kernel.inc"

main:
    jmp enter_protected

bits 32
C_CONF    equ FREE              ; conforming, DPL 0
C_NP      equ FREE + 8
C_CONF3   equ FREE + 16         ; conforming, DPL 3
G_SAME    equ FREE + 24         ; call gate to ring 0, DPL 0
G_INNER   equ FREE + 32         ; call gate to ring 0, DPL 3, two parameters
G_NP      equ FREE + 40
G_NULL    equ FREE + 48
G_DATA    equ FREE + 56
G_CODENP  equ FREE + 64
G_16      equ FREE + 72         ; 16-bit gate to ring 0, DPL 3, two parameters
G_BEYOND  equ FREE + 80
G_CONF    equ FREE + 88
G_TSS     equ FREE + 96         ; interrupt gate type, no target of a jump
C_DPL3    equ UCODE32 & ~3
S_NP      equ FREE + 104        ; stack, not present
D_CONFX   equ FREE + 112

protected_main:
    DESCRIPTOR GDT + C_CONF, 0, 0xfffff, 0x9f, 0xc
    DESCRIPTOR GDT + C_NP, 0, 0xfffff, 0x1b, 0xc
    DESCRIPTOR GDT + C_CONF3, 0, 0xfffff, 0xff, 0xc
    DESCRIPTOR GDT + S_NP, 0, 0xfffff, 0x13, 0xc
    GATE GDT + G_SAME, CODE32, gate_target, 0x8c, 0
    GATE GDT + G_INNER, CODE32 | 3, gate_inner, 0xec, 2
    GATE GDT + G_NP, CODE32, gate_target, 0x0c, 0
    GATE GDT + G_NULL, 0, gate_target, 0x8c, 0
    GATE GDT + G_DATA, DATA32, gate_target, 0x8c, 0
    GATE GDT + G_CODENP, C_NP, gate_target, 0x8c, 0
    GATE GDT + G_16, CODE32, gate_inner16, 0xe4, 2
    GATE GDT + G_BEYOND, 0x1f8 + 8, gate_target, 0x8c, 0
    GATE GDT + G_CONF, C_CONF, gate_target, 0xec, 0
    GATE GDT + G_TSS, CODE32, gate_target, 0x8e, 0

%macro JUMP 2
    TEST %1
    jmp (%2):%%to
%%to:
    mov eax, cs
    VALUE eax
    END
    jmp CODE32:%%back
%%back:
%endmacro
    JUMP 'jump-null', 0
    JUMP 'jump-data', DATA32
    JUMP 'jump-same', CODE32
    JUMP 'jump-same-rpl3', CODE32 | 3
    JUMP 'jump-conforming', C_CONF
    JUMP 'jump-conforming-rpl3', C_CONF | 3
    JUMP 'jump-dpl3', UCODE32
    JUMP 'jump-conforming3', C_CONF3
    JUMP 'jump-not-present', C_NP
    JUMP 'jump-beyond', 0x200
    JUMP 'jump-ldt-beyond', 0x8c
    JUMP 'jump-interrupt-gate', G_TSS
    JUMP 'jump-ldt-descriptor', LDTSEL
    JUMP 'jump-gate-not-present', G_NP
    JUMP 'jump-gate-null', G_NULL
    JUMP 'jump-gate-data', G_DATA
    JUMP 'jump-gate-code-not-present', G_CODENP
    JUMP 'jump-gate-beyond', G_BEYOND
    JUMP 'jump-gate-rpl3', G_SAME | 3
    TEST 'call-same'
    mov ebx, esp
    call CODE32:.callee
.callee:
    sub ebx, esp
    VALUE ebx
    pop eax
    sub eax, .callee
    VALUE eax
    pop eax
    VALUE eax
    END
    TEST 'call-gate-same'
    mov ebx, esp
    call G_SAME:0x12345678
    VALUE eax
    END
    TEST 'call-memory'
    mov dword [SCRATCH], 0
    mov word [SCRATCH + 4], G_SAME
    call far [SCRATCH]
    VALUE eax
    END
    TEST 'call-not-present'
    call C_NP:0
    END
    TEST 'jump-register-form'
    db 0xff, 0xe8
    END
    TEST 'call-16'
    call word CODE32:.sixteen
.sixteen:
    pop ax
    pop cx
    VALUE ecx
    END

    ; From ring 3.
%macro OUTER 2+
    TEST %1
    RING3 %%in
%%in:
    %2
    int 0x30
    END
%endmacro
    OUTER 'outer-jump-dpl0', jmp CODE32:0
    OUTER 'outer-jump-conforming', jmp C_CONF:outer_here
    OUTER 'outer-jump-gate', jmp G_INNER:0
    OUTER 'outer-gate-dpl0', call G_SAME:0
    OUTER 'outer-call-conforming-gate', call G_CONF:0
    TEST 'outer-gate-parameters'
    RING3 .parameters
.parameters:
    push dword 0x11111111
    push dword 0x22222222
    mov ebp, esp
    call G_INNER:0
    sub ebp, esp
    mov eax, ebp
    int 0x30
    END
    TEST 'outer-gate-16'
    RING3 .g16
.g16:
    push word 0x3333
    push word 0x4444
    call G_16:0
    mov eax, esp
    int 0x30
    END
    ; #TS gets a conforming handler, which needs no new stack.
    GATE IDT + 10 * 8, C_CONF3, conforming_ts, 0x8e, 0
%macro BADSTACK 3 ; name, SS0, instruction
    TEST %1
    mov word [TSS + 8], %2
    RING3 %%in
%%in:
    %3
    END
%endmacro
    BADSTACK 'outer-gate-stack-null', 0, {call G_INNER:0}
    BADSTACK 'outer-gate-stack-rpl', DATA32 | 3, {call G_INNER:0}
    BADSTACK 'outer-gate-stack-dpl', UDATA32, {call G_INNER:0}
    BADSTACK 'outer-gate-stack-code', CODE32, {call G_INNER:0}
    BADSTACK 'outer-gate-stack-beyond', 0x200, {call G_INNER:0}
    BADSTACK 'outer-int-stack-null', 0, {int 0x30}
    BADSTACK 'outer-int-stack-rpl', DATA32 | 3, {int 0x30}
    BADSTACK 'outer-int-stack-beyond', 0x200, {int 0x30}
    GATE IDT + 10 * 8, CODE32, stub_10, 0x8e, 0

    ; Returns.
%macro RETURN 3 ; name, cs, ss
    TEST %1
    push dword (%3)
    push dword STACK3
    push dword (%2)
    push dword %%to
    retf
%%to:
    mov eax, cs
    int 0x30
    END
%endmacro
    RETURN 'return-null', 0, UDATA32
    RETURN 'return-data', DATA32, UDATA32
    RETURN 'return-same', CODE32, 0
    RETURN 'return-outer', UCODE32, UDATA32
    RETURN 'return-outer-rpl-dpl', CODE32 | 3, UDATA32
    RETURN 'return-outer-ss-null', UCODE32, 0
    RETURN 'return-outer-ss-ring0', UCODE32, DATA32
    RETURN 'return-outer-ss-code', UCODE32, UCODE32
    RETURN 'return-outer-ss-not-present', UCODE32, S_NP
    RETURN 'return-conforming', C_CONF | 3, UDATA32
    RETURN 'return-not-present', C_NP, 0
    RETURN 'return-beyond', 0x203, 0
    RETURN 'return-dpl3-rpl0', UCODE32 & ~3, UDATA32
    TEST 'return-drops-segments'
    mov eax, DATA32
    mov ds, ax
    mov es, ax
    mov eax, UDATA32
    mov fs, ax
    mov eax, C_CONF
    mov gs, ax
    push dword UDATA32
    push dword STACK3
    push dword UCODE32
    push dword .dropped
    retf
.dropped:
    mov eax, ds
    mov ecx, es
    shl ecx, 8
    add eax, ecx
    mov ecx, fs
    shl ecx, 16
    add eax, ecx
    mov ecx, gs
    shl ecx, 24
    add eax, ecx
    int 0x30
    END
    TEST 'return-imm'
    mov ebx, esp
    push dword 1
    push dword 2
    push dword CODE32
    push dword .imm
    retf 8
.imm:
    sub ebx, esp
    VALUE ebx
    END
    TEST 'return-outer-imm'
    push dword UDATA32
    push dword STACK3
    push dword 1
    push dword 2
    push dword UCODE32
    push dword .outer
    retf 8
.outer:
    mov eax, esp
    int 0x30
    END

    ; IRET.
%macro IRET 4 ; name, cs, flags, ss
    TEST %1
    push dword (%4)
    push dword STACK3
    push dword (%3)
    push dword (%2)
    push dword %%to
    iretd
%%to:
    pushfd
    pop eax
    and eax, 0x3ef600
    int 0x30
    END
%endmacro
    IRET 'iret-same', CODE32, 0x247002, 0
    IRET 'iret-null', 0, 2, 0
    IRET 'iret-outer-iopl', UCODE32, 0x243002, UDATA32
    IRET 'iret-outer-ss-null', UCODE32, 2, 0
    IRET 'iret-reserved-flags', CODE32, 0xffc0802a, 0
    IRET 'iret-vif-vip', CODE32, 0x180002, 0
    TEST 'iret-ring3-keeps-iopl'
    RING3 .keep
.keep:
    push dword 0x203202
    push dword UCODE32
    push dword .kept
    iretd
.kept:
    pushfd
    pop eax
    and eax, 0x3ef600
    int 0x30
    END
    TEST 'iret-ring3-inward'
    RING3 .inward
.inward:
    push dword 2
    push dword CODE32
    push dword 0
    iretd
    END
    TEST 'iret16'
    push dword 0x40002
    popfd
    push word 0x7002
    push word CODE32
    push word .w
    o16 iret
.w:
    pushfd
    pop eax
    push dword 2
    popfd
    VALUE eax
    END
    TEST 'nested-flag-without-link'
    push dword 0x4002
    popfd
    iretd
    END

    ; Gates of the IDT.
%macro IDTGATE 4 ; name, selector, access, offset
    TEST %1
    GATE IDT + 0x31 * 8, %2, %4, %3, 0
    mov eax, 0x55
    int 0x31
%%after:
    END
%endmacro
    IDTGATE 'gate-not-present', CODE32, 0x0e, stub_49
    IDTGATE 'gate-null', 0, 0x8e, stub_49
    IDTGATE 'gate-data', DATA32, 0x8e, stub_49
    IDTGATE 'gate-code-not-present', C_NP, 0x8e, stub_49
    IDTGATE 'gate-dpl3-code', UCODE32, 0x8e, stub_49
    IDTGATE 'gate-beyond', 0x200, 0x8e, stub_49
    IDTGATE 'gate-call-type', CODE32, 0x8c, stub_49
    IDTGATE 'gate-conforming', C_CONF, 0x8e, stub_49
    IDTGATE 'gate-rpl3', CODE32 | 3, 0x8e, stub_49
    TEST 'interrupt-gate-flags'
    GATE IDT + 0x31 * 8, CODE32, flags_handler, 0x8e, 0
    push dword 0x243302 & ~0x100
    popfd
    int 0x31
    VALUE eax
    push dword 2
    popfd
    END
    TEST 'trap-gate-flags'
    GATE IDT + 0x31 * 8, CODE32, flags_handler, 0x8f, 0
    push dword 0x246202
    popfd
    int 0x31
    push dword 2
    popfd
    VALUE eax
    END
    TEST 'gate-16'
    GATE IDT + 0x31 * 8, CODE32, handler16, 0x86, 0
    mov ebx, esp
    int 0x31
    VALUE eax
    END
    ; Double faults: #NP within the delivery of #GP, #UD with a missing handler (not double).
    TEST 'double-fault'
    and byte [IDT + 13 * 8 + 5], 0x7f
    mov eax, C_NP
    mov ds, ax
    END
    TEST 'double-fault-gp-gp'
    mov eax, DATA32
    mov ds, ax
    mov eax, 0x200
    mov ds, ax
    END
    or byte [IDT + 13 * 8 + 5], 0x80
    TEST 'missing-handler-of-ud'
    and byte [IDT + 6 * 8 + 5], 0x7f
    ud2
    END
    or byte [IDT + 6 * 8 + 5], 0x80
    TEST 'missing-handler-of-int3'
    and byte [IDT + 3 * 8 + 5], 0x7f
    int3
    END
    or byte [IDT + 3 * 8 + 5], 0x80
    TEST 'missing-handler-of-de'
    and byte [IDT + 5], 0x7f
    xor ecx, ecx
    div ecx
    END
    or byte [IDT + 5], 0x80

    ; Faults restart, traps do not.
    TEST 'divide'
    nop
    xor ecx, ecx
    div ecx
    END
    TEST 'int3'
    int3
    END
    TEST 'int-3'
    int 3
    END
    TEST 'into'
    mov al, 0x7f
    inc al
    into
    END
    TEST 'into-not'
    xor eax, eax
    into
    END
    TEST 'bound'
    mov dword [SCRATCH], -5
    mov dword [SCRATCH + 4], 5
    mov eax, 5
    bound eax, [SCRATCH]
    SAY ' in'
    mov eax, -5
    bound eax, [SCRATCH]
    SAY ' in'
    mov eax, 6
    bound eax, [SCRATCH]
    END
    TEST 'bound16'
    mov dword [SCRATCH], 0x0005fffb
    mov ax, -6
    bound ax, [SCRATCH]
    END
    TEST 'bound-register'
    db 0x62, 0xc0
    END
    TEST 'ud2'
    ud2
    END
    TEST 'lock-nop'
    db 0xf0, 0x90
    END
    TEST 'lock-register'
    db 0xf0, 0x01, 0xc0
    END
    TEST 'lock-cmp'
    db 0xf0, 0x39, 0x05
    dd SCRATCH
    END
    TEST 'too-long'
    times 15 db 0x66
    nop
    END
    TEST 'longest'
    times 14 db 0x66
    nop
    END
    TEST 'nm-ts'
    mov eax, cr0
    or al, 8
    mov cr0, eax
    fld1
    END
    TEST 'wait-ts'
    mov eax, cr0
    or al, 2
    mov cr0, eax
    wait
    END
    TEST 'wait-ts-without-mp'
    mov eax, cr0
    and al, 0xfd
    mov cr0, eax
    wait
    END
    clts
    TEST 'sysenter-null'
    mov ecx, 0x174
    xor eax, eax
    xor edx, edx
    wrmsr
    sysenter
    END
    TEST 'sysenter'
    mov ecx, 0x174
    mov eax, CODE32
    wrmsr
    inc ecx
    mov eax, STACK0
    wrmsr
    inc ecx
    mov eax, .entered
    wrmsr
    RING3 .enter, 0x3002
.enter:
    mov ecx, esp
    mov edx, .left
    sysenter
.entered:
    VALUE esp
    mov eax, cs
    VALUE eax
    mov eax, ss
    VALUE eax
    pushfd
    pop eax
    and eax, 0x3f00
    VALUE eax
    END
.left:
    jmp finish_pm

outer_here:
    mov eax, cs
    int 0x30
gate_target:
    mov eax, [esp + 4]
    VALUE eax
    mov eax, ebx
    sub eax, esp
    VALUE eax
    retf
gate_inner:
    push ds
    mov eax, DATA32
    mov ds, ax
    SAY ' stack'
    VALUE esp
    VALUE [esp + 4 + 4]
    VALUE [esp + 4 + 8]
    VALUE [esp + 4 + 12]
    VALUE [esp + 4 + 16]
    VALUE [esp + 4 + 20]
    pop ds
    retf 8
gate_inner16:
    push ds
    mov eax, DATA32
    mov ds, ax
    VALUE esp
    VALUE [esp + 4]
    VALUE [esp + 8]
    VALUE [esp + 12]
    pop ds
    o16 retf 4
flags_handler:
    pushfd
    pop eax
    and eax, 0x3ff700
    iretd
handler16:
    mov eax, ebx
    sub eax, esp
    o16 iret
conforming_ts:
    mov word [TSS + 8], DATA32
    mov eax, [esp]
    int 0x30
KERNEL_END
