; Writing on the text screen, straight into its memory: DI is a place (AT), AH an attribute. ES is free for all to use.

; The text mode with our colours, without cursor, with bright grounds in place of blinking.
text_mode:
        mov ax, 0x0003
        int 0x10
        mov ax, 0x1003
        xor bx, bx
        int 0x10
        call set_palette
        jmp hide_cursor

hide_cursor:
        mov ah, 0x01
        mov cx, 0x2000
        int 0x10
        ret

; The whole screen in the attribute AH.
clear_screen:
        xor di, di
        mov cx, 80 * 25
        mov al, ' '
; CX times the character AL, from DI on.
fill:
        push es
        push TEXT_SEGMENT
        pop es
        rep stosw
        pop es
        ret

; The text at SI up to its zero byte. Returns DI behind it, AH as it was last.
print:
        push es
        push TEXT_SEGMENT
        pop es
.next:
        lodsb
        cmp al, INK
        jb .end
        je .ink
        stosw
        jmp .next
.ink:
        lodsb
        mov ah, al
        jmp .next
.end:
        pop es
        ret

; The character AL.
print_char:
        push es
        push TEXT_SEGMENT
        pop es
        stosw
        pop es
        ret

; The text at SI so that it ends before DI.
print_right:
        push si
.count:
        cmp byte [si], 0
        je .counted
        sub di, 2
        inc si
        jmp .count
.counted:
        pop si
        jmp print

; Lines of text: at SI place, attribute and text of each one, ended by a place of FFFFh.
print_lines:
        lodsw
        cmp ax, 0xffff
        je .end
        mov di, ax
        lodsb
        mov ah, al
        call print
        jmp print_lines
.end:   ret

; A line for print_lines.
%macro line 4+                          ; row, column, attribute, text
        dw AT(%1, %2)
        db %3, %4, 0
%endmacro
%macro end_of_lines 0
        dw 0xffff
%endmacro

; A panel with a thin frame: DI its corner, CX columns and DX rows with the frame, SI its title. Attributes are the panels'.
panel:
        push bp
        mov bp, cx
        sub bp, 2
        push di
        mov ah, PANEL_DIM
        mov al, 0xda
        call print_char
        mov cx, bp
        mov al, 0xc4
        call fill
        mov al, 0xbf
        call print_char
        pop di
        push di
        add di, 4
        mov ah, PANEL_GOLD
        mov al, ' '
        call print_char
        call print
        mov al, ' '
        call print_char
        pop di
        sub dx, 2
.row:
        add di, 160
        push di
        mov ax, PANEL_DIM << 8 | 0xb3
        call print_char
        mov ax, PANEL << 8 | ' '
        mov cx, bp
        call fill
        mov ax, PANEL_DIM << 8 | 0xb3
        call print_char
        pop di
        dec dx
        jnz .row
        add di, 160
        mov ax, PANEL_DIM << 8 | 0xc0
        call print_char
        mov al, 0xc4
        mov cx, bp
        call fill
        mov al, 0xd9
        call print_char
        pop bp
        ret

; An empty screen with the title SI in its first line and the keys BX in its last.
page:
        push si
        mov ah, PAPER
        call clear_screen
        xor di, di
        mov cx, 80
        mov ax, BAR << 8 | ' '
        call fill
        mov di, AT(0, 2)
        pop si
        mov ah, BAR
        call print
        mov di, AT(24, 0)
        mov cx, 80
        mov ax, KEYS << 8 | ' '
        call fill
        mov di, AT(24, 2)
        mov ah, KEYS
        mov si, bx
        jmp print
