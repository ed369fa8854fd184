; The master boot record: a partition table, and code that loads the program from the sectors behind it.
;
; There is no second boot sector to go through: what is between here and the first partition is ours.

        cli
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, STACK_TOP
        sti
        cld
        jmp 0:.here                     ; some firmware starts us at 07C0:0000
.here:
        mov [boot_drive], dl

        ; Sector numbers where the BIOS has them (EDD), else cylinders, heads and sectors, whose number must be asked for.
        mov ah, 0x41
        mov bx, 0x55aa
        int 0x13
        jc .chs
        cmp bx, 0xaa55
        jne .chs
        test cl, 1
        jz .chs
        mov si, .packet
        mov dl, [boot_drive]
        mov ah, 0x42
        int 0x13
        jnc .loaded
.chs:
        mov dl, [boot_drive]
        mov ah, 0x08
        xor di, di
        mov es, di
        int 0x13
        jc .failed
        and cx, 0x3f
        jz .failed
        mov [.sectors], cx
        inc dh
        mov [.heads], dh

        mov bx, PROGRAM_ORIGIN
        mov si, PROGRAM_LBA
.next:
        mov ax, si
        xor dx, dx
        div word [.sectors]
        mov cl, dl
        inc cl                          ; sectors count from 1
        div byte [.heads]               ; the disk is small: cylinders fit a byte
        mov ch, al
        mov dh, ah
        mov dl, [boot_drive]
        xor ax, ax
        mov es, ax
        mov ax, 0x0201
        int 0x13
        jc .failed
        add bx, 512
        inc si
        cmp si, PROGRAM_LBA + PROGRAM_SECTORS
        jb .next
.loaded:
        cmp dword [PROGRAM_ORIGIN], PROGRAM_MAGIC
        jne .failed
        jmp 0:PROGRAM_ORIGIN + 4

.failed:
        mov si, .message
.print:
        lodsb
        test al, al
        jz .halt
        mov ah, 0x0e
        mov bx, 7
        int 0x10
        jmp .print
.halt:
        hlt
        jmp .halt

.message:       db "The demo disk cannot be read.", 13, 10, 0
        align 4, db 0
.packet:        dw 16, PROGRAM_SECTORS, PROGRAM_ORIGIN, 0
                dd PROGRAM_LBA, 0
.sectors:       dw 0
.heads:         db 0
; The program finds here what the BIOS called the disk.
boot_drive:     db 0

        times 440 - ($ - $$) db 0
        dd 0x52544956                   ; the disk's signature: VITR
        dw 0
; One active partition. Its cylinder, head and sector are those of 16 heads of 63 sectors.
        db 0x80, 1, 1, 0                ; active; head 1, sector 1, cylinder 0
        db 0xda, 0, 0x20, 2             ; type; head 0, sector 32, cylinder 2
        dd PARTITION_LBA, DISK_SECTORS - PARTITION_LBA
        times 48 db 0
        dw 0xaa55
