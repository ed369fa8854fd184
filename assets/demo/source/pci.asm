; PCI configuration space by mechanism 1 (PCI local bus specification 2.1, 3.7.4.1), on bus 0, where chipsets are.

; EBX: address of a register (bit 31, device << 11, function << 8, register). Returns EAX.
pci_read:
        push dx
        mov eax, ebx
        and al, 0xfc
        mov dx, 0x0cf8
        out dx, eax
        mov dx, 0x0cfc
        in eax, dx
        pop dx
        ret

; Writes EAX there.
pci_write:
        push dx
        push eax
        mov eax, ebx
        and al, 0xfc
        mov dx, 0x0cf8
        out dx, eax
        pop eax
        mov dx, 0x0cfc
        out dx, eax
        pop dx
        ret

; Finds the function whose vendor and device are EAX. EBX: its register 0, or carry.
pci_find:
        mov ecx, eax
        mov ebx, 0x80000000
.next:
        call pci_read
        cmp eax, ecx
        je .found
        add ebx, 0x100                  ; the next function, and from the eighth to the next device
        cmp ebx, 0x80010000
        jb .next
        stc
        ret
.found:
        clc
        ret
