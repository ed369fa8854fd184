; A boot sector that makes BIOS calls from a list on its disk and writes what came of them to port E9h.
; Steps (from 1000:0000), each beginning with a byte:
;   1 vector, then AX BX CX DX SI DI BP DS ES: calls it; out: the same nine and FLAGS
;   2 segment, offset, count: out: the bytes there
;   3: out: the VGA's registers (misc, sequencer 0-4, CRT controller 0-18h, graphics 0-8, attributes 0-14h)
;   4: out: 256 DAC entries
;   5 segment, offset, count, bytes: writes memory
;   6 port, value: writes a port
;   0: the end: port F4h
bits 16
org 0x7c00
start:
    cli
    xor ax, ax
    mov ss, ax
    mov sp, 0x7c00
    mov ds, ax
    mov es, ax
    mov [drive], dl
    sti
    cld
    ; 32 KiB of steps from sector 1 on, one sector at a time
    mov word [lba], 1
    mov word [place], 0x1000
.load:
    mov si, packet
    mov ah, 0x42
    mov dl, [drive]
    int 0x13
    jc .load
    inc word [lba]
    add word [place], 0x20
    cmp word [lba], 65
    jne .load
    mov ax, 0x1000
    mov fs, ax
    xor si, si
next:
    xor ax, ax
    mov ds, ax
    mov es, ax
    sti
    cld
    fs lodsb
    cmp al, 1
    je call_int
    cmp al, 2
    je dump
    cmp al, 3
    je registers
    cmp al, 4
    je colours
    cmp al, 5
    je poke
    cmp al, 6
    je port
    mov al, 0
    mov dx, 0xf4
    out dx, al
.stop:
    cli
    hlt
    jmp .stop

call_int:
    fs lodsb
    mov [vector + 1], al
    mov di, frame
    mov cx, 9
.copy:
    fs lodsw
    stosw
    loop .copy
    mov [saved], si
    mov ax, [frame + 16]
    mov es, ax
    mov bx, [frame + 2]
    mov cx, [frame + 4]
    mov dx, [frame + 6]
    mov si, [frame + 8]
    mov di, [frame + 10]
    mov bp, [frame + 12]
    push word [frame]
    push word [frame + 14]
    pop ds
    pop ax
    clc
    jmp short vector
vector:
    int 0
    pushf
    push ds
    push ax
    push bp
    mov bp, sp
    push word [bp + 2]          ; AX
    mov ax, 0
    mov ds, ax
    pop word [frame]
    mov [frame + 2], bx
    mov [frame + 4], cx
    mov [frame + 6], dx
    mov [frame + 8], si
    mov [frame + 10], di
    pop word [frame + 12]       ; BP
    pop ax
    pop word [frame + 14]       ; DS
    mov [frame + 16], es
    pop word [frame + 18]       ; FLAGS
    cld
    sti
    mov si, frame
    mov cx, 20
.out:
    lodsb
    out 0xe9, al
    loop .out
    mov si, [saved]
    jmp next

dump:
    fs lodsw
    mov es, ax
    fs lodsw
    mov di, ax
    fs lodsw
    mov cx, ax
.out:
    mov al, [es:di]
    out 0xe9, al
    inc di
    loop .out
    jmp next

; CX registers of the index port DX
indexed:
    xor bl, bl
.next:
    mov al, bl
    out dx, al
    inc dx
    in al, dx
    dec dx
    out 0xe9, al
    inc bl
    loop .next
    ret

registers:
    mov dx, 0x3cc
    in al, dx
    out 0xe9, al
    mov dx, 0x3c4
    mov cx, 5
    call indexed
    mov dx, [0x463]
    mov cx, 25
    call indexed
    mov dx, 0x3ce
    mov cx, 9
    call indexed
    xor bl, bl
.attribute:
    mov dx, [0x463]
    add dx, 6
    in al, dx
    mov dx, 0x3c0
    mov al, bl
    out dx, al
    inc dx
    in al, dx
    out 0xe9, al
    inc bl
    cmp bl, 21
    jne .attribute
    mov dx, [0x463]
    add dx, 6
    in al, dx
    mov dx, 0x3c0
    mov al, 0x20
    out dx, al
    jmp next

colours:
    mov dx, 0x3c7
    mov al, 0
    out dx, al
    mov dx, 0x3c9
    mov cx, 768
.out:
    in al, dx
    out 0xe9, al
    loop .out
    jmp next

poke:
    fs lodsw
    mov es, ax
    fs lodsw
    mov di, ax
    fs lodsw
    mov cx, ax
.copy:
    fs lodsb
    stosb
    loop .copy
    jmp next

port:
    fs lodsw
    mov dx, ax
    fs lodsb
    out dx, al
    jmp next

drive: db 0
saved: dw 0
packet: db 16, 0
    dw 1
    dw 0
place: dw 0
lba: dd 0, 0
    times 510 - ($ - $$) db 0
    dw 0xaa55
frame equ 0x7e00
