; The VESA BIOS (VBE 2.0): what there is, and the modes it has.

; Fills vbe_info. Carry when there is no VBE.
vbe_start:
        push ds
        pop es
        mov di, vbe_info
        mov dword [di], 0x32454256      ; "VBE2": we know the second version
        mov ax, 0x4f00
        int 0x10
        cmp ax, 0x004f
        jne vbe_failed
        cmp dword [vbe_info], 0x41534556
        jne vbe_failed
        clc
        ret
vbe_failed:
        stc
        ret

; CX: a mode. Fills vbe_mode; carry when it cannot be had.
vbe_mode_info:
        push ds
        pop es
        mov di, vbe_mode
        mov ax, 0x4f01
        int 0x10
        cmp ax, 0x004f
        jne vbe_failed
        test byte [vbe_mode], 1
        jz vbe_failed
        clc
        ret

; Finds a mode of EAX (width low, height high) pixels of direct colour in CL bits. Returns BX, vbe_mode; carry when there is none.
vbe_find:
        mov [vbe_wanted], eax
        mov [vbe_wanted_bits], cl
        xor bp, bp
.next:
        ; The list ends with FFFFh; one that never does is not read beyond 512 entries.
        mov si, bp
        shl si, 1
        add si, [vbe_info + 14]
        mov es, [vbe_info + 16]
        mov cx, [es:si]
        cmp cx, 0xffff
        je vbe_failed
        push bp
        push cx
        call vbe_mode_info
        pop bx
        pop bp
        jc .skip
        mov eax, [vbe_mode + 18]
        cmp eax, [vbe_wanted]
        jne .skip
        mov al, [vbe_mode + 25]
        cmp al, [vbe_wanted_bits]
        jne .skip
        cmp byte [vbe_mode + 27], 6     ; direct colour
        jne .skip
        clc
        ret
.skip:
        inc bp
        cmp bp, 512
        jb .next
        jmp vbe_failed

        section variables
vbe_info:       resb 512
vbe_mode:       resb 256
vbe_wanted:     resd 1
vbe_wanted_bits: resb 1
        section program
