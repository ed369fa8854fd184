/** Media made of ordinary files, read by guests: FreeDOS a floppy with short names, Linux a CD by Joliet and by Rock Ridge. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeFatFloppy } from '../../core/disk/make/fat-floppy.ts'
import { planIso } from '../../core/disk/make/iso-image.ts'
import { guestFolder, runGuest } from '../support/guest.ts'
import { describeWith, pathOf } from '../support/needs.ts'
import { shared } from '../support/shared.ts'

const freedos = shared('guests/freedos722.img')
const kernel = shared('guests/vmlinuz-686')
const initrd = shared('guests/initrd-686.gz')

const TEXT = Buffer.from('Kept in a folder with a long name\n')
const ENTRY = {
  path: 'a folder with a long name/greetings from me.txt',
  isFolder: false,
  sizeBytes: TEXT.length,
  modifiedMs: 9e11,
}

describeWith([freedos], 'a floppy made of files', () => {
  it('is read by FreeDOS', async () => {
    const floppy = join(guestFolder(), 'files.img')
    const options = { label: 'MINE', serialNumber: 1, timeZoneMinutes: 0 }
    writeFileSync(
      floppy,
      makeFatFloppy([ENTRY], (_, into) => into.set(TEXT), options),
    )
    const { status, stderr } = await runGuest(
      ['--memory', '16', '--fda', pathOf(freedos), '--fdb', floppy, '--boot', 'a', '--snapshot', '--timeout', '300'],
      [
        String.raw`wait "A:\\>" 60`,
        String.raw`type "dir b:\\a_fold~1\r"`,
        'wait "GREETI~1 TXT" 60',
        String.raw`type "type b:\\a_fold~1\\greeti~1.txt\r"`,
        'wait "Kept in a folder with a long name" 60',
        'quit',
      ],
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })
})

describeWith([kernel, initrd], 'a CD made of files', () => {
  it('is mounted by Linux with Rock Ridge, with Joliet, and with neither', async () => {
    const cd = join(guestFolder(), 'files.iso')
    const plan = planIso([ENTRY], { label: 'Mine', createdMs: 9e11 })
    const image = new Uint8Array(plan.sectors * 2048)
    image.set(plan.head)
    image.set(TEXT, plan.head.length)
    writeFileSync(cd, image)
    const shell = (command: string, answer: string) => [
      `serial ${JSON.stringify(`${command}; echo END-$((6*7))-${answer}\n`)}`,
      `wait "END-42-${answer}" 300`,
    ]
    const { status, stderr, stdout } = await runGuest(
      [
        ...['--memory', '256', '--timeout', '3000', '--kernel', pathOf(kernel), '--initrd', pathOf(initrd)],
        ...['--append', 'console=tty0 console=ttyS0 quiet cryptomgr.notests', '--cdrom', cd],
      ],
      [
        'wait "GUEST-READY" 900',
        ...shell('modprobe ata_piix; modprobe sr_mod; modprobe isofs; modprobe nls_utf8; sleep 3; mkdir /cd', 'a'),
        ...shell('mount -t iso9660 -o ro,nojoliet /dev/sr0 /cd; echo ROCK; ls /cd/*/; cat /cd/*/*; umount /cd', 'b'),
        ...shell('mount -t iso9660 -o ro,norock /dev/sr0 /cd; echo JOLIET; ls /cd/*/; cat /cd/*/*; umount /cd', 'c'),
        ...shell('mount -t iso9660 -o ro,norock,nojoliet /dev/sr0 /cd; echo PLAIN; ls /cd/*/; cat /cd/*/*', 'd'),
        'quit',
      ],
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const parts = stdout.replaceAll('\r', '').split(/^(?=ROCK|JOLIET|PLAIN)/m)
    const after = (name: string) => parts.find((part) => part.startsWith(`${name}\n`)) ?? ''
    expect(after('ROCK')).toMatch(/greetings from me\.txt\nKept in a folder/)
    expect(after('JOLIET')).toMatch(/greetings from me\.txt\nKept in a folder/)
    expect(after('PLAIN')).toMatch(/greeti_1\.txt\nKept in a folder/)
  })
})
