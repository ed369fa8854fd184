; Waiting for a key, the mouse or the clock, with the processor halted.

; BL: EVENT_KEY (AX as INT 16h gives it), EVENT_MOUSE (it moved, or a button changed), or EVENT_TICK where wants_ticks is set.
wait_event:
        mov ah, 0x01
        int 0x16
        jnz .key
        cmp byte [mouse_news], 0
        jne .mouse
        cmp byte [wants_ticks], 0
        je .halt
        mov al, [BDA_TICKS]
        cmp al, [last_tick]
        jne .tick
.halt:
        ; Between looking and halting nothing may come in unseen; sti takes effect behind hlt only.
        cli
        mov ax, [BDA_KEY_HEAD]
        cmp ax, [BDA_KEY_TAIL]
        jne .ready
        cmp byte [mouse_news], 0
        jne .ready
        sti
        hlt
        jmp wait_event
.ready:
        sti
        jmp wait_event
.key:
        mov ah, 0x00
        int 0x16
        mov bl, EVENT_KEY
        ret
.mouse:
        mov byte [mouse_news], 0
        mov bl, EVENT_MOUSE
        ret
.tick:
        mov [last_tick], al
        mov bl, EVENT_TICK
        ret

; Waits for Esc.
wait_escape:
        call wait_event
        cmp bl, EVENT_KEY
        jne wait_escape
        cmp ax, KEY_ESC
        jne wait_escape
        ret

; Zero flag clear when a key is there; AX is the key, taken.
poll_key:
        mov ah, 0x01
        int 0x16
        jz .none
        mov ah, 0x00
        int 0x16
        or bl, 1                        ; clears the zero flag
.none:  ret

        section variables
wants_ticks:    resb 1
last_tick:      resb 1
        section program
