/** What the BIOS does over time and with its devices: waits, block moves, resets, changed disks, hosts that fail. */
import { expect, it } from 'vitest'
import { AppError } from '../../../../core/base/errors.ts'
import { MemoryBlockDevice } from '../../../../core/disk/memory-block-device.ts'
import type { MachineConfig } from '../../../../core/machine/machine.ts'
import { assemble, startMachine } from '../../../support/firmware-machine.ts'
import { describeWith, pathOf } from '../../../support/needs.ts'
import { tool } from '../../../support/tools.ts'

const NASM = tool('nasm')
const MS = 1e6

const program = (body: string) => `
bits 16
org 0x7c00
    jmp 0:main
main:
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, 0x7c00
    sti
    jmp body
; AX, low byte first
say:
    out 0xe9, al
    xchg al, ah
    out 0xe9, al
    xchg al, ah
    ret
end:
    mov al, 0
    out 0xf4, al
    hlt
body:
${body}
    jmp end
    times 510 - ($ - $$) db 0
    dw 0xaa55
`

function guest(body: string, drives: MachineConfig['drives'] = []) {
  const image = new Uint8Array(8 << 20)
  image.set(assemble(pathOf(NASM), program(body)))
  const disk = { slot: 'hda', kind: 'disk', medium: new MemoryBlockDevice(image) } as const
  return startMachine({ bootOrder: ['disk'], drives: [disk, ...drives] })
}

const hex = (bytes: readonly number[]) => Buffer.from(bytes).toString('hex')

describeWith([NASM], 'INT 15h', () => {
  it.each([1, 5, 50, 200])('AH=86h waits %d milliseconds', (milliseconds) => {
    const us = milliseconds * 1000
    const machine = guest(`
    mov al, '1'
    out 0xe9, al
    mov ah, 0x86
    mov cx, ${us >>> 16}
    mov dx, ${us & 0xffff}
    int 0x15
    mov al, '2'
    out 0xe9, al`)
    const times: number[] = []
    const [com1] = machine.machine.serialPorts
    if (com1) com1.onOutput = () => void times.push(machine.machine.clock.nowNs())
    machine.runToEnd()
    const waitedMs = ((times[1] ?? 0) - (times[0] ?? 0)) / MS
    expect(waitedMs).toBeGreaterThanOrEqual(milliseconds)
    expect(waitedMs).toBeLessThan(milliseconds + 1)
  })

  it('AH=83h sets a flag after its time, and not twice at once', () => {
    const machine = guest(`
    mov ax, 0x8300
    mov cx, 0
    mov dx, 20000
    mov bx, flag
    int 0x15
    call say
    mov ax, 0x8300
    int 0x15
    call say
.wait:
    hlt
    test byte [flag], 0x80
    jz .wait
    mov al, 'F'
    out 0xe9, al
    jmp end
flag: db 0`)
    machine.runToEnd()
    expect(hex(machine.output)).toMatch(/^..00..8346$/)
    expect(machine.machine.clock.nowNs()).toBeGreaterThan(19 * MS)
  })

  it('AH=87h moves a block above 1 MiB and back', () => {
    const machine = guest(`
    mov word [0x1000], 0x1234
    mov si, up
    mov cx, 1
    mov ah, 0x87
    int 0x15
    mov word [0x1000], 0
    mov si, down
    mov cx, 1
    mov ah, 0x87
    int 0x15
    mov ax, [0x1000]
    call say
    jmp end
up: times 16 db 0
    dw 0xffff, 0x1000, 0x9300, 0
    dw 0xffff, 0x0000, 0x9320, 0
    times 16 db 0
down: times 16 db 0
    dw 0xffff, 0x0000, 0x9320, 0
    dw 0xffff, 0x1000, 0x9300, 0
    times 16 db 0`)
    machine.runToEnd()
    expect(hex(machine.output)).toBe('3412')
    expect([...machine.machine.memory.ram.subarray(0x20_0000, 0x20_0002)]).toEqual([0x34, 0x12])
  })
})

describeWith([NASM], 'A reset of the processor', () => {
  it('returns to the address at 0040:0067 when CMOS says so', () => {
    const machine = guest(`
    mov word [0x467], back
    mov word [0x469], 0
    mov al, 0x8f
    out 0x70, al
    mov al, 0x0a
    out 0x71, al
    mov al, 0xfe
    out 0x64, al
.stop:
    hlt
    jmp .stop
back:
    mov al, 'R'
    out 0xe9, al
    mov al, 0x8f                ; said once only
    out 0x70, al
    in al, 0x71
    out 0xe9, al`)
    machine.runToEnd()
    expect(hex(machine.output)).toBe('5200')
  })

  it('starts anew otherwise', () => {
    const machine = guest(`
    mov al, 'S'
    out 0xe9, al
    cmp word [0x9000], 0x5aa5
    je end
    mov word [0x9000], 0x5aa5
    mov al, 0xfe
    out 0x64, al
.stop:
    hlt
    jmp .stop`)
    machine.runToEnd()
    expect(hex(machine.output)).toBe('5353')
  })
})

const readFloppy = (mark: string) => `
    mov ax, 0x0201
    mov bx, 0x1000
    mov cx, 1
    mov dx, 0
    int 0x13
    mov al, [0x1000]
    call say
    mov al, '${mark}'
    out 0xe9, al
    mov ah, 0
    int 0x16
`

describeWith([NASM], 'Floppy disks', () => {
  it('are reported as changed once, and as missing when they are out', () => {
    const medium = (fill: number) => new MemoryBlockDevice(new Uint8Array(1440 * 1024).fill(fill))
    const body = [readFloppy('1'), readFloppy('2'), readFloppy('3'), readFloppy('4')].join('')
    const machine = guest(body, [{ slot: 'fda', kind: 'floppy', medium: medium(0x11) }])
    const at = (mark: string) => () => machine.output.includes(mark.charCodeAt(0))
    machine.runUntil(at('1'))
    machine.machine.insert('fda', medium(0x22))
    machine.press('Enter')
    machine.runUntil(at('2'))
    machine.press('Enter')
    machine.runUntil(at('3'))
    machine.machine.eject('fda')
    machine.press('Enter')
    machine.runUntil(at('4'))
    // Read; changed; read again; not ready.
    expect(hex(machine.output)).toBe('1100311106322200332280' + '34')
  })
})

/** A disk whose next write meets a full host. */
class FullOnce extends MemoryBlockDevice {
  failures = 1

  override writeSectors(lba: number, count: number, from: Uint8Array, offset = 0): void {
    if (this.failures-- > 0) throw new AppError('disk/full', 'No space is left on the host')
    super.writeSectors(lba, count, from, offset)
  }
}

describeWith([NASM], 'A host that cannot write', () => {
  it('is a drive that fails, which the next call may find in order again', () => {
    const medium = new FullOnce(new Uint8Array(1440 * 1024))
    const machine = guest(
      `
    mov byte [0x1000], 0x77
    mov ax, 0x0301
    mov bx, 0x1000
    mov cx, 2
    mov dx, 0
    int 0x13
    call say
    mov ax, 0x0301
    int 0x13
    call say`,
      [{ slot: 'fda', kind: 'floppy', medium }],
    )
    machine.runToEnd()
    // The controller has failed (20h), with AL as it was; then the sector is written.
    expect(hex(machine.output)).toBe('01200100')
    expect(medium.bytes[512]).toBe(0x77)
  })
})
