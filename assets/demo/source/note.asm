; The note on the disk: a sector's worth of heading in 16 bytes, then text in CP437 with LF between lines.

NOTE_MAGIC      equ 0x45544f4e          ; "NOTE"
NOTE_HEADING    equ 16
NOTE_MAX        equ NOTE_SECTORS * 512 - NOTE_HEADING

note_load:
        mov eax, NOTE_LBA
        mov bx, note_sectors
        mov cx, NOTE_SECTORS
        call disk_read
        jc .empty
        cmp dword [note_sectors], NOTE_MAGIC
        jne .empty
        cmp word [note_length], NOTE_MAX
        jbe .done
.empty:
        mov dword [note_sectors], NOTE_MAGIC
        mov word [note_length], 0
.done:  ret

; Carry and AH as disk_write.
note_save:
        mov eax, NOTE_LBA
        mov bx, note_sectors
        mov cx, NOTE_SECTORS
        jmp disk_write

        section variables
note_sectors:   resd 1
note_length:    resw 1                  ; bytes of text
                resb 10
note_text:      resb NOTE_MAX
        section program
