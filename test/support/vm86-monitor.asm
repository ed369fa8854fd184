; A small monitor for a virtual-8086 task, as EMM386 and Windows are large ones: it lets no port access of its task through
; unseen, and pages two ranges in when they are touched. The task makes BIOS calls. At the end port E9h gets: count of port
; accesses, count of page faults (words), then a bitmap of ports below 400h that were accessed (128 bytes), then results.
bits 16
org 0x7c00
    xor ax, ax
    mov ss, ax
    mov sp, 0x7c00
    mov ds, ax
    mov es, ax
    cld
    mov ax, 0x0220              ; 32 sectors, to behind this one
    mov bx, 0x7e00
    mov cx, 2
    mov dh, 0
    int 0x13
    jmp 0:0x7e00
    times 510 - ($ - $$) db 0
    dw 0xaa55

LOW_PAGE equ 0x50000            ; two pages that are not present at first: a buffer for INT 13h
VIDEO_PAGE equ 0xb8000
PAGES equ 0x20000               ; page directory, then one page table
COUNTS equ 0x30000              ; dwords: port accesses, page faults; then the bitmap
RESULTS equ 0x30100


    cli
    mov al, 0xff                ; no hardware interrupts
    out 0x21, al
    out 0xa1, al
    lgdt [gdtr]
    lidt [idtr]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp 8:protected

bits 32
protected:
    mov ax, 0x10
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov esp, 0x7000
    ; memory for counts and page tables
    mov edi, COUNTS
    xor eax, eax
    mov ecx, 0x400
    rep stosd
    mov edi, PAGES
    mov dword [edi], PAGES + 0x1000 + 7
    lea edi, [edi + 4]
    mov ecx, 1023
    rep stosd
    mov edi, PAGES + 0x1000
    mov eax, 7
    mov ecx, 1024
.map:
    stosd
    add eax, 0x1000
    loop .map
    and dword [PAGES + 0x1000 + (LOW_PAGE >> 10)], ~1
    and dword [PAGES + 0x1000 + (LOW_PAGE >> 10) + 4], ~1
    and dword [PAGES + 0x1000 + (VIDEO_PAGE >> 10)], ~1
    mov eax, PAGES
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80000000
    mov cr0, eax
    mov ax, 0x18
    ltr ax
    ; into the task: IRET with VM set, IOPL 3
    push dword 0                ; GS, FS, DS, ES
    push dword 0
    push dword 0
    push dword 0
    push dword 0
    push dword 0x6000           ; SS:SP
    push dword 0x23002          ; EFLAGS
    push dword 0
    push dword task
    iretd

; Faults of the task. After PUSHAD: EDI 0, ESI 4, EBP 8, ESP 12, EBX 16, EDX 20, ECX 24, EAX 28, error 32, EIP 36, CS 40, EFLAGS 44,
; ESP 48, SS 52.
general_protection:
    pushad
    mov ebp, esp
    mov ax, 0x10
    mov ds, ax
    mov es, ax
    movzx ebx, word [ebp + 40]
    shl ebx, 4
    add ebx, [ebp + 36]         ; linear address of the instruction
    xor ecx, ecx                ; length so far
    mov esi, 2                  ; operand size
    mov al, [ebx]
    cmp al, 0x66
    jne .opcode
    mov esi, 4
    inc ecx
    inc ebx
    mov al, [ebx]
.opcode:
    inc ecx
    cmp al, 0xcd
    je .interrupt
    cmp al, 0xf4
    je .done                    ; HLT: goes on at once
    movzx edx, word [ebp + 20]
    cmp al, 0xec
    je .in8
    cmp al, 0xed
    je .in
    cmp al, 0xee
    je .out8
    cmp al, 0xef
    je .out
    movzx edx, byte [ebx + 1]
    inc ecx
    cmp al, 0xe4
    je .in8
    cmp al, 0xe6
    je .out8
    jmp stuck
.in8:
    call count
    in al, dx
    mov [ebp + 28], al
    jmp .done
.in:
    call count
    cmp esi, 4
    je .in32
    in ax, dx
    mov [ebp + 28], ax
    jmp .done
.in32:
    in eax, dx
    mov [ebp + 28], eax
    jmp .done
.out8:
    cmp dx, 0xf4
    je finished
    call count
    mov al, [ebp + 28]
    out dx, al
    jmp .done
.out:
    call count
    mov eax, [ebp + 28]
    cmp esi, 4
    je .out32
    out dx, ax
    jmp .done
.out32:
    out dx, eax
.done:
    add [ebp + 36], ecx
    popad
    add esp, 4
    iretd
.interrupt:                     ; reflected through the task's own vector
    movzx eax, byte [ebx + 1]
    inc ecx
    add [ebp + 36], ecx
    movzx edx, word [ebp + 52]
    shl edx, 4
    sub word [ebp + 48], 6
    movzx ecx, word [ebp + 48]
    add edx, ecx
    mov cx, [ebp + 36]
    mov [edx], cx
    mov cx, [ebp + 40]
    mov [edx + 2], cx
    mov cx, [ebp + 44]
    mov [edx + 4], cx
    movzx ecx, word [eax * 4]
    mov [ebp + 36], ecx
    movzx ecx, word [eax * 4 + 2]
    mov [ebp + 40], ecx
    popad
    add esp, 4
    iretd

count:
    push eax
    inc dword [COUNTS]
    movzx eax, dx
    cmp eax, 0x400
    jae .high
    bts [COUNTS + 8], eax
.high:
    pop eax
    ret

page_fault:
    pushad
    mov ebp, esp
    mov ax, 0x10
    mov ds, ax
    inc dword [COUNTS + 4]
    cmp dword [COUNTS + 4], 100
    ja stuck
    mov eax, cr2
    shr eax, 12
    or byte [PAGES + 0x1000 + eax * 4], 1
    mov eax, cr3
    mov cr3, eax
    popad
    add esp, 4
    iretd

stuck:
    mov al, '!'
    out 0xe9, al
    mov al, 1
    jmp leave
finished:
    mov al, [COUNTS]
    out 0xe9, al
    mov al, [COUNTS + 1]
    out 0xe9, al
    mov al, [COUNTS + 4]
    out 0xe9, al
    mov al, [COUNTS + 5]
    out 0xe9, al
    mov esi, COUNTS + 8
    mov ecx, 128 + 0x78 + 64
.out:
    lodsb
    out 0xe9, al
    loop .out
    mov al, 0
leave:
    out 0xf4, al
    cli
    hlt

bits 16
; The task. Results go to RESULTS (3010h:0): AX after each call.
task:
    mov ax, 0x3010
    mov gs, ax
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ax, 0x0003
    int 0x10
    gs mov [0], ax
    mov ax, 0x0e56              ; V
    mov bx, 7
    int 0x10
    mov ax, 0x0300
    mov bh, 0
    int 0x10
    gs mov [2], dx
    mov ax, 0x5000              ; two sectors into a page that is not there, the second one across its end
    mov es, ax
    mov ax, 0x0202
    mov bx, 0x0f00
    mov cx, 1
    mov dx, 0x80
    int 0x13
    gs mov [4], ax
    es mov ax, [0x0f00 + 510]
    gs mov [6], ax
    es mov ax, [0x1100]
    gs mov [8], ax
    mov ah, 4                   ; date
    int 0x1a
    gs mov [10], cx
    gs mov [12], dx
    mov ax, 0xb10a              ; PCI: identification of function 0.0
    xor bx, bx
    xor di, di
    int 0x1a
    gs mov [14], ecx
    mov ax, 0x1010              ; a colour, and back
    mov bx, 3
    mov dh, 0x11
    mov ch, 0x22
    mov cl, 0x33
    int 0x10
    mov ax, 0x1015
    mov bl, 3
    mov cx, 0
    int 0x10
    gs mov [18], cx
    mov ax, 0x4f02              ; a linear mode
    mov bx, 0x101
    int 0x10
    gs mov [20], ax
    mov ax, 3
    int 0x10
    int 0x11
    gs mov [22], ax
    mov al, 0
    out 0xf4, al

align 8
gdt:
    dq 0
    dq 0x00cf9b000000ffff
    dq 0x00cf93000000ffff
    dw 0x2068, tss, 0x8900, 0   ; TSS with its bitmap
gdtr: dw $ - gdt - 1
    dd gdt
align 8
idt:
%macro gate 1
    dw %1, 8, 0x8e00, 0
%endmacro
%rep 13
    gate stuck
%endrep
    gate general_protection
    gate page_fault
idtr: dw $ - idt - 1
    dd idt
align 4
tss:
    dd 0, 0x7000, 0x10
    times 22 dd 0
    dw 0, 104
    ; bitmap: all ports trap; its bytes follow on disk
    times 0x2000 db 0xff
    db 0xff
    times 512 * 33 - ($ - $$) db 0
