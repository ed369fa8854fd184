; A tune on the speaker: the beginning of Beethoven's Bagatelle in A minor (WoO 59, "Für Elise"), both hands in one voice, a
; sixteenth in three ticks of the clock. Timer channel 2 makes the tone, bits 0 and 1 of port 61h let it through.

TUNE_TICKS      equ 3
ROLL_TOP        equ 5                   ; the piano roll: a column each sixteenth, two half tones a row
ROLL_LEFT       equ 8
ROLL_COLUMNS    equ 66
ROLL_ROWS       equ 17
LOWEST          equ 36                  ; the half tone below the roll's bottom (C2), counted as MIDI does

tune:
        mov si, .title
        mov bx, .keys
        call page
        mov di, AT(2, 0)
        mov cx, 80
        mov dx, 21
        mov si, .panel
        call panel
.again:
        mov word [tune_place], notes
        mov word [tune_column], 0
        call draw_roll
.note:
        mov si, [tune_place]
        mov al, [si]
        test al, al
        jz .again                       ; from the beginning, until somebody has heard enough
        mov [tune_note], al
        call sound_note
        mov al, [si + 1]                ; its length in sixteenths
        mov [tune_left], al
.sixteenth:
        call show_note
        mov al, TUNE_TICKS
        cmp byte [tune_left], 1
        jne .full
        dec al                          ; the last tick of a note is silent, else repeated ones melt together
.full:
        call tune_wait
        jc .leave
        cmp byte [tune_left], 1
        jne .next
        call speaker_off
        mov al, 1
        call tune_wait
        jc .leave
.next:
        inc word [tune_column]
        cmp word [tune_column], ROLL_COLUMNS
        jb .same_page
        mov word [tune_column], 0
        call draw_roll
.same_page:
        dec byte [tune_left]
        jnz .sixteenth
        add word [tune_place], 2
        jmp .note
.leave:
        jmp speaker_off

.title:         db "A tune on the speaker", INK, BAR_ACCENT, "  Ludwig van Beethoven, 1810", 0
.keys:          db INK, KEYS_NAME, "Esc", INK, KEYS, " back to the menu", 0
.panel:         db "Bagatelle in A minor", 0

; Waits for AL ticks, halted. Carry when Esc was pressed.
tune_wait:
        mov [tune_ticks], al
        mov byte [wants_ticks], 1
.wait:
        call wait_event
        cmp bl, EVENT_TICK
        je .tick
        cmp bl, EVENT_KEY
        jne .wait
        cmp ax, KEY_ESC
        jne .wait
        stc
        ret
.tick:
        dec byte [tune_ticks]
        jnz .wait
        clc
        ret

; AL: a half tone as MIDI counts them (69 is the A of 440 Hz). 1 is silence.
sound_note:
        cmp al, 1
        je speaker_off
        movzx bx, al
        sub bx, LOWEST
        mov al, bl
        xor ah, ah
        mov cl, 12
        div cl                          ; AL octaves above the lowest, AH half tones above its C
        mov cl, al
        movzx bx, ah
        shl bx, 1
        mov bx, [.divisors + bx]
        shr bx, cl
        mov al, 0xb6                    ; channel 2, both bytes, square wave
        out 0x43, al
        mov al, bl
        out 0x42, al
        mov al, bh
        out 0x42, al
        in al, 0x61
        or al, 3
        out 0x61, al
        ret
; 1,193,182 Hz divided by the frequencies from C2 to B2.
.divisors:      dw 18242, 17218, 16252, 15340, 14479, 13666, 12899, 12175, 11492, 10847, 10238, 9664

speaker_off:
        in al, 0x61
        and al, 0xfc
        out 0x61, al
        ret

; The empty roll: a dotted line for every C, with its name.
draw_roll:
        mov bx, ROLL_ROWS - 1
.row:
        imul di, bx, 160
        add di, AT(ROLL_TOP, ROLL_LEFT)
        mov cx, ROLL_COLUMNS
        mov ax, PANEL << 8 | ' '
        push bx
        ; Rows count from the top, each of three half tones.
        mov ax, ROLL_ROWS - 1
        sub ax, bx
        mov bl, 4
        div bl
        test ah, ah                     ; four rows are an octave
        mov dl, al
        mov ax, PANEL << 8 | ' '
        jnz .line
        push di
        sub di, 5 * 2
        mov ax, PANEL_DIM << 8 | 'C'
        call print_char
        mov al, dl
        add al, '2'
        call print_char
        pop di
        mov ax, PANEL_DIM << 8 | 0xfa
.line:
        call fill
        pop bx
        dec bx
        jns .row
        ret

; The note that sounds: its name, and its mark in the roll.
show_note:
        mov al, [tune_note]
        mov di, AT(3, 36)
        cmp al, 1
        jne .sounds
        mov si, .pause
        mov ah, PANEL_DIM
        jmp print
.sounds:
        sub al, LOWEST
        xor ah, ah
        mov cl, 12
        div cl
        mov dl, al
        movzx bx, ah
        shl bx, 1
        mov ah, PANEL_GOLD
        mov al, [.names + bx]
        call print_char
        mov al, [.names + bx + 1]
        cmp al, ' '
        je .octave
        call print_char
.octave:
        mov al, dl
        add al, '2'
        call print_char
        mov al, ' '
        call print_char

        mov al, [tune_note]
        sub al, LOWEST
        xor ah, ah
        mov cl, 3
        div cl
        mov cl, ah                      ; half tone within the row of three
        mov bx, ROLL_ROWS - 1
        sub bl, al
        imul di, bx, 160
        add di, [tune_column]
        add di, [tune_column]
        add di, AT(ROLL_TOP, ROLL_LEFT)
        mov ah, PANEL_ACCENT
        mov bx, .marks
        mov al, cl
        xlatb
        jmp print_char
.pause:         db "   ", 0
.names:         db "C C#D D#E F F#G G#A A#B "
.marks:         db 0xdc, 0xfe, 0xdf     ; low, middle and high in the row

; A note: half tone and sixteenths.
%define C3 48
%define D3 50
%define E2 40
%define E3 52
%define G3 55
%define GIS3 56
%define A2 45
%define A3 57
%define B3 59
%define C4 60
%define D4 62
%define E4 64
%define F4 65
%define G4 67
%define GIS4 68
%define A4 69
%define B4 71
%define C5 72
%define D5 74
%define DIS5 75
%define E5 76
%define F5 77
%macro play 1-*
%rep %0
        db %1, 1
%rotate 1
%endrep
%endmacro
notes:
        play E5, DIS5
        play E5, DIS5, E5, B4, D5, C5
        play A4, E3, A3, C4, E4, A4
        play B4, E3, GIS3, E4, GIS4, B4
        play C5, E3, A3, E4, E5, DIS5
        play E5, DIS5, E5, B4, D5, C5
        play A4, E3, A3, C4, E4, A4
        play B4, E3, GIS3, E4, C5, B4
        play A4, E3, A3, B4, C5, D5
        play E5, G3, C4, G4, F5, E5
        play D5, G3, B3, F4, E5, D5
        play C5, E3, A3, E4, D5, C5
        play B4, E3, E4, E4, E5, E4
        db E5, 2
        play DIS5, E5, DIS5, E5, DIS5
        play E5, DIS5, E5, B4, D5, C5
        play A4, E3, A3, C4, E4, A4
        play B4, E3, GIS3, E4, GIS4, B4
        play C5, E3, A3, E4, E5, DIS5
        play E5, DIS5, E5, B4, D5, C5
        play A4, E3, A3, C4, E4, A4
        play B4, E3, GIS3, E4, C5, B4
        db A4, 4, A2, 4, 1, 8, 0

        section variables
tune_place:     resw 1
tune_column:    resw 1
tune_note:      resb 1
tune_left:      resb 1
tune_ticks:     resb 1
        section program
