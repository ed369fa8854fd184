/**
 * Keyboard, mouse and floppy services of our BIOS against SeaBIOS on the same machine: a boot program that asks for input and
 * writes what it gets to port E9h, the same keys, movements and disks under both.
 */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { KeyCode } from '../../../../core/contract/key-codes.ts'
import { MemoryBlockDevice } from '../../../../core/disk/memory-block-device.ts'
import type { MachineConfig } from '../../../../core/machine/machine.ts'
import { assemble, startMachine, type TestMachine } from '../../../support/firmware-machine.ts'
import { describeWith, pathOf } from '../../../support/needs.ts'
import { seabios, tool } from '../../../support/tools.ts'

const NASM = tool('nasm')
const BIOS = seabios('bios-256k.bin')
const VGA_BIOS = seabios('vgabios-stdvga.bin')
const NEEDS = [NASM, BIOS, VGA_BIOS]
/** The program wants the next action. */
const READY = 0x3f

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
    mov [drive], dl
    sti
    jmp body
drive: db 0
ready:
    push ax
    mov al, '?'
    out 0xe9, al
    pop ax
    ret
word_out:
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
    times 510 - ($ - $$) db 0
    dw 0xaa55
`

type Action = (guest: TestMachine) => void

/** Output of the program, split where it was ready for an action; actions are done one at each of these places. */
function play(source: string, actions: readonly Action[], changes: Partial<MachineConfig>): string[] {
  const image = new Uint8Array(8 << 20)
  image.set(assemble(pathOf(NASM), program(source)))
  const { drives = [], ...rest } = changes
  const disk = { slot: 'hda', kind: 'disk', medium: new MemoryBlockDevice(image) } as const
  const guest = startMachine({ bootOrder: ['disk'], drives: [disk, ...drives], ...rest })
  const parts: string[] = []
  for (const action of actions) {
    guest.runUntil(() => guest.output.includes(READY))
    const at = guest.output.indexOf(READY)
    parts.push(Buffer.from(guest.output.splice(0, at + 1)).toString('hex'))
    action(guest)
  }
  guest.runToEnd()
  return [...parts, Buffer.from(guest.output).toString('hex')]
}

function both(source: string, actions: readonly Action[], drives: () => MachineConfig['drives'] = () => []) {
  const other = {
    bios: new Uint8Array(readFileSync(pathOf(BIOS))),
    vgaBios: new Uint8Array(readFileSync(pathOf(VGA_BIOS))),
  }
  return {
    ours: play(source, actions, { drives: drives() }),
    theirs: play(source, actions, { drives: drives(), firmware: other }),
  }
}

/** Waits for COUNT keys by AH=10h; each is written with the flags of AH=12h. */
const readKeys = (count: number) => `
    mov cx, ${count}
.next:
    call ready
    mov ah, 0x10
    int 0x16
    call word_out
    mov ah, 0x12
    int 0x16
    and al, 0x7f                ; SeaBIOS has no state for Insert
    call word_out
    loop .next
    jmp end
`

const KEYS: readonly KeyCode[] = [
  ...(['KeyA', 'KeyZ', 'Digit1', 'Digit2', 'Digit6', 'Minus', 'Equal', 'BracketLeft', 'BracketRight'] as const),
  ...(['Backslash', 'Semicolon', 'Quote', 'Backquote', 'Comma', 'Period', 'Slash', 'Space', 'Enter', 'Tab'] as const),
  ...(['Backspace', 'Escape', 'F1', 'F10', 'F11', 'F12', 'ArrowUp', 'ArrowLeft', 'Home', 'End', 'PageUp'] as const),
  ...(['PageDown', 'Insert', 'Delete', 'Numpad5', 'Numpad7', 'NumpadAdd', 'NumpadSubtract', 'NumpadMultiply'] as const),
  ...(['NumpadDivide', 'NumpadEnter', 'NumpadDecimal', 'IntlBackslash'] as const),
]

const tap =
  (...codes: KeyCode[]): Action =>
  (guest) =>
    guest.press(...codes)

/** Combinations that neither BIOS turns into a key. */
const NOT_WITH_CTRL: readonly KeyCode[] = [
  ...(['Digit1', 'Equal', 'Semicolon', 'Quote', 'Backquote', 'Comma', 'Period', 'Slash', 'IntlBackslash'] as const),
]
const NOT_WITH_ALT: readonly KeyCode[] = [...(['Numpad5', 'Numpad7', 'NumpadDecimal', 'IntlBackslash'] as const)]

function expectSameKeys(actions: readonly Action[]): void {
  const { ours, theirs } = both(readKeys(actions.length), actions)
  expect(ours).toEqual(theirs)
}

describeWith(NEEDS, 'The keyboard against SeaBIOS', () => {
  it('has the same keys', () => {
    expectSameKeys(KEYS.map((key) => tap(key)))
  })

  it('has the same keys with Shift', () => {
    expectSameKeys(KEYS.map((key) => tap('ShiftLeft', key)))
  })

  it('has the same keys with Ctrl', () => {
    expectSameKeys(KEYS.filter((key) => !NOT_WITH_CTRL.includes(key)).map((key) => tap('ControlLeft', key)))
  })

  it('has the same keys with Alt', () => {
    expectSameKeys(KEYS.filter((key) => !NOT_WITH_ALT.includes(key)).map((key) => tap('AltLeft', key)))
  })

  it('has the same locks', () => {
    const lock =
      (code: KeyCode, then: KeyCode): Action =>
      (guest) => {
        guest.press(code)
        guest.press(then)
      }
    expectSameKeys([
      lock('CapsLock', 'KeyQ'),
      tap('ShiftLeft', 'KeyQ'),
      tap('Digit3'),
      lock('CapsLock', 'KeyQ'),
      lock('NumLock', 'Numpad7'),
      tap('ShiftLeft', 'Numpad7'),
      lock('NumLock', 'Numpad7'),
      tap('ShiftRight', 'AltRight', 'KeyX'),
    ])
  })
})

describeWith([NASM], 'The keyboard beyond SeaBIOS', () => {
  it('makes characters of numbers that are typed on the keypad with Alt', () => {
    const alt: Action = ({ machine: { keyboard } }) => {
      keyboard.key('AltLeft', true)
      for (const code of ['Numpad1', 'Numpad6', 'Numpad5'] as const) {
        keyboard.key(code, true)
        keyboard.key(code, false)
      }
      keyboard.key('AltLeft', false)
    }
    expect(play(readKeys(1), [alt], {})).toEqual(['3f', 'a5000000'])
  })

  it('stops the machine at Pause until another key, which does nothing else', () => {
    const pause: Action = (guest) => {
      guest.press('Pause')
      for (let i = 0; i < 20; i++) guest.machine.runSlice(5_000_000)
      expect(guest.machine.memory.ram[0x418]).toBe(0x08)
      guest.press('KeyB')
      guest.press('KeyC')
    }
    expect(play(readKeys(1), [pause], {})).toEqual(['3f', '632e0000'])
  })

  it('restarts the machine at Ctrl-Alt-Del', () => {
    const restart: Action = (guest) => guest.press('ControlLeft', 'AltLeft', 'Delete')
    expect(play(readKeys(1), [restart, tap('KeyD')], {})).toEqual(['3f', '3f', '64200000'])
  })

  it('calls INT 1Bh and leaves a zero key at Ctrl-Break', () => {
    const handler = `
    mov word [0x1b * 4], broken
    mov [0x1b * 4 + 2], cs
    jmp first
broken:
    push ax
    mov al, 'B'
    out 0xe9, al
    pop ax
    iret
first:`
    const { ours } = { ours: play(`${handler}${readKeys(1)}`, [tap('ControlLeft', 'Pause')], {}) }
    expect(ours[0]).toBe('3f')
    expect(ours[1]).toMatch(/^420000/)
  })
})

/** The user's handler writes the low bytes of status, X, Y and Z, and a mark after COUNT packages. */
const mouse = (count: number) => `
    mov ax, 0xc205
    mov bh, 3
    int 0x15
    mov ax, 0xc207
    mov bx, handler
    int 0x15
    mov ax, 0xc203
    mov bh, 3
    int 0x15
    mov ax, 0xc200
    mov bh, 1
    int 0x15
    call word_out
.wait:
    call ready
    mov byte [seen], 0
.sleep:
    sti
    hlt
    cmp byte [seen], 0
    je .sleep
    dec byte [count]
    jnz .wait
    mov ax, 0xc200
    mov bh, 0
    int 0x15
    jmp end
seen: db 0
count: db ${count}
handler:
    push bp
    mov bp, sp
    push ax
    mov al, [bp + 12]
    out 0xe9, al
    mov al, [bp + 10]
    out 0xe9, al
    mov al, [bp + 8]
    out 0xe9, al
    mov al, [bp + 6]
    out 0xe9, al
    mov byte [cs:seen], 1
    pop ax
    pop bp
    retf
`

describeWith(NEEDS, 'The pointing device against SeaBIOS', () => {
  it('calls the handler with the same packages', () => {
    const actions: Action[] = [
      ({ machine }) => machine.mouse.move(5, 3),
      ({ machine }) => machine.mouse.move(-7, -2),
      ({ machine }) => machine.mouse.button('left', true),
      ({ machine }) => machine.mouse.button('left', false),
      ({ machine }) => machine.mouse.button('right', true),
    ]
    const { ours, theirs } = both(mouse(actions.length), actions)
    expect(ours).toEqual(theirs)
    expect(ours.join()).toContain('2805fd00')
  })
})

/** A call of INT 13h for drive 0; AX and CF are written, then CX, DX when `more`. */
const int13 = (ax: number, cx: number, dx: number, more = false) => `
    mov ax, ${ax}
    mov bx, 0x1000
    mov cx, ${cx}
    mov dx, ${dx}
    int 0x13
    pushf
    ${more ? 'push dx\n    push cx' : ''}
    mov al, 0
    call word_out
    ${more ? 'pop ax\n    call word_out\n    pop ax\n    call word_out' : ''}
    pop ax
    and al, 1
    out 0xe9, al
    xor ax, ax
    mov es, ax
    mov ax, [0x1000]
    call word_out
`

function floppy(fill: number): MemoryBlockDevice {
  const bytes = new Uint8Array(1440 * 1024)
  for (let sector = 0; sector < 2880; sector++) bytes.fill((sector + fill) & 0xff, sector * 512, (sector + 1) * 512)
  return new MemoryBlockDevice(bytes)
}

describeWith(NEEDS, 'Floppies against SeaBIOS', () => {
  it('read the same sectors, write them, and refuse the same places', () => {
    const source = [
      int13(0x0000, 0, 0),
      int13(0x0201, 0x0001, 0),
      int13(0x0201, 0x0102, 0),
      int13(0x0202, 0x4f11, 0x0100),
      int13(0x0301, 0x0203, 0),
      int13(0x0201, 0x0203, 0),
      int13(0x0800, 0, 0, true),
      'jmp end',
    ].join('')
    const drives = () => [{ slot: 'fda', kind: 'floppy', medium: floppy(0) } as const]
    const { ours, theirs } = both(source, [], drives)
    expect(ours).toEqual(theirs)
  })
})
