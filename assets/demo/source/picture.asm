; The true-colour picture: a VBE mode with 640 by 480 or 800 by 600 pixels, drawn line by line. What is drawn is in scene.asm.

picture:
        int 0x11
        mov si, .no_fpu
        test al, 2
        jz .cannot
        call vbe_start
        mov si, .no_vbe
        jc .cannot
        mov bp, .modes
.find:
        mov eax, [bp]
        mov cl, [bp + 4]
        push bp
        call vbe_find
        pop bp
        jnc .found
        add bp, 5
        cmp bp, .modes_end
        jb .find
        mov si, .no_mode
.cannot:
        push si
        mov si, .title
        mov bx, .keys
        call page
        pop si
        mov di, AT(11, 12)
        mov ah, PAPER
        call print
        jmp wait_escape

.found:
        mov ax, 0x4f02
        mov byte [picture_linear], 0
        test byte [vbe_mode], 0x80
        jz .set
        or bx, 0x4000                   ; with a linear framebuffer
        mov byte [picture_linear], 1
.set:
        int 0x10
        cmp ax, 0x004f
        mov si, .no_mode
        jne .cannot
        mov word [picture_bank], 0xffff
        call open_a20
        call scene_start
        ; First in coarse blocks, so that there soon is something to see, then every pixel.
        mov word [picture_block], 8
.pass:
        mov word [picture_y], 0
.line:
        mov ax, [picture_y]
        mov [picture_row], ax
        call scene_line
.copy:
        call put_line
        inc word [picture_row]
        mov ax, [picture_row]
        sub ax, [picture_y]
        cmp ax, [picture_block]
        jb .copy
        call poll_key
        jz .no_key
        cmp ax, KEY_ESC
        je .leave
.no_key:
        mov ax, [picture_block]
        add [picture_y], ax
        mov ax, [picture_y]
        cmp ax, [vbe_mode + 20]
        jb .line
        mov ax, [picture_block]
        mov word [picture_block], 1
        cmp ax, 1
        jne .pass
        call wait_escape
.leave:
        jmp text_mode

.modes:         dw 640, 480
                db 32
                dw 800, 600
                db 32
                dw 640, 480
                db 24
                dw 800, 600
                db 24
.modes_end:
.title:         db "True-colour picture", 0
.keys:          db INK, KEYS_NAME, "Esc", INK, KEYS, " back to the menu", 0
.no_fpu:        db "No x87: this picture needs a processor that computes with fractions.", 0
.no_vbe:        db "No VBE: this display's BIOS has no high-resolution modes.", 0
.no_mode:       db "No true-colour mode of 640 by 480 or 800 by 600 pixels.", 0

; Addresses above 1 MiB need the A20 line: by the BIOS, else by port 92h.
open_a20:
        mov ax, 0x2401
        int 0x15
        jnc .done
        in al, 0x92
        or al, 2
        and al, 0xfe                    ; bit 0 is a reset
        out 0x92, al
.done:  ret

; Puts the line in picture_line (32 bits a pixel) into the display's memory, in row picture_row.
put_line:
        movzx ecx, word [vbe_mode + 18]
        mov esi, picture_line
        cmp byte [vbe_mode + 25], 24
        jne .packed
        ; Three bytes a pixel: closed up in the other buffer.
        push ds
        pop es
        mov di, picture_packed
        push cx
.pack:
        lodsd
        stosw
        shr eax, 16
        stosb
        loop .pack
        pop cx
        imul ecx, ecx, 3
        shr ecx, 2
        mov esi, picture_packed
.packed:
        movzx eax, word [picture_row]
        movzx edx, word [vbe_mode + 16] ; bytes in a line
        mul edx
        mov edi, eax
        cmp byte [picture_linear], 0
        je put_banked

        ; The linear framebuffer lies high. A segment register loaded in protected mode keeps its limit of 4 GiB in real mode; no
        ; interrupt may come between, since the BIOS may load it anew.
        add edi, [vbe_mode + 40]
        cli
        lgdt [.gdt_register]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp .protected
.protected:
        mov bx, 8
        mov es, bx
        and al, 0xfe
        mov cr0, eax
        jmp .real
.real:
        a32 rep movsd
        xor ax, ax
        mov es, ax
        sti
        ret
.gdt_register:  dw 15
                dd .gdt
        align 8, db 0
.gdt:           dq 0, 0x00cf92000000ffff ; data, base 0, limit 4 GiB

; Through the window, whose place is moved in steps of its granularity. EDI: offset in the display's memory, ECX: words of 32 bits.
put_banked:
        mov es, [vbe_mode + 8]
        movzx ebx, word [vbe_mode + 4]
        shl ebx, 10
        jnz .next
        mov ebx, 0x10000
.next:
        mov eax, edi
        xor edx, edx
        div ebx
        cmp ax, [picture_bank]
        je .there
        mov [picture_bank], ax
        pushad
        push es
        mov dx, ax
        xor bx, bx
        mov ax, 0x4f05
        int 0x10
        pop es
        popad
.there:
        push di
        mov di, dx
        movsd
        pop di
        add edi, 4
        dec ecx
        jnz .next
        ret

        section variables
picture_y:      resw 1                  ; the row that is computed
picture_row:    resw 1                  ; the row it is put in: a block is as high as wide
picture_block:  resw 1
picture_bank:   resw 1
picture_linear: resb 1
picture_line:   resd 800
picture_packed: resb 3 * 800
        section program
