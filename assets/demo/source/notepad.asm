; The notepad. Text is one run of bytes; lines longer than the page go on in its next row. Where an offset stands on the page is
; found by walking from the beginning: four thousand bytes are walked faster than a key comes up again.

NOTE_ROWS       equ 20
NOTE_COLUMNS    equ 76
NOTE_TOP        equ 3
NOTE_LEFT       equ 2

notepad:
        mov si, .title
        mov bx, .keys
        call page
        mov di, AT(NOTE_TOP - 1, 0)
        mov cx, 80
        mov dx, NOTE_ROWS + 2
        mov si, .panel_title
        call panel
        mov ax, [note_length]
        mov [note_cursor], ax
        mov word [note_first_row], 0
        mov word [note_wish], 0xffff
        mov byte [note_failed], 0
        mov ah, 0x01                    ; a cursor of two lines
        mov cx, 0x0e0f
        int 0x10
        call .no_message
.show:
        call note_draw
.wait:
        call wait_event
        cmp bl, EVENT_KEY
        jne .wait
        push ax
        call .no_message
        pop ax
        mov si, .table
.find:
        cmp word [si], 0
        je .character
        cmp ax, [si]
        je .found
        add si, 4
        jmp .find
.found:
        mov bx, [si + 2]
        cmp ax, KEY_UP                  ; up and down keep the column they began in
        je .go
        cmp ax, KEY_DOWN
        je .go
        cmp ax, KEY_PAGE_UP
        je .go
        cmp ax, KEY_PAGE_DOWN
        je .go
        mov word [note_wish], 0xffff
.go:
        cmp ax, KEY_ESC
        je .command
        mov byte [note_failed], 0
.command:
        call bx
        jc .leave
        jmp .show
.character:
        mov word [note_wish], 0xffff
        cmp al, ' '
        jb .wait
        call note_insert
        jmp .show
.leave:
        jmp hide_cursor

; Takes away what the last line said of saving.
.no_message:
        mov di, AT(24, 50)
        mov cx, 30
        mov ax, KEYS << 8 | ' '
        jmp fill

.title:         db "Notepad", INK, BAR_ACCENT, "  kept on this disk", 0
.panel_title:   db "Your note", 0
.keys:          db INK, KEYS_NAME, "F2", INK, KEYS, " save   ", INK, KEYS_NAME, "Esc", INK, KEYS, " save and back to the menu", 0
; Commands come back with carry to leave.
.table:
        dw KEY_LEFT, note_left, KEY_RIGHT, note_right, KEY_UP, note_up, KEY_DOWN, note_down
        dw KEY_HOME, note_home, KEY_END, note_end, KEY_PAGE_UP, note_page_up, KEY_PAGE_DOWN, note_page_down
        dw KEY_DELETE, note_delete, 0x0e08, note_backspace, KEY_ENTER, note_enter
        dw KEY_F2, note_keep, KEY_ESC, note_leave
        dw 0

; --- where things stand ----------------------------------------------------------------------------------------------------

; One step of the walk: SI an offset, DX its row, CX its column. Moves on to the next offset.
note_step:
        cmp byte [note_text + si], 10
        je .new_row
        inc cx
        cmp cx, NOTE_COLUMNS
        jb .done
.new_row:
        inc dx
        xor cx, cx
.done:
        inc si
        ret

; BX: an offset. Returns its row DX and column CX.
note_locate:
        xor si, si
        xor cx, cx
        xor dx, dx
.next:
        cmp si, bx
        jae .done
        call note_step
        jmp .next
.done:  ret

; The cursor goes to row AX, as near to column DI as that row reaches. Carry clear.
note_go:
        xor si, si
        xor cx, cx
        xor dx, dx
        mov bx, si
.next:
        cmp dx, ax
        ja .done
        jb .on
        mov bx, si                      ; in the row: the best place so far
        cmp cx, di
        jae .done
.on:
        cmp si, [note_length]
        jae .end
        call note_step
        jmp .next
.end:
        cmp dx, ax
        je .done
        mov bx, si                      ; the text is shorter: its end
.done:
        mov [note_cursor], bx
        clc
        ret

; --- commands --------------------------------------------------------------------------------------------------------------

note_left:
        cmp word [note_cursor], 0
        je note_stay
        dec word [note_cursor]
note_stay:
        clc
        ret

note_right:
        mov ax, [note_cursor]
        cmp ax, [note_length]
        jae note_stay
        inc word [note_cursor]
        clc
        ret

note_up:
        mov bp, -1
        jmp note_rows
note_down:
        mov bp, 1
        jmp note_rows
note_page_up:
        mov bp, -(NOTE_ROWS - 1)
        jmp note_rows
note_page_down:
        mov bp, NOTE_ROWS - 1
note_rows:
        mov bx, [note_cursor]
        call note_locate
        cmp word [note_wish], 0xffff
        jne .wished
        mov [note_wish], cx
.wished:
        mov ax, dx
        add ax, bp
        jns .go
        xor ax, ax
.go:
        mov di, [note_wish]
        jmp note_go

note_home:
        xor di, di
        jmp note_in_row
note_end:
        mov di, NOTE_COLUMNS
note_in_row:
        mov bx, [note_cursor]
        call note_locate
        mov ax, dx
        jmp note_go

note_enter:
        mov al, 10
; Puts AL in at the cursor, unless the note is full.
note_insert:
        mov cx, [note_length]
        cmp cx, NOTE_MAX
        jae note_stay
        inc word [note_length]
        mov bx, [note_cursor]
        inc word [note_cursor]
        mov byte [note_unsaved], 1
        mov di, cx
        sub cx, bx
        add di, note_text
        lea si, [di - 1]
        push ds
        pop es
        std
        rep movsb
        cld
        mov [note_text + bx], al
        clc
        ret

note_backspace:
        cmp word [note_cursor], 0
        je note_stay
        dec word [note_cursor]
note_delete:
        mov bx, [note_cursor]
        mov cx, [note_length]
        sub cx, bx
        jz note_stay
        dec word [note_length]
        mov byte [note_unsaved], 1
        lea di, [note_text + bx]
        lea si, [di + 1]
        push ds
        pop es
        rep movsb
        clc
        ret

note_keep:
        call note_save
        jc note_not_saved
        mov byte [note_unsaved], 0
        mov di, AT(24, 78)
        mov si, .saved
        mov ah, KEYS_NAME
        call print_right
        clc
        ret
.saved:         db "Saved", 0

note_leave:
        cmp byte [note_failed], 0       ; it was said, and Esc came again
        jne .leave
        cmp byte [note_unsaved], 0
        je .leave
        call note_save
        jc note_not_saved
.leave:
        stc
        ret

; Says why the note is not on the disk. Carry clear: stay here.
note_not_saved:
        mov byte [note_failed], 1
        mov di, AT(24, 78)
        call disk_error_text
        mov ah, KEYS
        call print_right
        clc
        ret

; --- showing ---------------------------------------------------------------------------------------------------------------

note_draw:
        mov bx, [note_cursor]
        call note_locate
        ; Scroll so that the cursor is on the page.
        mov ax, dx
        cmp ax, [note_first_row]
        jae .not_above
        mov [note_first_row], ax
.not_above:
        sub ax, NOTE_ROWS - 1
        jle .not_below
        cmp ax, [note_first_row]
        jle .not_below
        mov [note_first_row], ax
.not_below:
        push cx
        push dx
        call note_status
        pop dx
        pop cx
        sub dx, [note_first_row]
        mov dh, dl
        add dh, NOTE_TOP
        mov dl, cl
        add dl, NOTE_LEFT
        mov bh, 0
        mov ah, 0x02
        int 0x10

        xor si, si
        xor cx, cx
        xor dx, dx
        push TEXT_SEGMENT
        pop es
        mov ax, NOTE_ROWS               ; the whole page in blanks, then the text
        mov di, AT(NOTE_TOP, NOTE_LEFT)
.blank:
        push ax
        push cx
        mov ax, PANEL_STRONG << 8 | ' '
        mov cx, NOTE_COLUMNS
        rep stosw
        pop cx
        pop ax
        add di, (80 - NOTE_COLUMNS) * 2
        dec ax
        jnz .blank
.next:
        cmp si, [note_length]
        jae .done
        mov ax, dx
        sub ax, [note_first_row]
        jb .skip
        cmp ax, NOTE_ROWS
        jae .done
        imul di, ax, 160
        add di, cx
        add di, cx
        mov al, [note_text + si]
        cmp al, 10
        je .skip
        mov [es:di + AT(NOTE_TOP, NOTE_LEFT)], al
.skip:
        call note_step
        jmp .next
.done:  ret

; How full the note is, and whether the disk has it, at the right of the title.
note_status:
        mov di, AT(0, 50)
        mov cx, 30
        mov ax, BAR << 8 | ' '
        call fill
        mov di, AT(0, 52)
        movzx eax, word [note_length]
        mov cl, BAR
        call print_decimal
        mov si, .of
        mov ah, BAR
        call print
        cmp byte [note_unsaved], 0
        je .done
        mov si, .unsaved
        mov ah, BAR_ACCENT
        call print
.done:  ret
.of:            db " of 4080 bytes", 0
.unsaved:       db "  changed", 0

        section variables
note_cursor:    resw 1                  ; offset in the text
note_first_row: resw 1                  ; that the page begins with
note_wish:      resw 1                  ; column that up and down aim for, or FFFFh
note_unsaved:   resb 1                  ; stays set when the note was left with a disk that failed
note_failed:    resb 1
        section program
