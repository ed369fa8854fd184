; The PS/2 mouse through the BIOS (INT 15h function C2h). Without one everything works by keys.
;
; Packets come in at interrupt time and only move numbers; the pointer is drawn by whoever waits for events.

mouse_start:
        mov word [mouse_x], 320
        mov word [mouse_y], 200
        mov ax, 0xc205                  ; packets of three bytes
        mov bh, 3
        int 0x15
        jc .none
        mov ax, 0xc207
        push ds
        pop es
        mov bx, mouse_packet
        int 0x15
        jc .none
        mov ax, 0xc203                  ; 8 counts a millimetre
        mov bh, 3
        int 0x15
        mov ax, 0xc200
        mov bh, 1
        int 0x15
        jc .none
        mov byte [mouse_there], 1
.none:  ret

; Called by the BIOS with four words on the stack: status, x, y and zero.
mouse_packet:
        push bp
        mov bp, sp
        push ax
        push bx
        push ds
        xor ax, ax
        mov ds, ax
        mov bx, [bp + 12]               ; bits 0 to 2 buttons, 4 and 5 signs of x and y

        mov ax, [bp + 10]
        mov ah, 0
        test bl, 0x10
        jz .right
        mov ah, 0xff
.right:
        add ax, [mouse_x]
        jns .not_left
        xor ax, ax
.not_left:
        cmp ax, 639
        jle .x
        mov ax, 639
.x:     mov [mouse_x], ax

        mov ax, [bp + 8]
        mov ah, 0
        test bl, 0x20
        jz .up
        mov ah, 0xff
.up:    neg ax                          ; the mouse counts upwards
        add ax, [mouse_y]
        jns .not_above
        xor ax, ax
.not_above:
        cmp ax, 399
        jle .y
        mov ax, 399
.y:     mov [mouse_y], ax

        and bl, 7
        mov al, [mouse_buttons]
        mov [mouse_buttons], bl
        not al
        and al, bl
        or [mouse_pressed], al          ; stays until somebody has seen it
        inc word [mouse_packets]
        mov byte [mouse_news], 1
        pop ds
        pop bx
        pop ax
        pop bp
        retf

; DI: the cell under the pointer.
mouse_cell:
        push ax
        mov ax, [mouse_y]
        shr ax, 4
        imul ax, ax, 80
        mov di, [mouse_x]
        shr di, 3
        add di, ax
        shl di, 1
        pop ax
        ret

; Shows the pointer as a cell with its colours swapped, after taking it away from where it was.
show_pointer:
        cmp word [mouse_packets], 0     ; nobody has moved it: nothing in the way of the picture
        je .none
        call hide_pointer
        call mouse_cell
        push es
        push TEXT_SEGMENT
        pop es
        mov al, [es:di + 1]
        mov [pointer_under], al
        rol al, 4
        mov [es:di + 1], al
        pop es
        mov [pointer_cell], di
        mov byte [pointer_shown], 1
.none:  ret

hide_pointer:
        cmp byte [pointer_shown], 0
        je .none
        mov byte [pointer_shown], 0
        push es
        push TEXT_SEGMENT
        pop es
        mov di, [pointer_cell]
        mov al, [pointer_under]
        mov [es:di + 1], al
        pop es
.none:  ret

        section variables
mouse_x:        resw 1                  ; 0 to 639, 0 to 399
mouse_y:        resw 1
mouse_packets:  resw 1
mouse_there:    resb 1
mouse_buttons:  resb 1                  ; bit 0 left, 1 right, 2 middle
mouse_pressed:  resb 1                  ; buttons that went down since this was last cleared
mouse_news:     resb 1
pointer_shown:  resb 1
pointer_under:  resb 1
pointer_cell:   resw 1
        section program
