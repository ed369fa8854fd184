/** Recognition against media that other programs have made: mtools, genisoimage, and the guests themselves. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BytesStore } from '../../../../core/disk/recognise/bytes-store.ts'
import { kindOfHead } from '../../../../core/disk/recognise/file-head.ts'
import { type Recognised, recognise } from '../../../../core/disk/recognise/recognise.ts'
import { fileImageHost } from '../../../../worker/files/image-host.ts'
import { describeWith, pathOf } from '../../../support/needs.ts'
import { shared } from '../../../support/shared.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'
import { tool } from '../../../support/tools.ts'

const mtools = [tool('mformat'), tool('mcopy'), tool('mmd')]
const genisoimage = tool('genisoimage')

function look(bytes: Uint8Array, name = 'image'): Recognised {
  return recognise(new BytesStore(bytes), { name, image: { path: `/${name}`, host: fileImageHost } })
}

type Files = Readonly<Record<string, string>>

/** A FAT image that mtools have made; `kib` decides between floppy and disk. */
function fatImage(kib: number, files: Files, options: readonly string[] = []): Buffer {
  const folder = temporaryFolder()
  const image = join(folder, 'fat.img')
  writeFileSync(image, new Uint8Array(kib * 1024))
  const format = kib <= 2880 ? ['-f', String(kib)] : ['-T', String(kib * 2), '-h', '16', '-s', '63']
  execFileSync('mformat', ['-i', image, ...format, ...options, '::'])
  const folders = new Set(Object.keys(files).map((path) => dirname(path)))
  folders.delete('.')
  for (const each of folders) execFileSync('mmd', ['-i', image, `::${each}`])
  for (const [path, text] of Object.entries(files)) {
    writeFileSync(join(folder, 'file'), text)
    execFileSync('mcopy', ['-i', image, join(folder, 'file'), `::${path}`])
  }
  return readFileSync(image)
}

function isoImage(files: Files, options: readonly string[]): Buffer {
  const folder = temporaryFolder()
  const root = join(folder, 'root')
  mkdirSync(root)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  execFileSync('genisoimage', ['-quiet', '-o', join(folder, 'cd.iso'), ...options, root], { stdio: 'ignore' })
  return readFileSync(join(folder, 'cd.iso'))
}

/** A disk whose first partition, of this type, is `volume`. */
function partitioned(type: number, volume: Uint8Array): Buffer {
  const start = 63
  const disk = Buffer.alloc((start + 1) * 512 + volume.length)
  disk.set([0x80, 1, 1, 0, type, 0xfe, 0x3f, 0x10], 446)
  disk.writeUInt32LE(start, 454)
  disk.writeUInt32LE(volume.length / 512, 458)
  disk.set([0x55, 0xaa], 510)
  disk.set(volume, start * 512)
  return disk
}

describeWith(mtools, 'recognition of FAT media', () => {
  const nothing = { system: undefined }

  test.each<[string, number, Files, string, string]>([
    ['FreeDOS by its kernel', 1440, { 'KERNEL.SYS': '', 'COMMAND.COM': '' }, 'freedos', 'certain'],
    ['MS-DOS by its files', 720, { 'IO.SYS': '', 'MSDOS.SYS': '', 'COMMAND.COM': '' }, 'ms-dos', 'likely'],
    ['a Windows 98 start disk', 1440, { 'IO.SYS': '', 'EBD.SYS': '', 'MSDOS.SYS': ';W98EBD' }, 'windows-98', 'likely'],
    ['KolibriOS by its kernel', 1440, { 'KERNEL.MNT': '' }, 'menuetos', 'likely'],
    ['SYSLINUX', 1440, { 'LDLINUX.SYS': '' }, 'linux', 'likely'],
  ])('floppy: %s', (_, kib, files, system, strength) => {
    expect(look(fatImage(kib, files))).toMatchObject({ kind: 'floppy', system: { system, strength } })
  })

  test.each<[string, Files, string, string]>([
    [
      'Windows 98',
      { 'MSDOS.SYS': '[Paths]\r\nWinDir=C:\\W\r\n[Options]\r\nWinVer=4.10.2222\r\n' },
      'windows-98',
      'WinVer=4.10.2222',
    ],
    ['Windows ME', { 'MSDOS.SYS': 'WinVer=4.90.3000', 'IO.SYS': '' }, 'windows-me', 'WinVer=4.90.3000'],
    ['Windows 3', { 'WINDOWS/PROGMAN.EXE': '', 'WINDOWS/WIN.COM': '', 'IO.SYS': '' }, 'windows-3', 'PROGMAN.EXE'],
    [
      'Windows NT 4',
      { NTLDR: '', 'BOOT.INI': '[operating systems]\r\nmulti(0)\\WINNT="Windows NT Workstation Version 4.00"' },
      'windows-nt-4',
      'Windows NT Workstation Version 4.00',
    ],
    [
      'Windows XP',
      { NTLDR: '', 'BOOT.INI': 'multi(0)\\WINDOWS="Microsoft Windows XP Professional" /fastdetect' },
      'windows-xp',
      'Microsoft Windows XP Professional',
    ],
    [
      'Windows 2000',
      { NTLDR: '', 'BOOT.INI': '"Microsoft Windows 2000 Server"' },
      'windows-2000',
      'Windows 2000 Server',
    ],
    ['OS/2', { OS2KRNL: '', OS2LDR: '' }, 'os2', 'OS2KRNL'],
    ['NetWare', { 'NWSERVER/SERVER.EXE': '', 'IO.SYS': '', 'MSDOS.SYS': '' }, 'netware', 'NWSERVER'],
  ])('hard disk: %s', (_, files, system, why) => {
    const found = look(partitioned(6, fatImage(20_160, files, ['-v', 'SOMEDISK'])))
    expect(found).toMatchObject({ kind: 'disk', bootable: true, label: 'SOMEDISK', system: { system } })
    expect(found.system?.reasons.join(' ')).toContain(why)
  })

  test('FAT32 roots are read along their chain', () => {
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`FILE${i}.TXT`, 'x']))
    const volume = fatImage(40_320, { ...many, 'KERNEL.SYS': '', 'COMMAND.COM': '' }, ['-F', '-c', '1'])
    expect(look(partitioned(0x0b, volume))).toMatchObject({ kind: 'disk', system: { system: 'freedos' } })
  })

  test('an empty floppy is a floppy with no system', () => {
    expect(look(fatImage(1440, {}, ['-v', 'EMPTY']))).toMatchObject({ kind: 'floppy', label: 'EMPTY', ...nothing })
  })
})

describeWith([genisoimage], 'recognition of CDs', () => {
  test.each<[string, Files, string[], string]>([
    ['Windows 98', { 'WIN98/SETUP.EXE': 'x' }, [], 'windows-98'],
    ['Windows XP', { WIN51: 'x', 'I386/TXTSETUP.SIF': 'x' }, [], 'windows-xp'],
    ['Windows 2000', { 'CDROM_NT.5': 'x', 'I386/TXTSETUP.SIF': 'x' }, [], 'windows-2000'],
    ['OpenBSD', { 'bsd.rd': 'x' }, ['-V', 'OpenBSD/i386 7.3 Install CD'], 'openbsd'],
    ['NetBSD', { netbsd: 'x' }, ['-V', 'NETBSD_93'], 'netbsd'],
    ['FreeBSD', { 'boot/loader': 'x', 'boot/kernel/kernel': 'x' }, [], 'freebsd'],
    ['ReactOS', { 'freeldr.sys': 'x' }, ['-V', 'REACTOS'], 'reactos'],
    ['Haiku', { a: 'x' }, ['-V', 'haiku-r1'], 'haiku'],
    ['Plan 9', { 'plan9.ini': 'x' }, [], 'plan9'],
    ['Debian', { '.disk/info': 'Debian GNU/Linux 12.2.0 "Bookworm" - Official i386 NETINST' }, ['-r', '-J'], 'linux'],
  ])('%s', (_, files, options, system) => {
    expect(look(isoImage(files, options))).toMatchObject({ kind: 'cdrom', format: 'iso', system: { system } })
  })

  test('a CD for 64-bit processors, and one that starts with UEFI alone, are told', () => {
    const amd64 = isoImage({ '.disk/info': 'Debian GNU/Linux 12.2.0 - Official amd64 NETINST' }, ['-r'])
    expect(look(amd64).obstacle).toMatch(/64-bit/)
    const boot = { 'boot.img': 'x'.repeat(2048) }
    const bios = isoImage(boot, ['-b', 'boot.img', '-no-emul-boot', '-boot-load-size', '4', '-c', 'boot.cat'])
    expect(look(bios)).toMatchObject({ bootable: true, obstacle: undefined })
    const efi = Buffer.from(bios)
    // The platform of the catalogue's validation entry; El Torito 1.0, 2.1. Its checksum is not looked at.
    efi[efi.readUInt32LE(17 * 2048 + 71) * 2048 + 1] = 0xef
    expect(look(efi).obstacle).toMatch(/UEFI/)
  })
})

describe('recognition of other files', () => {
  test('nothing that is no image becomes one', () => {
    expect(() => look(Buffer.from('Dear Sir or Madam'))).toThrow(/no disk image/)
    expect(() => look(new Uint8Array())).toThrow(/empty/)
    const gzip = Buffer.concat([Buffer.from([0x1f, 0x8b, 8]), new Uint8Array(600)])
    expect(() => look(gzip)).toThrow(/gzip/)
  })

  test('kernels and initial file systems', () => {
    const kernel = Buffer.alloc(8192)
    kernel.set([0x55, 0xaa], 0x1fe)
    kernel.write('HdrS\x0c\x02', 0x202, 'latin1')
    kernel.writeUInt16LE(0x100, 0x20e)
    kernel.write('2.4.37-test (me@here) #1', 0x300, 'latin1')
    expect(look(kernel)).toMatchObject({
      kind: 'kernel',
      format: 'bzImage',
      system: { system: 'linux', version: '2.4.37-test' },
    })
    const multiboot = Buffer.alloc(4096)
    multiboot.writeUInt32LE(0x1bad_b002, 1024)
    multiboot.writeUInt32LE(3, 1028)
    multiboot.writeUInt32LE(-(0x1bad_b002 + 3) >>> 0, 1032)
    expect(look(multiboot)).toMatchObject({ kind: 'kernel', format: 'Multiboot', system: undefined })
    multiboot.writeUInt32LE(4, 1028)
    expect(() => kindOfHead(multiboot, 4096)).not.toThrow()
    expect(kindOfHead(multiboot, 4096)).toBeUndefined()
    expect(look(Buffer.from(`070701${'0'.repeat(506)}`))).toMatchObject({ kind: 'initrd', format: 'cpio' })
  })

  test.each([
    [
      'NTFS of XP',
      7,
      [
        [3, 'NTFS    '],
        [0x180, 'N\0T\0L\0D\0R\0 is missing'],
      ],
      'windows-xp',
    ],
    [
      'NTFS of 7',
      7,
      [
        [3, 'NTFS    '],
        [0x180, 'BOOTMGR is missing'],
      ],
      'windows-7',
    ],
    ['ext', 0x83, [[1080, '\x53\xef']], 'linux'],
    ['Be', 0xeb, [[544, '1SFB']], 'beos'],
    ['HPFS', 7, [[54, 'HPFS']], 'os2'],
    ['OpenBSD', 0xa6, [], 'openbsd'],
    ['Minix', 0x81, [[1040, '\x8f\x13']], 'minix'],
    ['QNX', 0x4d, [], 'qnx'],
  ] as [string, number, [number, string][], string][])('a partition: %s', (_, type, marks, system) => {
    const volume = Buffer.alloc(64 * 1024)
    for (const [at, text] of marks) volume.write(text, at, 'latin1')
    expect(look(partitioned(type, volume)).system?.system).toBe(system)
  })
})

const freedos = shared('guests/freedos722.img')
const linux = shared('guests/linux-686.iso')
describeWith([freedos, linux], 'recognition of real systems', () => {
  test('FreeDOS and Linux with its version', () => {
    expect(look(readFileSync(pathOf(freedos)))).toMatchObject({
      kind: 'floppy',
      bootable: true,
      label: 'FREEDOS',
      system: { system: 'freedos', strength: 'certain' },
    })
    expect(look(readFileSync(pathOf(linux)))).toMatchObject({
      kind: 'cdrom',
      bootable: true,
      system: { system: 'linux', strength: 'certain', version: '6.1.0-50-686' },
    })
  })
})
