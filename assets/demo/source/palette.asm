; Sixteen colours of our own: night blue grounds, glass and brass.

set_palette:
        push ds
        pop es
        mov ax, 0x1002                  ; attribute n shows DAC entry n
        mov dx, .entries
        int 0x10
        mov ax, 0x1012
        xor bx, bx
        mov cx, 16
        mov dx, .colours
        int 0x10
        ret

.entries:       db 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0

; 0xRRGGBB as the DAC's three values of 6 bits.
%macro colour 1
        db ((%1) >> 18) & 0x3f, ((%1) >> 10) & 0x3f, ((%1) >> 2) & 0x3f
%endmacro
.colours:
        colour 0x0a0f1e                 ; 0 the screen's ground
        colour 0x17213c                 ; 1 panels
        colour 0x12706e                 ; 2 the title's line
        colour 0x2b59c3                 ; 3 the menu's bar
        colour 0xc2455c                 ; 4 red
        colour 0x7357d6                 ; 5 violet
        colour 0xc98a2b                 ; 6 brass
        colour 0xb9c4d9                 ; 7 text
        colour 0x7083b0                 ; 8 dim, frames
        colour 0x5b93ff                 ; 9 blue
        colour 0x6fe3a5                 ; A green
        colour 0x7fe0f2                 ; B glass
        colour 0xff8a80                 ; C bright red
        colour 0xc9a6ff                 ; D bright violet
        colour 0xffd98a                 ; E gold
        colour 0xffffff                 ; F white
