; The whole demo disk: nasm -f bin image.asm -o demo.img
;
; Every part is assembled for the address it runs at and put where it lies on the disk.

        bits 16
        cpu pentium

%include "layout.asm"

        section boot start=0 vstart=BOOT_ORIGIN
%include "boot-sector.asm"

        section program start=512 vstart=PROGRAM_ORIGIN
        section variables nobits vstart=VARIABLES
variables_start:

        section program
%include "start.asm"
%include "disk.asm"
%include "screen.asm"
%include "palette.asm"
%include "numbers.asm"
%include "events.asm"
%include "mouse.asm"
%include "welcome.asm"
%include "vbe.asm"
%include "system-information.asm"
%include "input-test.asm"
%include "animation.asm"
%include "tune.asm"
%include "pci.asm"
%include "power-off.asm"
%include "note.asm"
%include "notepad.asm"
%include "picture.asm"
%include "scene.asm"

        section variables
variables_end:
        section program

PROGRAM_BYTES equ $ - $$
%if PROGRAM_BYTES > PROGRAM_SECTORS * 512
%error The program is larger than its sectors
%endif
        times PROGRAM_SECTORS * 512 - PROGRAM_BYTES db 0

        section kept start=32256                ; PARTITION_LBA * 512; nasm wants a number here
        times (DISK_SECTORS - PARTITION_LBA) * 512 db 0
