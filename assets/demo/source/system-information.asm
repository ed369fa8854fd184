; System information: what processor, memory map, firmware, display and disks say about themselves.

; Puts the text %3 at a row and a column.
%macro show 3
        mov di, AT(%1, %2)
        mov si, %3
        mov ah, PANEL
        call print
%endmacro

system_information:
        mov si, .title
        mov bx, .keys
        call page
        mov bp, .panels
.panel:
        mov di, [bp]
        mov cx, [bp + 2]
        mov dx, [bp + 4]
        mov si, [bp + 6]
        call panel
        add bp, 8
        cmp bp, .panels_end
        jb .panel
        mov si, .labels
        call print_lines
        call show_processor
        call show_memory
        call show_firmware
        call show_display
        call show_disks
        mov di, AT(21, 12)
        mov eax, [boots]
        mov cl, PANEL
        call print_decimal

        ; The clock goes on; one second of ticks after the beginning the time stamp counter's speed is known.
        mov byte [wants_ticks], 1
        mov byte [tsc_ticks], 0
.wait:
        call wait_event
        cmp bl, EVENT_KEY
        je .key
        cmp bl, EVENT_TICK
        jne .wait
        call show_clock
        call show_speed
        jmp .wait
.key:
        cmp ax, KEY_ESC
        jne .wait
        ret

.title:         db "System information", 0
.keys:          db INK, KEYS_NAME, "Esc", INK, KEYS, " back to the menu", 0
.panels:        dw AT(2, 0), 40, 10, .processor
                dw AT(2, 40), 40, 10, .memory
                dw AT(12, 0), 40, 11, .firmware
                dw AT(12, 40), 40, 5, .display
                dw AT(17, 40), 40, 6, .disks
.panels_end:
.processor:     db "Processor", 0
.memory:        db "Memory", 0
.firmware:      db "Firmware", 0
.display:       db "Display", 0
.disks:         db "Disks", 0
.labels:
        line 14, 2, PANEL_DIM, "BIOS date"
        line 15, 2, PANEL_DIM, "PCI BIOS"
        line 16, 2, PANEL_DIM, "ACPI"
        line 17, 2, PANEL_DIM, "APM"
        line 18, 2, PANEL_DIM, "Mouse"
        line 19, 2, PANEL_DIM, "Date"
        line 20, 2, PANEL_DIM, "Time"
        line 21, 2, PANEL_DIM, "Boots"
        line 14, 42, PANEL_DIM, "VBE"
        line 15, 42, PANEL_DIM, "Memory"
        end_of_lines

no_text:        db "no", 0
yes_text:       db "yes", 0

; --- processor -------------------------------------------------------------------------------------------------------------

show_processor:
        ; A bit of EFLAGS that can be changed: 18 since the 486, 21 where there is CPUID (Intel SDM volume 1, 3.4.3).
        mov ecx, 1 << 18
        call flag_changes
        mov si, .i386
        jz .old
        mov ecx, 1 << 21
        call flag_changes
        mov si, .i486
        jnz .cpuid
.old:
        mov di, AT(4, 2)
        mov ah, PANEL_STRONG
        jmp print
.i386:          db "386", 0
.i486:          db "486", 0

.cpuid:
        xor eax, eax
        cpuid
        mov [cpu_text], ebx
        mov [cpu_text + 4], edx
        mov [cpu_text + 8], ecx
        mov byte [cpu_text + 12], 0
        mov di, AT(4, 2)
        mov si, cpu_text
        mov ah, PANEL_STRONG
        call print

        mov eax, 1
        cpuid
        mov [cpu_signature], eax
        mov [cpu_features], edx
        mov [cpu_features + 4], ecx
        mov di, AT(4, 16)
        mov bx, .signature
        mov cx, 0x0008                  ; family: bits 8 to 11
.field:
        mov si, [bx]
        mov ah, PANEL_DIM
        call print
        mov eax, [cpu_signature]
        mov cl, [bx + 2]
        shr eax, cl
        and eax, 0x0f
        mov cl, PANEL
        call print_decimal
        add bx, 3
        cmp bx, .signature_end
        jb .field

        ; The name that some have: 48 characters in three leaves. Blanks in front are left out.
        mov eax, 0x80000000
        cpuid
        cmp eax, 0x80000004
        jb .features
        cmp eax, 0x80010000             ; older ones answer with something else
        jae .features
        mov bp, cpu_text
        mov eax, 0x80000002
.name:
        push eax
        cpuid
        mov [bp], eax
        mov [bp + 4], ebx
        mov [bp + 8], ecx
        mov [bp + 12], edx
        pop eax
        add bp, 16
        inc eax
        cmp eax, 0x80000005
        jb .name
        mov byte [cpu_text + 36], 0     ; as wide as the panel
        mov si, cpu_text
.blank:
        cmp byte [si], ' '
        jne .named
        inc si
        jmp .blank
.named:
        mov di, AT(5, 2)
        mov ah, PANEL
        call print

.features:
        mov si, feature_names
        mov di, AT(7, 2)
        mov dx, AT(7, 38)               ; no feature begins a word it cannot end before here
.feature:
        lodsb
        cmp al, 0xff
        je .done
        movzx bx, al
        bt [cpu_features], bx
        jnc .skip
        push si
        mov cx, 2
.length:
        lodsb
        add cx, 2
        test al, al
        jnz .length
        pop si
        mov ax, di
        add ax, cx
        sub ax, 4
        cmp ax, dx
        jbe .fits
        add dx, 160
        mov di, dx
        sub di, 36 * 2
.fits:
        mov ah, PANEL
        call print
        add di, 2
        jmp .feature
.skip:
        lodsb
        test al, al
        jnz .skip
        jmp .feature
.done:  ret

.signature:     dw .family
                db 8
                dw .model
                db 4
                dw .stepping
                db 0
.signature_end:
.family:        db "family ", 0
.model:         db " model ", 0
.stepping:      db "/", 0

; CPUID leaf 1: bits of EDX, then (from 32 on) of ECX.
feature_names:
        db 0, "FPU", 0, 4, "TSC", 0, 3, "PSE", 0, 6, "PAE", 0, 8, "CX8", 0, 9, "APIC", 0, 11, "SEP", 0, 13, "PGE", 0, 15, "CMOV", 0
        db 23, "MMX", 0, 24, "FXSR", 0, 25, "SSE", 0, 26, "SSE2", 0, 32, "SSE3", 0, 41, "SSSE3", 0, 51, "SSE4.1", 0
        db 52, "SSE4.2", 0, 55, "POPCNT", 0, 0xff

; ECX: a bit of EFLAGS. Zero flag when it cannot be changed.
flag_changes:
        pushfd
        pop eax
        mov edx, eax
        xor eax, ecx
        push eax
        popfd
        pushfd
        pop eax
        push edx
        popfd
        xor eax, edx
        test eax, ecx
        ret

; How fast the time stamp counter runs, measured over 18 ticks of the clock.
show_speed:
        bt word [cpu_features], 4
        jnc .done
        mov al, [tsc_ticks]
        inc byte [tsc_ticks]
        cmp al, 1                       ; the first tick may have come at any time before
        je .start
        cmp al, 19
        jne .done
        rdtsc
        sub eax, [tsc_start]
        sbb edx, [tsc_start + 4]
        mov byte [tsc_ticks], 1
        cmp edx, 0x80000
        jae .start
        mov ecx, 988_656                ; microseconds in 18 ticks
        div ecx
        mov di, AT(10, 2)
        mov cl, PANEL
        call print_decimal
        mov si, .unit
        mov ah, PANEL
        call print
.start:
        mov byte [tsc_ticks], 2
        rdtsc
        mov [tsc_start], eax
        mov [tsc_start + 4], edx
.done:  ret
.unit:          db " MHz time stamp counter  ", 0

; --- memory ----------------------------------------------------------------------------------------------------------------

; The map of INT 15h function E820h, and the sum of what is usable. Without one, what the older functions say.
show_memory:
        mov dword [memory_kib], 0
        mov word [memory_row], AT(5, 42)
        xor ebx, ebx
.next:
        mov eax, 0xe820
        mov edx, 0x534d4150             ; "SMAP"
        mov ecx, 20
        push ds
        pop es
        mov di, memory_range
        int 0x15
        jc .end
        cmp eax, 0x534d4150
        jne .end
        push ebx
        cmp dword [memory_range + 16], 1
        jne .row
        mov eax, [memory_range + 8]
        mov edx, [memory_range + 12]
        shrd eax, edx, 10
        add [memory_kib], eax
.row:
        cmp word [memory_row], AT(11, 0)
        jae .full
        call .show_range
.full:
        pop ebx
        test ebx, ebx
        jnz .next
.end:
        cmp dword [memory_kib], 0
        jne .sum
        int 0x12
        movzx eax, ax
        mov [memory_kib], eax
        mov ah, 0x88
        int 0x15
        jc .sum
        movzx eax, ax
        add [memory_kib], eax
.sum:
        mov di, AT(4, 42)
        mov eax, [memory_kib]
        mov cl, PANEL_STRONG
        call print_decimal
        mov si, .usable
        mov ah, PANEL
        jmp print
.usable:        db " KiB usable", 0

.show_range:
        mov di, [memory_row]
        add word [memory_row], 160
        mov ch, 8
        mov cl, PANEL
        mov eax, [memory_range]
        cmp dword [memory_range + 4], 0
        je .low
        mov eax, 0xffffffff
.low:
        call print_hex
        mov si, .to
        mov ah, PANEL_DIM
        call print
        mov eax, [memory_range]
        mov edx, [memory_range + 4]
        add eax, [memory_range + 8]
        adc edx, [memory_range + 12]
        sub eax, 1
        sbb edx, 0
        jz .below
        mov eax, 0xffffffff
.below:
        call print_hex
        add di, 2
        mov bx, [memory_range + 16]
        cmp bx, 4
        jbe .known
        mov bx, 2
.known:
        shl bx, 1
        mov si, [.kinds + bx]
        mov ah, PANEL
        jmp print
.to:            db " to ", 0
.kinds:         dw .reserved, .ram, .reserved, .tables, .kept
.ram:           db "usable", 0
.reserved:      db "reserved", 0
.tables:        db "ACPI tables", 0
.kept:          db "ACPI", 0

; --- firmware --------------------------------------------------------------------------------------------------------------

show_firmware:
        push 0xf000
        pop es
        mov si, 0xfff5
        mov di, cpu_text
        mov cx, 8
.date:
        mov al, [es:si]
        mov [di], al
        inc si
        inc di
        loop .date
        mov byte [di], 0
        show 14, 12, cpu_text

        mov ax, 0xb101
        int 0x1a
        mov si, no_text
        jc .pci
        cmp edx, 0x20494350             ; "PCI "
        jne .pci
        mov dx, bx
        mov di, AT(15, 12)
        call show_version
        jmp .acpi_scan
.pci:
        mov di, AT(15, 12)
        mov ah, PANEL
        call print

.acpi_scan:
        ; The root pointer is on a paragraph between E0000h and FFFFFh (ACPI 1.0, 5.2.4.1).
        mov bx, 0xe000
        mov si, no_text
.scan:
        mov es, bx
        cmp dword [es:0], 0x20445352    ; "RSD "
        jne .next
        cmp dword [es:4], 0x20525450    ; "PTR "
        jne .next
        mov si, yes_text
        jmp .acpi
.next:
        inc bx
        jnz .scan
.acpi:
        mov di, AT(16, 12)
        mov ah, PANEL
        call print

        mov ax, 0x5300
        xor bx, bx
        int 0x15
        mov si, no_text
        jc .apm
        cmp bx, 0x504d
        jne .apm
        mov dx, ax
        mov di, AT(17, 12)
        call show_version
        jmp .mouse
.apm:
        mov di, AT(17, 12)
        mov ah, PANEL
        call print
.mouse:
        mov si, no_text
        cmp byte [mouse_there], 0
        je .mouse_text
        mov si, .ps2
.mouse_text:
        mov di, AT(18, 12)
        mov ah, PANEL
        jmp print
.ps2:           db "PS/2", 0

; DX: a version in BCD at DI: 0210h is 2.10, 0300h is 3.0.
show_version:
        movzx eax, dh
        mov cl, PANEL
        call print_decimal
        mov ax, PANEL << 8 | '.'
        call print_char
        movzx eax, dl
        mov ch, 1
        cmp al, 10
        jb print_hex
        mov ch, 2
        jmp print_hex

; Date and time of the clock (INT 1Ah functions 02h and 04h).
show_clock:
        mov ah, 0x04
        int 0x1a
        jc .time
        push dx
        mov di, AT(19, 12)
        mov al, ch
        push cx
        mov cl, PANEL
        call print_bcd
        pop cx
        mov al, cl
        mov cl, PANEL
        call print_bcd
        pop dx
        mov ax, PANEL << 8 | '-'
        call print_char
        mov al, dh
        call print_bcd
        mov ax, PANEL << 8 | '-'
        call print_char
        mov al, dl
        call print_bcd
.time:
        mov ah, 0x02
        int 0x1a
        jc .done
        push cx
        mov di, AT(20, 12)
        mov al, ch
        mov cl, PANEL
        call print_bcd
        mov ax, PANEL << 8 | ':'
        call print_char
        pop ax
        call print_bcd
        mov ax, PANEL << 8 | ':'
        call print_char
        mov al, dh
        call print_bcd
.done:  ret

; --- display and disks -----------------------------------------------------------------------------------------------------

show_display:
        call vbe_start
        jnc .vbe
        show 14, 50, no_text
        show 15, 50, .standard
        ret
.vbe:
        mov di, AT(14, 50)
        mov dx, [vbe_info + 4]
        call show_version
        mov di, AT(15, 50)
        movzx eax, word [vbe_info + 18] ; blocks of 64 KiB
        shl eax, 6
        mov cl, PANEL
        call print_decimal
        mov si, .kib
        mov ah, PANEL
        jmp print
.kib:           db " KiB", 0
.standard:      db "as the VGA has it", 0

; One line for each hard disk, up to three: number, size, geometry.
show_disks:
        mov byte [disk_shown], 0x80
        mov word [memory_row], AT(19, 42)
.next:
        mov dl, [disk_shown]
        mov ah, 0x08
        xor di, di
        mov es, di
        int 0x13
        jc .done
        test ah, ah
        jnz .done
        add dl, 0x7f                    ; the last disk's number
        cmp [disk_shown], dl
        ja .done
        push cx
        push dx
        mov di, [memory_row]
        movzx eax, byte [disk_shown]
        mov ch, 2
        mov cl, PANEL_STRONG
        call print_hex
        mov si, .h
        mov ah, PANEL_STRONG
        call print

        ; Size in KiB, from the sectors that function 48h counts.
        push di
        mov ah, 0x48
        mov dl, [disk_shown]
        mov word [disk_parameters], 26
        mov dword [disk_parameters + 16], 0
        mov si, disk_parameters
        int 0x13
        pop di
        jc .no_size
        mov eax, [disk_parameters + 16]
        mov edx, [disk_parameters + 20]
        shrd eax, edx, 1
        mov cl, PANEL
        call print_decimal
        mov si, show_display.kib
        mov ah, PANEL
        call print
.no_size:
        pop dx
        pop cx
        push dx
        mov si, .comma
        mov ah, PANEL_DIM
        call print
        mov al, cl                      ; cylinders: CH and the two high bits of CL
        shr al, 6
        mov ah, al
        mov al, ch
        push cx
        movzx eax, ax
        inc ax
        mov cl, PANEL
        call print_decimal
        mov ax, PANEL_DIM << 8 | '/'
        call print_char
        pop bx
        pop dx
        movzx eax, dh
        inc ax
        call print_decimal
        mov ax, PANEL_DIM << 8 | '/'
        call print_char
        movzx eax, bl
        and al, 0x3f
        call print_decimal
        add word [memory_row], 160
        inc byte [disk_shown]
        cmp byte [disk_shown], 0x83
        jb .next
.done:  ret
.h:             db "h  ", 0
.comma:         db "  C/H/S ", 0

        section variables
cpu_text:       resb 49
cpu_signature:  resd 1
cpu_features:   resd 2                  ; EDX and ECX of leaf 1
tsc_start:      resd 2
tsc_ticks:      resb 1
memory_kib:     resd 1
memory_row:     resw 1
memory_range:   resb 20
disk_shown:     resb 1
disk_parameters: resb 32
        section program
