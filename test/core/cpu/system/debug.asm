; Single step, RF, breakpoints on instructions, data and ports, general detect.
%include "kernel.inc"

main:
    jmp enter_protected

bits 32
; Each #DB prints DR6's low bits and the return address, clears DR6 and goes on.
traps:
    cmp eax, 1
    jne .other
    SAY ' db'
    push eax
    mov eax, dr6
    and eax, 0xe00f
    push ecx
    mov ecx, 4
    call puthex_pm
    SAY '@'
    mov eax, [esp + 12 + 24]
    sub eax, [test_base]
    call puthex_pm
    pop ecx
    mov eax, 0xffff0ff0
    mov dr6, eax
    pop eax
    cmp dword [set_rf], 0
    je .go
    or dword [esp + 4 + 32], 0x10000
.go:
    add esp, 4
    jmp exception_return
.other:
    ret
set_rf: dd 0

%macro TF_ON 0
    push dword 0x102
    popfd
%endmacro
%macro TF_OFF 0
    push dword 2
    popfd
%endmacro

protected_main:
    mov dword [hook], traps
    GATE IDT + 0x31 * 8, CODE32, plain_handler, 0x8e, 0
    TEST 'step'
    TF_ON
    nop
    mov eax, 1
    inc eax
    TF_OFF
    END
    TEST 'step-jump'
    TF_ON
    jmp .here
    nop
.here:
    TF_OFF
    END
    TEST 'step-int'
    TF_ON
    int 0x31
    nop
    TF_OFF
    END
    TEST 'step-rep'
    mov ecx, 3
    mov edi, SCRATCH
    TF_ON
    rep stosb
    TF_OFF
    END
    TEST 'step-rep-none'
    xor ecx, ecx
    TF_ON
    rep stosb
    TF_OFF
    END
    TEST 'step-mov-ss'
    mov eax, ss
    TF_ON
    mov ss, ax
    nop
    nop
    TF_OFF
    END
    TEST 'step-pop-ss'
    push ss
    TF_ON
    pop ss
    nop
    TF_OFF
    END
    TEST 'step-pushf'
    TF_ON
    pushfd
    TF_OFF
    pop eax
    VALUE eax
    END
    TEST 'step-fault'
    xor ecx, ecx
    TF_ON
    div ecx
    END
    TEST 'step-iret'
    push dword 0x102
    push dword CODE32
    push dword .i
    iretd
.i:
    nop
    TF_OFF
    END
    TEST 'step-ring3'
    RING3 .r3, 0x102
.r3:
    nop
    nop
    int 0x30
    END

    ; Instruction breakpoints.
    mov dword [set_rf], 1
    TEST 'break-code'
    mov eax, .b
    mov dr0, eax
    mov eax, 0x402
    mov dr7, eax
    nop
.b:
    nop
    nop
    xor eax, eax
    mov dr7, eax
    END
    TEST 'break-loop'
    mov eax, .l
    mov dr1, eax
    mov eax, 0x408
    mov dr7, eax
    mov ecx, 3
.l:
    loop .l
    xor eax, eax
    mov dr7, eax
    END
    TEST 'break-after-mov-ss'
    mov eax, .ms
    mov dr0, eax
    mov eax, 0x402
    mov dr7, eax
    mov eax, ss
    mov ss, ax
.ms:
    nop
    xor eax, eax
    mov dr7, eax
    END
    mov dword [set_rf], 0

    ; Data breakpoints strike after the instruction.
%macro DATA 4+ ; name, address, DR7, code
    TEST %1
    mov eax, %2
    mov dr2, eax
    mov eax, %3
    mov dr7, eax
    %4
    nop
    xor eax, eax
    mov dr7, eax
    END
%endmacro
    DATA 'break-write', SCRATCH, 0x0d000420, mov [SCRATCH], eax
    DATA 'break-write-not-read', SCRATCH, 0x0d000420, mov ecx, [SCRATCH]
    DATA 'break-access-read', SCRATCH, 0x0f000420, mov ecx, [SCRATCH]
    DATA 'break-within', SCRATCH + 4, 0x0d000420, mov [SCRATCH + 7], al
    DATA 'break-beside', SCRATCH + 4, 0x0d000420, mov [SCRATCH + 8], al
    DATA 'break-overlap', SCRATCH + 4, 0x01000420, mov [SCRATCH + 1], eax
    DATA 'break-byte', SCRATCH + 5, 0x01000420, mov [SCRATCH + 4], eax
    DATA 'break-modify', SCRATCH, 0x0d000420, inc dword [SCRATCH]
    DATA 'break-push', STACK - 8, 0x0d000420, {push eax}
    mov esp, STACK
    TEST 'break-local'
    mov eax, SCRATCH
    mov dr3, eax
    mov eax, 0xd0000440
    mov dr7, eax
    mov [SCRATCH], eax
    nop
    xor eax, eax
    mov dr7, eax
    END
    TEST 'break-disabled'
    mov eax, 0xd0000400
    mov dr7, eax
    mov [SCRATCH], eax
    xor eax, eax
    mov dr7, eax
    END
    TEST 'break-rep'
    mov eax, SCRATCH + 4
    mov dr0, eax
    mov eax, 0x000d0402
    mov dr7, eax
    mov edi, SCRATCH
    mov ecx, 4
    rep stosd
    xor eax, eax
    mov dr7, eax
    VALUE ecx
    END
    TEST 'break-mov-ss-memory'
    mov dword [SCRATCH], DATA32
    mov eax, SCRATCH
    mov dr0, eax
    mov eax, 0x000f0402
    mov dr7, eax
    mov ss, [SCRATCH]
    nop
    nop
    xor eax, eax
    mov dr7, eax
    END
    TEST 'general-detect'
    mov eax, 0x2400
    mov dr7, eax
    mov eax, dr6
    mov eax, dr7
    VALUE eax
    END
    TEST 'dr-values'
    mov eax, 0xffffffff
    mov dr6, eax
    mov eax, dr6
    VALUE eax
    xor eax, eax
    mov dr6, eax
    mov eax, dr6
    VALUE eax
    mov eax, 0xffff0000
    mov dr7, eax
    mov eax, dr7
    VALUE eax
    xor eax, eax
    mov dr7, eax
    mov eax, dr7
    VALUE eax
    mov eax, dr5
    VALUE eax
    END
    TEST 'dr4-de'
    mov eax, cr4
    or al, 8
    mov cr4, eax
    mov eax, dr4
    END
    TEST 'break-port'
    mov eax, 0x80
    mov dr0, eax
    mov eax, 0x00020402
    mov dr7, eax
    out 0x80, al
    nop
    out 0x81, al
    xor eax, eax
    mov dr7, eax
    END
    mov eax, cr4
    and al, 0xf7
    mov cr4, eax
    TEST 'int1'
    db 0xf1
    END

    ; RF as the handlers find it.
    mov dword [hook], 0
    mov dword [flag_mask], 0x10000
    TEST 'rf-fault'
    ud2
    END
    TEST 'rf-page-of-privilege'
    mov eax, 0x200
    mov ds, ax
    END
    TEST 'rf-int3'
    int3
    END
    TEST 'rf-cleared-by-next'
    push dword 0x10002
    push dword CODE32
    push dword .rf
    iretd
.rf:
    nop
    int3
    END
    jmp finish_pm

plain_handler:
    iretd
KERNEL_END
