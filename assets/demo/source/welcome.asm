; The welcome screen and its menu. Everything else comes back here.

MENU_ROW        equ 8
MENU_COLUMN     equ 48
MENU_WIDTH      equ 29

welcome:
        mov sp, STACK_TOP               ; however deep the feature was, this is the way back
        cld
        mov byte [wants_ticks], 0
        mov byte [pointer_shown], 0
        call hide_cursor
        mov si, .title
        mov bx, .keys
        call page
        call show_boots
        call show_logo
        mov di, AT(6, 2)
        mov cx, 43
        mov dx, 15
        mov si, .about_title
        call panel
        mov di, AT(6, 47)
        mov cx, 31
        mov dx, 15
        mov si, .menu_title
        call panel
        mov si, .lines
        call print_lines
        call show_note_line
.choose:
        call hide_pointer
        call show_menu
        call show_pointer
.wait:
        call wait_event
        cmp bl, EVENT_MOUSE
        je .mouse
        cmp ax, KEY_UP
        je .up
        cmp ax, KEY_DOWN
        je .down
        cmp ax, KEY_HOME
        je .first
        cmp ax, KEY_END
        je .last
        cmp ax, KEY_ENTER
        je .start
        cmp al, '1'
        jb .wait
        cmp al, '0' + MENU_ITEMS
        ja .wait
        sub al, '1'
        mov [chosen], al
        jmp .start
.up:
        dec byte [chosen]
        jns .choose
.last:
        mov byte [chosen], MENU_ITEMS - 1
        jmp .choose
.down:
        inc byte [chosen]
        cmp byte [chosen], MENU_ITEMS
        jb .choose
.first:
        mov byte [chosen], 0
        jmp .choose
.mouse:
        ; Over an item the pointer chooses, its left button starts.
        mov dl, [mouse_pressed]
        mov byte [mouse_pressed], 0
        mov ax, [mouse_x]
        shr ax, 3
        cmp ax, MENU_COLUMN
        jb .choose
        cmp ax, MENU_COLUMN + MENU_WIDTH
        jae .choose
        mov ax, [mouse_y]
        shr ax, 4
        sub ax, MENU_ROW
        jb .choose
        cmp ax, MENU_ITEMS
        jae .choose
        mov [chosen], al
        test dl, 1
        jz .choose
.start:
        call hide_pointer
        call show_menu
        movzx bx, byte [chosen]
        shl bx, 1
        call [.features + bx]
        jmp welcome

.title:         db "Vitrine", INK, BAR_ACCENT, "  demo disk", 0
.keys:          db INK, KEYS_NAME, 24, 25, INK, KEYS, " choose   ", INK, KEYS_NAME, "Enter", INK, KEYS, " or a click starts   "
                db INK, KEYS_NAME, "1", INK, KEYS, " to ", INK, KEYS_NAME, "7", INK, KEYS, " at once", 0
.about_title:   db "Welcome to Vitrine", 0
.menu_title:    db "Menu", 0
.lines:
        line  2, 47, PAPER, "A glass case in which whole"
        line  3, 47, PAPER, "computers go on running."
        line  8,  4, PANEL, "This computer is emulated: processor,"
        line  9,  4, PANEL, "chips and firmware are a program, and"
        line 10,  4, PANEL, "what happens here stays behind glass."
        line 12,  4, PANEL_ACCENT, "Mouse"
        line 12, 14, PANEL, "Click the picture to use it,"
        line 13, 14, PANEL_STRONG, "right Ctrl", INK, PANEL, " gives it back."
        line 15,  4, PANEL_ACCENT, "Snapshot"
        line 15, 14, PANEL, "Keeps this very moment: take"
        line 16, 14, PANEL, "one, edit the note, go back."
        line 18,  4, PANEL_ACCENT, "Machines"
        line 18, 14, PANEL, "Drop a disk image on the"
        line 19, 14, PANEL, "library to add your own."
        end_of_lines
.features:
        dw system_information, input_test, animation, picture, tune, notepad, power_off

MENU_ITEMS      equ 7

; What the menu says: the item, then what it does in three lines.
menu_texts:
        db "System information", 0
        db "What the processor, the", 0, "firmware and the chips say", 0, "about themselves.", 0
        db "Keyboard and mouse test", 0
        db "Scan codes as they come in,", 0, "shift keys, the mouse and", 0, "its buttons.", 0
        db "256-colour animation", 0
        db "Plasma, tunnel and fire in", 0, "mode 13h. Space: the next", 0, "one, Esc: back here.", 0
        db "True-colour picture", 0
        db "A glass case, ray-traced by", 0, "the x87 as you watch, in a", 0, "high-resolution mode.", 0
        db "A tune on the speaker", 0
        db "Beethoven on timer channel 2", 0, "and one bit of port 61h.", 0, 0
        db "Notepad", 0
        db "A page that is kept on this", 0, "disk and is here again at", 0, "the next start.", 0
        db "Power off", 0
        db "By ACPI or APM, as an", 0, "operating system does it.", 0, 0

show_menu:
        mov si, menu_texts
        xor dx, dx
.item:
        mov al, dl
        add al, MENU_ROW
        mov ah, 160
        mul ah
        mov di, ax
        add di, MENU_COLUMN * 2
        push di
        mov ah, PANEL
        cmp dl, [chosen]
        jne .ground
        mov ah, CHOSEN
.ground:
        mov al, ' '
        mov cx, MENU_WIDTH
        call fill
        pop di
        add di, 4
        mov bh, PANEL_GOLD
        mov bl, PANEL_STRONG
        cmp dl, [chosen]
        jne .key
        mov bh, CHOSEN_KEY
        mov bl, CHOSEN
.key:
        mov ah, bh
        mov al, dl
        add al, '1'
        call print_char
        mov ah, bl
        mov al, ' '
        call print_char
        call print_char
        call print

        ; The chosen one's three lines below; those of others are skipped.
        mov bp, AT(MENU_ROW + MENU_ITEMS + 1, MENU_COLUMN + 1)
        mov cx, 3
.line:
        cmp dl, [chosen]
        jne .skip
        push cx
        mov di, bp
        mov ax, PANEL << 8 | ' '
        mov cx, MENU_WIDTH - 1
        call fill
        pop cx
        mov di, bp
        mov ah, PANEL
        call print
        add bp, 160
        jmp .next_line
.skip:
        lodsb
        test al, al
        jnz .skip
.next_line:
        loop .line
        inc dx
        cmp dl, MENU_ITEMS
        jb .item
        ret

; "Boots: 3" at the right of the title.
show_boots:
        mov di, AT(0, 68)
        mov si, .boots
        mov ah, BAR
        call print
        mov eax, [boots]
        mov cl, BAR
        call print_decimal
        cmp byte [boots_error], 0
        je .done
        mov si, .unsaved
        mov ah, BAR_ACCENT
        call print
.done:  ret
.boots:         db "Boots: ", 0
.unsaved:       db " !", 0

; The note's first line, above the keys.
show_note_line:
        mov di, AT(22, 3)
        mov si, .label
        mov ah, PAPER_ACCENT
        call print
        cmp word [note_length], 0
        je .empty
        mov si, note_text
        mov cx, 66
        mov bp, [note_length]
        mov ah, PAPER
.next:
        lodsb
        cmp al, 10
        je .done
        call print_char
        dec bp
        jz .done
        loop .next
        mov al, 0xaf                    ; there is more
        call print_char
.done:  ret
.empty:
        mov si, .nothing
        mov ah, PAPER_DIM
        jmp print
.label:         db "Note  ", 0
.nothing:       db "empty: press 6 and write one", 0

; The name in half blocks: two rows of dots in one line of text.
show_logo:
        mov si, .dots
        mov di, AT(2, 3)
        mov bp, .inks
        push TEXT_SEGMENT
        pop es
.row:
        mov ah, [bp]
        inc bp
        mov cx, LOGO_WIDTH
        push di
.column:
        mov al, ' '
        mov dx, [si]                    ; the upper dot
        mov bl, [si + LOGO_WIDTH]       ; and the one below
        cmp dl, '#'
        jne .no_upper
        mov al, 0xdf
.no_upper:
        cmp bl, '#'
        jne .put
        cmp al, ' '
        mov al, 0xdc
        je .put
        mov al, 0xdb
.put:
        stosw
        inc si
        loop .column
        pop di
        add di, 160
        add si, LOGO_WIDTH
        cmp si, .end
        jb .row
        ret
.inks:          db PAPER_ACCENT, PAPER_ACCENT, 0x09
.dots:
        db "#   # ### ##### ####  ### #   # #####"
LOGO_WIDTH equ $ - .dots
        db "#   #  #    #   #   #  #  ##  # #    "
        db "#   #  #    #   ####   #  # # # #### "
        db " # #   #    #   # #    #  #  ## #    "
        db " # #   #    #   #  #   #  #   # #    "
        db "  #   ###   #   #   # ### #   # #####"
.end:

        section variables
chosen:         resb 1
        section program
