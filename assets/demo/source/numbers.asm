; Numbers as text, printed at DI in the attribute AH.

; EAX in decimal, attribute CL. Returns DI behind it.
print_decimal:
        pushad
        mov [number_ink], cl
        mov si, number_end
.digit:
        xor edx, edx
        mov ecx, 10
        div ecx
        add dl, '0'
        dec si
        mov [si], dl
        test eax, eax
        jnz .digit
        jmp print_number

; EAX in hexadecimal with CH digits, attribute CL.
print_hex:
        pushad
        mov [number_ink], cl
        mov si, number_end
        movzx cx, ch
.digit:
        mov dl, al
        and dl, 0x0f
        cmp dl, 10
        jb .small
        add dl, 'A' - '0' - 10
.small:
        add dl, '0'
        dec si
        mov [si], dl
        shr eax, 4
        loop .digit
print_number:
        mov byte [number_end], 0
        mov ah, [number_ink]
        call print
        mov [number_place], di
        popad
        mov di, [number_place]
        ret

; AL, 0 to 99 in BCD as the clock has it, as two digits, attribute CL.
print_bcd:
        movzx eax, al
        mov ch, 2
        jmp print_hex

        section variables
                resb 16
number_end:     resb 1
number_ink:     resb 1
number_place:   resw 1
        section program
