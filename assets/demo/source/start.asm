; The program's beginning: a clean machine, one more boot counted, the menu.

PROGRAM_MAGIC   equ 0x544e4956          ; "VINT": the boot sector looks whether it has read what it wanted

        dd PROGRAM_MAGIC
        cli
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, STACK_TOP
        cld
        mov di, VARIABLES
        mov cx, (variables_end - variables_start + 1) / 2
        rep stosw
        sti

        call text_mode
        call disk_start
        call count_boot
        call note_load
        call mouse_start
        jmp welcome

; Adds this boot to the counter on the disk. What cannot be written is remembered and shown, and counted all the same.
count_boot:
        mov eax, BOOTS_LBA
        mov bx, boots_sector
        mov cx, 1
        call disk_read
        jc .failed
        cmp dword [boots_sector], BOOTS_MAGIC
        je .counted
        mov dword [boots_sector], BOOTS_MAGIC
        mov dword [boots], 0
.counted:
        inc dword [boots]
        mov eax, BOOTS_LBA
        mov bx, boots_sector
        mov cx, 1
        call disk_write
        jc .failed
        ret
.failed:
        mov [boots_error], ah
        cmp dword [boots], 0
        jne .done
        inc dword [boots]
.done:  ret

BOOTS_MAGIC     equ 0x544f4f42          ; "BOOT"

        section variables
boots_sector:   resb 4
boots:          resd 1                  ; as it lies in the sector
                resb 504
boots_error:    resb 1                  ; INT 13h's, or 0
        section program
