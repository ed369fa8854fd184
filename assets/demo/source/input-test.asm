; Keyboard and mouse test: scan codes as they come in, what the BIOS makes of them, the shift keys, and a sheet to draw on.

CODES_SHOWN     equ 11 * 6

input_test:
        mov si, .title
        mov bx, .keys
        call page
        mov di, AT(2, 0)
        mov cx, 38
        mov dx, 21
        mov si, .keyboard
        call panel
        mov di, AT(2, 38)
        mov cx, 42
        mov dx, 21
        mov si, .mouse
        call panel
        mov si, .labels
        call print_lines
        mov word [codes_count], 0
        mov byte [wants_ticks], 1       ; shift keys are no keys to INT 16h: look often
        mov byte [mouse_pressed], 0
        call hook_keys
        call .draw
.wait:
        call wait_event
        push ax
        push bx
        call hide_pointer
        pop bx
        pop ax
        cmp bl, EVENT_KEY
        jne .other
        cmp ax, KEY_ESC
        je .leave
        call show_key
.other:
        call .draw
        jmp .wait
.leave:
        jmp unhook_keys

.draw:
        call show_codes
        call show_shifts
        call show_mouse
        jmp show_pointer

.title:         db "Keyboard and mouse test", 0
.keys:          db INK, KEYS_NAME, "Esc", INK, KEYS, " back to the menu   ", INK, KEYS_NAME, "left button", INK, KEYS, " draws   "
                db INK, KEYS_NAME, "right button", INK, KEYS, " wipes", 0
.keyboard:      db "Keyboard", 0
.mouse:         db "Mouse", 0
.labels:
        line  4,  2, PANEL_DIM, "Scan codes (INT 15h, function 4Fh)"
        line 13,  2, PANEL_DIM, "Key (INT 16h)"
        line 16,  2, PANEL_DIM, "Shift keys and locks"
        line  4, 40, PANEL_DIM, "At            Packets"
        end_of_lines

; INT 15h function 4Fh shows us each scan code before the BIOS looks at it.
hook_keys:
        cli
        mov eax, [0x15 * 4]
        mov [old_int15], eax
        mov word [0x15 * 4], .hook
        mov word [0x15 * 4 + 2], 0
        sti
        ret
.hook:
        cmp ah, 0x4f
        jne .pass
        push bx
        push ds
        push 0
        pop ds
        mov bx, [codes_count]
        cmp bx, CODES_SHOWN
        jb .room
        ; Full: the older half goes.
        push cx
        push si
        push di
        push es
        push ds
        pop es
        mov si, codes + CODES_SHOWN / 2
        mov di, codes
        mov cx, CODES_SHOWN / 2
        rep movsb
        pop es
        pop di
        pop si
        pop cx
        mov bx, CODES_SHOWN / 2
.room:
        mov [codes + bx], al
        inc bx
        mov [codes_count], bx
        pop ds
        pop bx
.pass:
        jmp far [cs:old_int15]

unhook_keys:
        cli
        mov eax, [old_int15]
        mov [0x15 * 4], eax
        sti
        ret

; Six rows of eleven codes; codes of keys that come up are dim.
show_codes:
        xor bx, bx
        mov di, AT(6, 2)
        mov dx, 6
.row:
        mov bp, 11
.code:
        cmp bx, [codes_count]
        jae .empty
        movzx eax, byte [codes + bx]
        mov cl, PANEL_STRONG
        cmp al, 0xe0                    ; the first of two
        jae .ink
        test al, 0x80
        jz .ink
        mov cl, PANEL_DIM
.ink:
        mov ch, 2
        call print_hex
        jmp .blank
.empty:
        mov ax, PANEL << 8 | ' '
        call print_char
        call print_char
.blank:
        mov ax, PANEL << 8 | ' '
        call print_char
        inc bx
        dec bp
        jnz .code
        add di, 160 - 33 * 2
        dec dx
        jnz .row
        ret

; AX: what INT 16h gave.
show_key:
        push ax
        mov di, AT(14, 2)
        mov cx, 30
        mov ax, PANEL << 8 | ' '
        call fill
        pop ax
        push ax
        movzx eax, ax
        mov di, AT(14, 2)
        mov ch, 4
        mov cl, PANEL_GOLD
        call print_hex
        pop ax
        cmp al, ' '
        jb .done
        add di, 4
        mov ah, PANEL_STRONG
        call print_char
.done:  ret

; Names of the bits of the shift byte (0040:0017), lit while they are set.
show_shifts:
        mov si, .names
        mov bl, [BDA_SHIFTS]
        mov di, AT(18, 2)
.next:
        mov ah, PANEL_DIM
        shr bl, 1
        jnc .dark
        mov ah, CHOSEN
.dark:
        call print
        add di, 2
        cmp si, .second
        jne .same
        mov di, AT(20, 2)
.same:
        cmp si, .end
        jb .next
        ret
.names:         db " Right Shift ", 0, " Left Shift ", 0
.second:        db " Ctrl ", 0, " Alt ", 0, " Scroll ", 0, " Num ", 0, " Caps ", 0
.end:

SHEET_TOP       equ 8
SHEET_LEFT      equ 40
SHEET_RIGHT     equ 77
SHEET_BOTTOM    equ 21

show_mouse:
        mov di, AT(4, 43)
        movzx eax, word [mouse_x]
        mov cl, PANEL_GOLD
        call print_decimal
        mov ax, PANEL_DIM << 8 | ','
        call print_char
        movzx eax, word [mouse_y]
        call print_decimal
        mov ax, PANEL << 8 | ' '
        call print_char
        call print_char
        mov di, AT(4, 62)
        movzx eax, word [mouse_packets]
        call print_decimal

        mov si, .names
        mov di, AT(6, 40)
        mov bl, [mouse_buttons]
        mov bh, 3
.button:
        mov ah, PANEL_DIM
        shr bl, 1
        jnc .dark
        mov ah, CHOSEN
.dark:
        call print
        add di, 4
        dec bh
        jnz .button
        cmp byte [mouse_there], 0
        jne .there
        mov di, AT(6, 64)
        mov si, .none
        mov ah, PANEL_BAD
        call print
.there:
        test byte [mouse_pressed], 2
        jz .draw
        mov di, AT(SHEET_TOP, SHEET_LEFT)
        mov dx, SHEET_BOTTOM - SHEET_TOP + 1
.wipe:
        mov cx, SHEET_RIGHT - SHEET_LEFT + 1
        mov ax, PANEL << 8 | ' '
        call fill
        add di, 160 - (SHEET_RIGHT - SHEET_LEFT + 1) * 2
        dec dx
        jnz .wipe
.draw:
        mov byte [mouse_pressed], 0
        test byte [mouse_buttons], 1
        jz .done
        mov ax, [mouse_x]
        shr ax, 3
        cmp ax, SHEET_LEFT
        jb .done
        cmp ax, SHEET_RIGHT
        ja .done
        mov bx, [mouse_y]
        shr bx, 4
        cmp bx, SHEET_TOP
        jb .done
        cmp bx, SHEET_BOTTOM
        ja .done
        call mouse_cell
        mov ax, PANEL_ACCENT << 8 | 0xdb
        call print_char
.done:  ret
.names:         db " Left ", 0, " Right ", 0, " Middle ", 0
.none:          db "No mouse found", 0

        section variables
old_int15:      resd 1
codes:          resb CODES_SHOWN
codes_count:    resw 1
        section program
