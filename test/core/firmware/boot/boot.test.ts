/** Boot order, boot menu, CDs, and what is said when nothing boots. */
import { describe, expect, it } from 'vitest'
import { MemoryBlockDevice } from '../../../../core/disk/memory-block-device.ts'
import type { DriveConfig } from '../../../../core/machine/machine.ts'
import { startMachine } from '../../../support/firmware-machine.ts'

const SECTOR = 512
const CD_SECTOR = 2048
const FLOPPY_BYTES = 1440 * 1024

/** Prints `letter` and the drive number in DL (as two characters from "@" up) at port E9h, then power off by the exit port. */
function bootSector(letter: string): Uint8Array {
  const sector = new Uint8Array(SECTOR)
  sector.set([
    ...[0xb0, letter.charCodeAt(0), 0xe6, 0xe9], // mov al, letter; out E9h, al
    ...[0x88, 0xd0, 0xe6, 0xe9], // mov al, dl; out E9h, al
    ...[0xb0, 0x00, 0xe6, 0xf4, 0xf4], // mov al, 0; out F4h, al; hlt
  ])
  sector.set([0x55, 0xaa], 510)
  return sector
}

/** Gives up by INT 18h. */
function givingUp(): Uint8Array {
  const sector = bootSector('x')
  sector.set([0xcd, 0x18])
  return sector
}

function disk(slot: 'hda' | 'hdb' | 'fda', sector: Uint8Array | undefined, bytes = 8 << 20): DriveConfig {
  const image = new Uint8Array(bytes)
  if (sector) image.set(sector)
  return { slot, kind: slot === 'fda' ? 'floppy' : 'disk', medium: new MemoryBlockDevice(image) }
}

const floppy = (sector: Uint8Array | undefined) => disk('fda', sector, FLOPPY_BYTES)

/** A CD whose image (in block 20) is booted with media type `type`, loading `sectors` of 512 bytes. */
function cd(type: number, image: Uint8Array, sectors = 1): DriveConfig {
  const bytes = new Uint8Array((20 + Math.max(Math.ceil(image.length / CD_SECTOR), 1)) * CD_SECTOR)
  const view = new DataView(bytes.buffer)
  const record = 17 * CD_SECTOR
  bytes.set([0, ...Buffer.from('CD001'), 1, ...Buffer.from('EL TORITO SPECIFICATION')], record)
  view.setUint32(record + 0x47, 19, true)
  const catalogue = 19 * CD_SECTOR
  bytes[catalogue] = 1
  view.setUint16(catalogue + 28, 0x10000 - 0xaa55 - 1, true)
  view.setUint16(catalogue + 30, 0xaa55, true)
  bytes.set([0x88, type], catalogue + 32)
  view.setUint16(catalogue + 38, sectors, true)
  view.setUint32(catalogue + 40, 20, true)
  bytes.set(image, 20 * CD_SECTOR)
  return {
    slot: 'hdc',
    kind: 'cdrom',
    medium: new MemoryBlockDevice(bytes, { sectorBytes: CD_SECTOR, readOnly: true }),
  }
}

/** What the boot program said: its letter, and the drive number. */
function booted(drives: readonly DriveConfig[], bootOrder: readonly ('floppy' | 'cdrom' | 'disk')[]) {
  const guest = startMachine({ drives, bootOrder })
  guest.runToEnd()
  const [letter = 0, drive = 0] = guest.output
  return `${String.fromCharCode(letter)} ${drive.toString(16)}`
}

describe('Boot order', () => {
  it('takes the first device that boots', () => {
    expect(booted([floppy(bootSector('F')), disk('hda', bootSector('D'))], ['floppy', 'disk'])).toBe('F 0')
    expect(booted([floppy(bootSector('F')), disk('hda', bootSector('D'))], ['disk', 'floppy'])).toBe('D 80')
  })

  it('goes past blank disks and empty drives', () => {
    const drives: DriveConfig[] = [
      floppy(undefined),
      { slot: 'hdc', kind: 'cdrom', medium: undefined },
      disk('hda', bootSector('D')),
    ]
    expect(booted(drives, ['floppy', 'cdrom', 'disk'])).toBe('D 80')
  })

  it('takes floppies of the first systems, which have no signature', () => {
    const sector = bootSector('F')
    sector.set([0, 0], 510)
    expect(booted([floppy(sector)], ['floppy'])).toBe('F 0')
  })

  it('goes on after a program that gives up with INT 18h', () => {
    expect(booted([floppy(givingUp()), disk('hda', bootSector('D'))], ['floppy', 'disk'])).toBe('D 80')
  })

  it('makes the second disk drive 80h when the first one does not boot', () => {
    expect(booted([disk('hda', undefined), disk('hdb', bootSector('D'))], ['disk'])).toBe('D 80')
  })
})

describe('Bootable CDs', () => {
  it('start without emulation as their own drive', () => {
    expect(booted([cd(0, bootSector('C'))], ['cdrom'])).toBe('C e0')
  })

  it('start as an emulated floppy, 00h', () => {
    const image = new Uint8Array(FLOPPY_BYTES)
    image.set(bootSector('E'))
    expect(booted([cd(2, image)], ['cdrom'])).toBe('E 0')
  })

  it('start as an emulated hard disk, 80h', () => {
    const image = new Uint8Array(1 << 20)
    image.set(bootSector('H'))
    image.set([0x80, 1, 1, 0, 6, 15, 63, 1, 1, 0, 0, 0, 0xc0, 7, 0, 0], 0x1be)
    expect(booted([cd(4, image)], ['cdrom'])).toBe('H 80')
  })

  it('are passed over when their catalogue is damaged', () => {
    const broken = cd(0, bootSector('C'))
    ;(broken.medium as MemoryBlockDevice).bytes[19 * CD_SECTOR + 30] = 0
    expect(booted([broken, disk('hda', bootSector('D'))], ['cdrom', 'disk'])).toBe('D 80')
  })
})

describe('A machine that finds nothing to start from', () => {
  const drives = () => [
    floppy(undefined),
    { slot: 'hdc', kind: 'cdrom', medium: undefined } as const,
    disk('hda', undefined),
  ]

  it('says what it has tried and what to do', () => {
    const guest = startMachine({ drives: drives() })
    guest.runUntil(() => guest.screen().includes('restarts the machine'))
    expect(guest.screen()).toMatchInlineSnapshot(`
      "Vitrine BIOS 0.1.0 - 16 MiB - 1 hard disk - 1 CD drive - F12: boot menu

      This machine found nothing to start from:

        Floppy drive A: the disk is blank or not formatted
        CD drive, IDE 1 master: no CD in the drive
        Hard disk, IDE 0 master: the disk is blank

      Insert a system disk or CD, or attach another image, then press Enter to try
      again. F12 shows the boot menu, Ctrl-Alt-Del restarts the machine."
    `)
  })

  it('starts a disk that is inserted, after Enter', () => {
    const guest = startMachine({ drives: drives() })
    guest.runUntil(() => guest.screen().includes('restarts the machine'))
    const image = new Uint8Array(FLOPPY_BYTES)
    image.set(bootSector('F'))
    guest.machine.insert('fda', new MemoryBlockDevice(image))
    guest.press('Enter')
    expect(guest.runToEnd().reason).toBe('exit')
    expect(guest.output[0]).toBe(0x46)
  })
})

describe('The boot menu', () => {
  const drives = () => [floppy(bootSector('F')), disk('hda', bootSector('D')), disk('hdb', bootSector('E'))]

  it('is on the screen when the machine is told to show it, and starts what is chosen', () => {
    const guest = startMachine({ drives: drives(), bootMenu: true })
    guest.runUntil(() => guest.screen().includes('Esc goes on'))
    expect(guest.screen()).toMatchInlineSnapshot(`
      "
        Vitrine BIOS 0.1.0
        Start from:

         1  Floppy drive A
         2  Hard disk, IDE 0 master
         3  Hard disk, IDE 0 slave

        Up, Down or a digit chooses, Enter starts, Esc goes on in the boot order."
    `)
    guest.press('ArrowDown')
    guest.press('ArrowDown')
    guest.press('Enter')
    guest.runToEnd()
    expect(guest.output).toEqual([0x45, 0x80])
  })

  it('comes by F12 typed while the machine starts, and takes digits', () => {
    const guest = startMachine({ drives: drives() })
    guest.press('F12')
    guest.runUntil(() => guest.screen().includes('Esc goes on'))
    guest.press('Digit2')
    guest.runToEnd()
    expect(guest.output).toEqual([0x44, 0x80])
  })

  it('goes on in the boot order after Esc', () => {
    const guest = startMachine({ drives: drives(), bootMenu: true })
    guest.runUntil(() => guest.screen().includes('Esc goes on'))
    guest.press('Escape')
    guest.runToEnd()
    expect(guest.output).toEqual([0x46, 0x00])
  })
})

describe('Power-on', () => {
  it('takes less than ten milliseconds of guest time to the boot program', () => {
    const guest = startMachine({ drives: [disk('hda', bootSector('D'))] })
    guest.runToEnd()
    expect(guest.machine.clock.nowNs()).toBeLessThan(10_000_000)
  })
})
