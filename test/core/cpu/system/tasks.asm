; Hardware task switches: JMP, CALL, IRET, task gates of GDT and IDT, 16-bit tasks, what goes wrong on the way.
%include "kernel.inc"

main:
    jmp enter_protected

bits 32
GATE_T    equ FREE              ; task gate to TSS2, DPL 0
GATE_T3   equ FREE + 8          ; DPL 3
GATE_NP   equ FREE + 16
GATE_BAD  equ FREE + 24         ; task gate to a data segment
TSS16SEL  equ FREE + 32
TSSNP     equ FREE + 40
TSSSHORT  equ FREE + 48
C_NP      equ FREE + 56
TSS16     equ 0x1a00
STACK2    equ 0x3800

; A fresh TSS2 that starts at the given label.
%macro TASK 1
    mov eax, %1
    call fresh_task
%endmacro

protected_main:
    GATE GDT + GATE_T, TSS2SEL, 0, 0x85, 0
    GATE GDT + GATE_T3, TSS2SEL, 0, 0xe5, 0
    GATE GDT + GATE_NP, TSS2SEL, 0, 0x05, 0
    GATE GDT + GATE_BAD, DATA32, 0, 0x85, 0
    DESCRIPTOR GDT + TSS16SEL, TSS16, 43, 0x81, 0
    DESCRIPTOR GDT + TSSNP, TSS2, 103, 0x09, 0
    DESCRIPTOR GDT + TSSSHORT, TSS2, 102, 0x89, 0
    DESCRIPTOR GDT + C_NP, 0, 0xfffff, 0x1b, 0xc

    TEST 'jump-task'
    TASK in_task
    mov dword [after], .resumed
    mov ebx, 0xbbbb
    push dword 0x40002
    popfd
    jmp TSS2SEL:0x1234
.resumed:
    push dword 2
    popfd
    VALUE ebx                   ; as saved when the task was left
    call busy
    END
    TEST 'call-task'
    TASK return_task
    mov ebx, 0xcccc
    call TSS2SEL:0
    VALUE ebx
    pushfd
    pop eax
    and eax, 0x7700
    VALUE eax
    call busy
    VALUE [TSS2 + 36]           ; EFLAGS saved by IRET: NT clear
    movzx eax, word [TSS2]
    VALUE eax
    END
    TEST 'call-task-gate'
    TASK return_task
    call GATE_T:0
    call busy
    END
    TEST 'interrupt-task-gate'
    TASK return_task
    GATE IDT + 0x31 * 8, TSS2SEL, 0, 0x85, 0
    int 0x31
    call busy
    END
    TEST 'fault-task-gate'
    TASK error_task
    mov eax, [IDT + 11 * 8]
    push eax
    mov eax, [IDT + 11 * 8 + 4]
    push eax
    GATE IDT + 11 * 8, TSS2SEL, 0, 0x85, 0
    mov eax, C_NP
    mov gs, ax
    pop eax
    mov [IDT + 11 * 8 + 4], eax
    pop eax
    mov [IDT + 11 * 8], eax
    VALUE [TSS + 32]
    call busy
    END
    GATE IDT + 11 * 8, CODE32, stub_11, 0x8e, 0
    TEST 'ts-flag'
    TASK return_task
    clts
    call TSS2SEL:0
    smsw ax
    and eax, 8
    VALUE eax
    END
    clts
    TEST 'jump-busy'
    jmp TSSSEL:0
    END
    TEST 'call-busy'
    call TSSSEL:0
    END
    TEST 'task-not-present'
    jmp TSSNP:0
    END
    TEST 'task-short'
    jmp TSSSHORT:0
    END
    TEST 'task-gate-not-present'
    jmp GATE_NP:0
    END
    TEST 'task-gate-to-data'
    jmp GATE_BAD:0
    END
    TEST 'task-gate-dpl'
    RING3 .dpl
.dpl:
    jmp GATE_T:0
    END
    TEST 'task-dpl'
    RING3 .dpl2
.dpl2:
    call TSS2SEL:0
    END
    TEST 'iret-not-busy'
    mov word [TSS], TSS2SEL
    mov byte [GDT + TSS2SEL + 5], 0x89
    push dword 0x4002
    popfd
    iretd
    END
    TEST 'iret-to-data'
    mov word [TSS], DATA32
    push dword 0x4002
    popfd
    iretd
    END

    ; Bad state in the new task: the fault comes in the new task, whose handler needs the tables only.
%macro BADTASK 3 ; name, offset in the TSS, value
    TEST %1
    TASK return_task
    mov word [TSS2 + %2], %3
    call TSS2SEL:0
    END
    call home
%endmacro
    mov dword [ip_absolute], 1
    BADTASK 'bad-cs-null', 76, 0
    BADTASK 'bad-cs-data', 76, DATA32
    BADTASK 'bad-cs-not-present', 76, C_NP
    BADTASK 'bad-cs-beyond', 76, 0x200
    BADTASK 'bad-ds-beyond', 84, 0x200
    BADTASK 'bad-ds-code', 84, 0x08 | 4
    BADTASK 'bad-ldt', 96, DATA32
    BADTASK 'bad-ldt-beyond', 96, 0x200
    mov dword [ip_absolute], 0

    TEST 'task-16'
    mov edi, TSS16
    mov ecx, 11
    xor eax, eax
    rep stosd
    mov word [TSS16 + 14], task16
    mov word [TSS16 + 16], 2
    mov word [TSS16 + 26], STACK2
    mov word [TSS16 + 34], DATA32
    mov word [TSS16 + 36], CODE32
    mov word [TSS16 + 38], DATA16
    mov word [TSS16 + 40], DATA32
    mov ebx, 0x11112222
    call TSS16SEL:0
    VALUE ebx
    movzx eax, word [TSS16 + 18]
    VALUE eax
    movzx eax, byte [GDT + TSS16SEL + 5]
    VALUE eax
    END
    TEST 'debug-trap-bit'
    TASK return_task
    mov word [TSS2 + 100], 1
    mov dword [hook], .trap
    call TSS2SEL:0
    mov dword [hook], 0
    mov eax, dr6
    and eax, 0xe00f
    VALUE eax
    END
    jmp .tail
.trap:
    SAY ' trap'
    add esp, 4
    jmp exception_return
.tail:
    mov word [TSS2 + 100], 0
    TEST 'ring3-task'
    TASK ring3_task
    mov word [TSS2 + 76], UCODE32
    mov word [TSS2 + 80], UDATA32
    mov word [TSS2 + 72], UDATA32
    mov word [TSS2 + 84], UDATA32
    mov dword [TSS2 + 4], STACK0
    mov dword [TSS2 + 8], DATA32
    mov word [TSS2 + 102], 104
    call TSS2SEL:0
    END
    jmp finish_pm

; Types of both TSS descriptors.
busy:
    push eax
    movzx eax, byte [GDT + TSSSEL + 5]
    VALUE eax
    movzx eax, byte [GDT + TSS2SEL + 5]
    VALUE eax
    pop eax
    ret

; Back to the first task after a switch that ended in a fault.
home:
    mov byte [GDT + TSSSEL + 5], 0x89
    mov byte [GDT + TSS2SEL + 5], 0x89
    mov eax, LDTSEL
    lldt ax
    mov eax, TSSSEL
    ltr ax
    clts
    ret

fresh_task: ; eax: where it begins
    push edi
    push ecx
    push eax
    mov edi, TSS2
    mov ecx, 26
    xor eax, eax
    cld
    rep stosd
    pop eax
    mov [TSS2 + 32], eax
    mov dword [TSS2 + 36], 2
    mov dword [TSS2 + 40], 0xa0
    mov dword [TSS2 + 44], 0xc1
    mov dword [TSS2 + 52], 0xb3
    mov dword [TSS2 + 56], STACK2
    mov word [TSS2 + 72], DATA32
    mov word [TSS2 + 76], CODE32
    mov word [TSS2 + 80], DATA32
    mov word [TSS2 + 84], DATA32
    mov word [TSS2 + 96], LDTSEL
    mov byte [GDT + TSS2SEL + 5], 0x89
    pop ecx
    pop edi
    ret

after: dd 0
show_task:
    VALUE eax
    VALUE ecx
    VALUE ebx
    VALUE esp
    pushfd
    pop eax
    and eax, 0x3f7700
    VALUE eax
    str ax
    movzx eax, ax
    VALUE eax
    sldt ax
    movzx eax, ax
    VALUE eax
    mov eax, fs
    VALUE eax
    ret
in_task:
    call show_task
    VALUE [TSS + 52]
    VALUE [TSS + 36]
    mov eax, [TSS + 32]
    sub eax, [after]
    VALUE eax
    call busy
    jmp TSSSEL:0
return_task:
    call show_task
    iretd
    jmp return_task
error_task:
    pop eax
    VALUE eax
    mov eax, [TSS + 32]
    sub eax, [test_base]
    VALUE eax
    add dword [TSS + 32], 2     ; over the two bytes of mov gs, ax
    iretd
task16: ; upper halves of registers are not defined
    movzx eax, bx
    VALUE eax
    movzx eax, sp
    VALUE eax
    mov ebx, 0x77
    mov eax, 0x1234
    iretd
ring3_task:
    mov eax, cs
    int 0x30
KERNEL_END
