; Switches the machine off: by the power management function of a PIIX4, else by APM, else by asking whoever sits there.

PIIX4_POWER     equ 0x71138086

power_off:
        mov si, .title
        mov bx, .no_keys
        call page
        call power_off_piix4
        call power_off_apm
        mov si, .lines
        call print_lines
        mov di, AT(24, 0)
        mov si, .keys
        mov ah, KEYS
        call print
        jmp wait_escape

.title:         db "Power off", 0
.no_keys:       db 0
.keys:          db "  ", INK, KEYS_NAME, "Esc", INK, KEYS, " back to the menu", 0
.lines:
        line 10, 14, PAPER_ACCENT, "This machine cannot switch itself off."
        line 12, 14, PAPER, "Nothing is left to write: it can be switched off by hand."
        end_of_lines

; ACPI without tables (82371AB 7.1 and 10.3): the base of the power management ports in 40h, enabled by bit 0 of 80h; in
; its PM1 control register the type 0 means soft off, and bit 13 enters it.
power_off_piix4:
        mov eax, PIIX4_POWER
        call pci_find
        jc .none
        mov bl, 0x40
        call pci_read
        and eax, 0xffc0
        jnz .based
        mov eax, 0xb001                 ; firmware has left it without a place
        call pci_write
        mov eax, 0xb000
.based:
        mov esi, eax
        mov bl, 0x80
        call pci_read
        test al, 1
        jnz .enabled
        or al, 1
        call pci_write
.enabled:
        mov bl, 0x04                    ; and ports answer at all
        call pci_read
        and eax, 0xffff                 ; the status bits above are cleared by writing ones
        test al, 1
        jnz .open
        or al, 1
        call pci_write
.open:
        lea dx, [si + 4]
        mov ax, 0x2000
        out dx, ax
        call short_wait
.none:  ret

; APM 1.2, 4.6: connect, say that we know 1.2, switch all devices off.
power_off_apm:
        mov ax, 0x5300
        xor bx, bx
        int 0x15
        jc .none
        cmp bx, 0x504d
        jne .none
        mov ax, 0x5301
        xor bx, bx
        int 0x15
        mov ax, 0x530e
        xor bx, bx
        mov cx, 0x0102
        int 0x15
        mov ax, 0x5307
        mov bx, 0x0001
        mov cx, 0x0003
        int 0x15
        call short_wait
.none:  ret

; A tenth of a second or two: what switches off may take its time.
short_wait:
        mov ax, [BDA_TICKS]
        add ax, 3
.more:
        hlt
        cmp ax, [BDA_TICKS]
        jns .more
        ret
