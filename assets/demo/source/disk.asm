; Sectors of the disk that we were started from, by INT 13h.

; Asks the BIOS how the disk is spoken to.
disk_start:
        mov al, [boot_drive]
        mov [disk_drive], al
        mov dl, al
        mov ah, 0x41
        mov bx, 0x55aa
        int 0x13
        jc .chs
        cmp bx, 0xaa55
        jne .chs
        test cl, 1
        jz .chs
        mov byte [disk_edd], 1
.chs:
        mov dl, [disk_drive]
        mov ah, 0x08
        xor di, di
        mov es, di
        int 0x13
        jc .done
        and cl, 0x3f
        mov [disk_sectors], cl
        inc dh
        mov [disk_heads], dh
.done:  ret

; EAX: first sector, CX: how many, BX: buffer in segment 0. Carry and AH (INT 13h's status) when it fails.
disk_read:
        mov byte [disk_function], 2
        jmp disk_transfer
disk_write:
        mov byte [disk_function], 3
disk_transfer:
        pushad
        push es
        cmp byte [disk_edd], 0
        je .chs
        mov word [disk_packet], 16
        mov [disk_packet + 2], cx
        mov [disk_packet + 4], bx
        mov word [disk_packet + 6], 0
        mov [disk_packet + 8], eax
        mov dword [disk_packet + 12], 0
        mov si, disk_packet
        mov dl, [disk_drive]
        mov ah, [disk_function]
        add ah, 0x40                    ; 42h reads, 43h writes
        mov al, 0                       ; without verifying
        int 0x13
        jmp .end
.chs:
        cmp byte [disk_sectors], 0
        je .unknown
.next:
        push cx
        push eax
        movzx cx, byte [disk_sectors]
        xor dx, dx
        div cx
        mov cl, dl
        inc cl
        div byte [disk_heads]
        mov ch, al
        mov dh, ah
        mov dl, [disk_drive]
        push ds
        pop es
        mov ah, [disk_function]
        mov al, 1
        int 0x13
        mov [disk_status], ah
        pop eax
        pop cx
        jc .failed
        inc eax
        add bx, 512
        loop .next
        clc
        jmp .end
.unknown:
        mov byte [disk_status], 0x01
.failed:
        mov ah, [disk_status]
        stc
.end:
        mov [disk_status], ah
        pop es
        popad
        mov ah, [disk_status]           ; flags are still those of the transfer
        ret

; SI: text for the error AH of INT 13h when writing.
disk_error_text:
        mov si, .protected
        cmp ah, 0x03
        je .done
        mov si, .other
.done:  ret
.protected:     db "Not saved: write-protected", 0
.other:         db "Not saved: disk error", 0

        section variables
disk_drive:     resb 1
disk_edd:       resb 1
disk_function:  resb 1
disk_status:    resb 1
disk_sectors:   resb 1                  ; in a track; 0: the BIOS does not say
disk_heads:     resw 1
disk_packet:    resb 16
        section program
