; Where things lie, on the disk and in memory. assets/demo/README.md draws both.

; --- the disk, in sectors of 512 bytes -------------------------------------------------------------------------------------
DISK_SECTORS     equ 2048               ; 1 MiB
PROGRAM_LBA      equ 1                  ; to 62: the gap that partitioning leaves before a disk's first track of data
PROGRAM_SECTORS  equ 62
PARTITION_LBA    equ 63                 ; a partition of type DAh, "no file system", holds what the program keeps
BOOTS_LBA        equ 64                 ; counter of boots, one sector
NOTE_LBA         equ 72                 ; the notepad's text
NOTE_SECTORS     equ 8

; --- memory, all in segment 0 ----------------------------------------------------------------------------------------------
VARIABLES        equ 0x0600             ; to the stack: zeroed at the start
STACK_TOP        equ 0x7c00
BOOT_ORIGIN      equ 0x7c00
PROGRAM_ORIGIN   equ 0x8000
; Segments of 64 KiB for what is computed.
WORK_SEGMENT     equ 0x2000
TABLE_SEGMENT    equ 0x3000
SECOND_SEGMENT   equ 0x4000

; --- the BIOS data area ----------------------------------------------------------------------------------------------------
BDA_KEY_HEAD     equ 0x041a
BDA_KEY_TAIL     equ 0x041c
BDA_SHIFTS       equ 0x0417
BDA_TICKS        equ 0x046c

; --- the text screen -------------------------------------------------------------------------------------------------------
TEXT_SEGMENT     equ 0xb800
%define AT(row, column) (((row) * 80 + (column)) * 2)

; Attributes by what they are for; palette.asm says what the sixteen colours look like.
PAPER            equ 0x07               ; text on the screen's own ground
PAPER_DIM        equ 0x08
PAPER_ACCENT     equ 0x0b
PANEL            equ 0x17               ; text on a panel
PANEL_DIM        equ 0x18
PANEL_STRONG     equ 0x1f
PANEL_ACCENT     equ 0x1b
PANEL_GOLD       equ 0x1e
PANEL_GOOD       equ 0x1a
PANEL_BAD        equ 0x1c
BAR              equ 0x2f               ; the title's line
BAR_ACCENT       equ 0x2e
CHOSEN           equ 0x3f               ; the menu's bar
CHOSEN_KEY       equ 0x3e
KEYS             equ 0x17               ; the last line: which keys do what
KEYS_NAME        equ 0x1f

; In texts: the next byte is the attribute from here on.
INK              equ 1

; Keys as INT 16h gives them: scan code high, character low.
KEY_ESC          equ 0x011b
KEY_ENTER        equ 0x1c0d
KEY_UP           equ 0x4800
KEY_DOWN         equ 0x5000
KEY_LEFT         equ 0x4b00
KEY_RIGHT        equ 0x4d00
KEY_HOME         equ 0x4700
KEY_END          equ 0x4f00
KEY_PAGE_UP      equ 0x4900
KEY_PAGE_DOWN    equ 0x5100
KEY_DELETE       equ 0x5300
KEY_F2           equ 0x3c00

; What wait_event returns in BL.
EVENT_KEY        equ 1
EVENT_MOUSE      equ 2
EVENT_TICK       equ 3
