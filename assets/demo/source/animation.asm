; The 256-colour animation: mode 13h, a picture a retrace, three effects in turn. Each is drawn in ordinary memory and copied, so
; that no half-drawn picture is seen. The space bar goes on to the next one, Esc leaves.

SCREEN_SEGMENT  equ 0xa000
WIDTH           equ 320
HEIGHT          equ 200
EFFECT_TICKS    equ 182                 ; ten seconds

animation:
        mov ax, 0x0013
        int 0x10
        call make_waves
        mov word [random], 0x1234
        mov byte [effect], 0
.start:
        movzx bx, byte [effect]
        shl bx, 2
        call [.effects + bx]            ; prepares its tables and the palette; carry: it cannot be had
        jc .next
        mov word [frame], 0
        mov ax, [BDA_TICKS]
        mov [effect_start], ax
.frame:
        movzx bx, byte [effect]
        shl bx, 2
        call [.effects + 2 + bx]
        call wait_retrace
        call show_frame
        inc word [frame]
        call poll_key
        jz .no_key
        cmp ax, KEY_ESC
        je .leave
        cmp al, ' '
        je .next
.no_key:
        mov ax, [BDA_TICKS]
        sub ax, [effect_start]
        cmp ax, EFFECT_TICKS
        jb .frame
.next:
        inc byte [effect]
        cmp byte [effect], 3
        jb .start
        mov byte [effect], 0
        jmp .start
.leave:
        jmp text_mode

.effects:       dw plasma_start, plasma, tunnel_start, tunnel, fire_start, fire

; Waits for the beginning of the vertical retrace. A display that never says so is not waited for.
wait_retrace:
        mov dx, 0x03da
        mov ecx, 0x40000
.in:
        in al, dx
        test al, 8
        jz .out
        dec ecx
        jnz .in
.out:
        in al, dx
        test al, 8
        jnz .done
        dec ecx
        jnz .out
.done:  ret

show_frame:
        push ds
        push SCREEN_SEGMENT
        pop es
        push WORK_SEGMENT
        pop ds
        xor si, si
        xor di, di
        mov cx, WIDTH * HEIGHT / 4
        rep movsd
        pop ds
        ret

; A wave of 256 steps between 0 and 255, of parabolas: nobody sees that they are no sine.
make_waves:
        xor bx, bx
.next:
        mov al, bl
        and al, 0x7f
        mov ah, 0x80
        sub ah, al
        mul ah                          ; 0 to 4096
        shr ax, 5
        cmp ax, 127
        jbe .half
        mov ax, 127
.half:
        test bl, 0x80
        jz .up
        neg ax
.up:    add ax, 128
        mov [waves + bx], al
        inc bl
        jnz .next
        ret

; The palette from a routine that gives entry CL as AL, AH and DL, 0 to 63 each: BP.
set_entries:
        xor cx, cx
.next:
        call bp
        push dx
        push ax
        mov dx, 0x03c8
        mov al, cl
        out dx, al
        inc dx
        pop ax
        out dx, al
        mov al, ah
        out dx, al
        pop ax
        out dx, al
        inc cl
        jnz .next
        ret

; --- plasma ----------------------------------------------------------------------------------------------------------------

plasma_start:
        clc
        ret

; Three waves that run against each other, over a palette that turns.
plasma:
        mov bp, .entry
        call set_entries
        xor si, si
        mov ax, [frame]
        mov bl, al
        mov bh, 0
        mov dl, al
        neg dl
.column:                                ; what belongs to the column alone
        mov al, [waves + bx]
        push bx
        mov bl, dl
        add al, [waves + bx]
        pop bx
        mov [columns + si], al
        inc bl
        add dl, 2
        inc si
        cmp si, WIDTH
        jb .column

        push WORK_SEGMENT
        pop es
        xor di, di
        xor cx, cx                      ; the row
.row:
        mov ax, [frame]
        add al, cl
        add al, cl
        mov bl, al
        mov bh, 0
        mov dl, [waves + bx]
        mov bx, [frame]
        shr bx, 1
        sub bl, cl
        mov bh, 0
        add dl, [waves + bx]
        mov bx, [frame]
        add bl, bl
        add bl, cl
        mov bh, 0
        xor si, si
.pixel:
        mov al, [columns + si]
        add al, dl
        add al, [waves + bx]
        stosb
        inc bl
        inc si
        cmp si, WIDTH
        jb .pixel
        inc cx
        cmp cx, HEIGHT
        jb .row
        ret

.entry:
        push bx
        mov bx, [frame]
        add bl, bl
        add bl, cl
        mov bh, 0
        mov al, [waves + bx]
        shr al, 2
        push ax
        add bl, 70
        mov ah, [waves + bx]
        shr ah, 3
        pop bx
        mov al, bl
        push ax
        mov bx, [frame]
        sub bl, cl
        mov bh, 0
        mov dl, [waves + bx]
        shr dl, 2
        pop ax
        pop bx
        ret

; --- tunnel ----------------------------------------------------------------------------------------------------------------

; For each pixel the angle around the middle and the depth there, by the x87. Without one there is no tunnel.
tunnel_start:
        int 0x11
        test al, 2
        jnz .fpu
        stc
        ret
.fpu:
        mov bp, .entry
        call set_entries
        push es
        fninit
        xor di, di
        mov word [tunnel_y], -(HEIGHT / 2)
.row:
        mov word [tunnel_x], -(WIDTH / 2)
.pixel:
        fild word [tunnel_y]
        fadd dword [.half]              ; no pixel is the middle itself
        fild word [tunnel_x]
        fadd dword [.half]
        fld st1
        fld st1
        fpatan
        fmul dword [.turn]
        fistp word [tunnel_value]
        mov al, [tunnel_value]
        push TABLE_SEGMENT
        pop es
        mov [es:di], al
        fmul st0
        fxch st1
        fmul st0
        faddp st1
        fsqrt
        fdivr dword [.depth]
        fistp word [tunnel_value]
        mov ax, [tunnel_value]
        test ah, ah
        jz .near
        mov al, 255
.near:
        push SECOND_SEGMENT
        pop es
        mov [es:di], al
        inc di
        inc word [tunnel_x]
        cmp word [tunnel_x], WIDTH / 2
        jl .pixel
        inc word [tunnel_y]
        cmp word [tunnel_y], HEIGHT / 2
        jl .row
        pop es
        ; Brightness by depth: 15 at the rim, 0 far away.
        xor bx, bx
.shade:
        mov al, bl
        shr al, 3
        mov ah, 15
        sub ah, al
        jns .lit
        mov ah, 0
.lit:
        mov [shades + bx], ah
        inc bl
        jnz .shade
        clc
        ret
.half:          dd 0.5
.turn:          dd 40.743665            ; 256 / 2 pi
.depth:         dd 2560.0

; High half of the colour: which one of sixteen; low half: how bright.
.entry:
        mov al, cl
        and al, 0x0f
        mov ch, al                      ; brightness
        mov bl, cl
        and bl, 0xf0
        mov bh, 0
        mov al, [waves + bx]
        call .scale
        push ax
        add bl, 96
        mov al, [waves + bx]
        shr al, 1
        call .scale
        push ax
        add bl, 100
        mov al, [waves + bx]
        add al, 60
        jnc .blue
        mov al, 255
.blue:
        call .scale
        mov dl, al
        pop bx
        mov ah, bl
        pop bx
        mov al, bl
        mov ch, 0
        ret
.scale:
        mul ch                          ; up to 255 * 15
        shr ax, 6
        ret

tunnel:
        push WORK_SEGMENT
        pop es
        push TABLE_SEGMENT
        pop fs
        push SECOND_SEGMENT
        pop gs
        xor di, di
        mov dx, [frame]
        mov dh, dl
        add dh, dl                      ; DH: how far we have flown, DL: how far we have turned
        mov cx, WIDTH * HEIGHT
        mov bh, 0
.pixel:
        mov bl, [gs:di]
        mov al, [fs:di]
        add al, dl
        mov ah, bl
        add ah, dh
        xor al, ah
        and al, 0xf0
        or al, [shades + bx]
        stosb
        dec cx
        jnz .pixel
        ret

; --- fire ------------------------------------------------------------------------------------------------------------------

fire_start:
        mov bp, .entry
        call set_entries
        push WORK_SEGMENT
        pop es
        xor di, di
        xor eax, eax
        mov cx, 0x4000
        rep stosd
        clc
        ret
; Black, red, yellow, white.
.entry:
        mov al, cl
        call .part
        push ax
        mov al, cl
        sub al, 64
        jnc .green
        mov al, 0
.green:
        call .part
        push ax
        mov al, cl
        sub al, 160
        jnc .blue
        mov al, 0
.blue:
        call .part
        mov dl, al
        pop bx
        mov ah, bl
        pop bx
        mov al, bl
        ret
.part:
        shr al, 1
        cmp al, 63
        jbe .small
        mov al, 63
.small: ret

; Sparks in two rows below the picture; every dot above is the mean of those under it, a little cooler.
fire:
        push ds
        push WORK_SEGMENT
        pop es
        mov di, WIDTH * HEIGHT
        mov cx, WIDTH / 2
        mov bx, [random]
.spark:
        imul bx, bx, 25173
        add bx, 13849
        mov al, 0
        test bh, 0x40
        jz .cold
        mov al, 255
.cold:
        mov ah, al
        mov [es:di + WIDTH], ax
        stosw
        loop .spark
        mov [random], bx

        push es
        pop ds
        xor di, di
        mov cx, WIDTH * HEIGHT
        xor ah, ah
        xor dh, dh
.dot:
        mov al, [di + WIDTH - 1]
        xor ah, ah
        mov dl, [di + WIDTH]
        add ax, dx
        mov dl, [di + WIDTH + 1]
        add ax, dx
        mov dl, [di + 2 * WIDTH]
        add ax, dx
        shr ax, 2
        jz .black
        dec ax
        test di, 1                      ; odd columns cool faster, which makes tongues
        jz .black
        test al, 3
        jnz .black
        cmp al, 1
        adc al, 0
        dec al
.black:
        stosb
        dec cx
        jnz .dot
        pop ds
        ret

        section variables
waves:          resb 256
shades:         resb 256
columns:        resb WIDTH
frame:          resw 1
effect:         resb 1
effect_start:   resw 1
random:         resw 1
tunnel_x:       resw 1
tunnel_y:       resw 1
tunnel_value:   resw 1
        section program
