/**
 * What tells which system is on a medium. Rows only: each names the system, how much it says, and what it looks for; the first
 * of the strongest wins. Sources: file names on the systems' own disks and CDs; partition types as listed by fdisk.
 */
import type { Evidence } from './evidence.ts'

/** How much a clue says: it can be nothing else, it is most likely that, it is at least possible. */
export const STRENGTHS = ['possible', 'likely', 'certain'] as const
export type Strength = (typeof STRENGTHS)[number]

export interface Clue {
  /** A template, or a family that a version belongs to ("linux"). */
  readonly system: string
  readonly strength: Strength
  /** Why, in a sentence for the user; undefined when the medium does not show it. */
  readonly find: (evidence: Evidence) => string | undefined
}

type Find = Clue['find']

const when =
  (test: (evidence: Evidence) => boolean, why: string): Find =>
  (evidence) =>
    test(evidence) ? why : undefined

/** All of these files or folders are there. */
const files = (...paths: string[]): Find =>
  when((evidence) => paths.every((path) => evidence.has(path)), `It holds ${paths.join(' and ')}`)

/** A text file says something. */
const says =
  (path: string, pattern: RegExp): Find =>
  (evidence) => {
    const found = pattern.exec(evidence.text(path))?.[0].trim()
    return found === undefined ? undefined : `${path} says “${found}”`
  }

const boot =
  (pattern: RegExp): Find =>
  (evidence) => {
    const found = pattern.exec(evidence.bootText)?.[0].trim()
    return found === undefined ? undefined : `Its boot code names ${found.replaceAll(/ +/g, ' ')}`
  }

const oem =
  (pattern: RegExp): Find =>
  (evidence) => {
    const found = evidence.oemNames.find((name) => pattern.test(name))
    return found === undefined ? undefined : `Its boot sector was written by “${found.trim()}”`
  }

const label =
  (pattern: RegExp): Find =>
  (evidence) =>
    pattern.test(evidence.label) ? `Its volume is called ${evidence.label}` : undefined

const identified =
  (pattern: RegExp): Find =>
  (evidence) => {
    const found = evidence.identifiers.find((line) => pattern.test(line))
    return found === undefined ? undefined : `Its descriptor says “${found}”`
  }

const partition = (types: readonly number[], what: string): Find =>
  when(({ partitions }) => partitions.some(({ type }) => types.includes(type)), `It has ${what} partition`)

const both =
  (a: Find, b: Find): Find =>
  (evidence) =>
    a(evidence) === undefined ? undefined : b(evidence)
const not =
  (find: Find): Find =>
  (evidence) =>
    find(evidence) === undefined ? '' : undefined

const onCd: Find = when(({ kind }) => kind === 'cdrom', '')
const clue = (system: string, strength: Strength, find: Find): Clue => ({ system, strength, find })

const NT_LOADER = files('NTLDR')

export const CLUES: readonly Clue[] = [
  // Windows NT and its successors: BOOT.INI names the version.
  clue('windows-xp', 'certain', says('BOOT.INI', /Microsoft Windows XP[^"\r\n]*/i)),
  clue('windows-2000', 'certain', says('BOOT.INI', /Microsoft Windows 2000[^"\r\n]*/i)),
  clue('windows-nt-4', 'certain', says('BOOT.INI', /Windows NT [^"\r\n]*4\.0+/i)),
  clue('windows-nt-3', 'certain', says('BOOT.INI', /Windows NT [^"\r\n]*3\.\d+/i)),
  clue('windows-xp', 'certain', files('WIN51')),
  clue('windows-2000', 'certain', files('CDROM_NT.5')),
  clue('windows-nt-4', 'certain', files('CDROM_W.40')),
  clue('windows-nt-4', 'certain', files('CDROM_S.40')),
  clue('windows-nt-3', 'likely', both(onCd, files('I386/TXTSETUP.SIF', 'I386/WINNT.EXE', 'MIPS'))),
  clue('windows-2000', 'possible', both(onCd, files('I386/TXTSETUP.SIF'))),
  clue('windows-xp', 'likely', boot(/NTLDR is (?:missing|compressed)/)),
  clue('windows-2000', 'possible', NT_LOADER),
  clue('windows-7', 'certain', boot(/BOOTMGR is (?:missing|compressed)/)),
  clue('windows-7', 'certain', both(onCd, files('SOURCES/BOOT.WIM'))),

  // Windows 95 to ME.
  clue('windows-me', 'certain', says('MSDOS.SYS', /WinVer=4\.9\d[\d.]*/i)),
  clue('windows-98', 'certain', says('MSDOS.SYS', /WinVer=4\.1\d[\d.]*/i)),
  clue('windows-95', 'certain', says('MSDOS.SYS', /WinVer=4\.0\d[\d.]*/i)),
  clue('windows-me', 'certain', both(onCd, files('WIN9X'))),
  clue('windows-98', 'certain', both(onCd, files('WIN98'))),
  clue('windows-95', 'certain', both(onCd, files('WIN95'))),
  clue('windows-me', 'certain', files('WINDOWS/PCHEALTH')),
  clue('windows-98', 'likely', files('WINDOWS/EXPLORER.EXE', 'WINDOWS/SCANREGW.EXE')),
  clue('windows-95', 'likely', both(not(NT_LOADER), files('WINDOWS/EXPLORER.EXE', 'WINDOWS/COMMAND'))),
  clue('windows-98', 'likely', files('EBD.SYS', 'IO.SYS')),
  clue('windows-95', 'possible', both(not(NT_LOADER), oem(/^MSWIN4\.\d/))),
  clue('windows-95', 'possible', boot(/WINBOOT SYS/)),

  // Windows on DOS.
  clue(
    'windows-3',
    'certain',
    both(not(files('WINDOWS/EXPLORER.EXE')), files('WINDOWS/PROGMAN.EXE', 'WINDOWS/WIN.COM')),
  ),
  clue('windows-3', 'likely', files('SETUP.INF', 'WINSETUP.EX_')),
  clue('windows-1', 'likely', files('WIN200.BIN')),
  clue('windows-1', 'likely', files('WIN100.BIN')),

  // FreeDOS before other DOS: it imitates them.
  clue('freedos', 'certain', files('KERNEL.SYS', 'COMMAND.COM')),
  clue('freedos', 'certain', boot(/FreeDOS/)),
  clue('freedos', 'likely', boot(/KERNEL {2}SYS/)),
  clue('freedos', 'likely', oem(/^(?:FreeDOS|FRDOS)/)),
  clue('freedos', 'likely', label(/^(?:FREEDOS|FD1\d)/)),
  clue('freedos', 'likely', files('FDCONFIG.SYS')),

  // OS/2, and DOS from Microsoft, IBM and Digital Research.
  clue('os2', 'certain', files('OS2KRNL')),
  clue('os2', 'certain', files('OS2LDR')),
  clue('os2', 'likely', boot(/OS2BOOT|OS2LDR/)),
  clue('os2', 'likely', both(onCd, files('OS2IMAGE'))),
  clue(
    'os2',
    'likely',
    when(({ marks }) => marks.has('hpfs'), 'It has an HPFS volume'),
  ),
  clue('os2', 'likely', oem(/^(?:OS2 |IBM 20)/)),
  clue('ms-dos', 'likely', boot(/IBMBIO {2}COM/)),
  clue('ms-dos', 'likely', boot(/IO {6}SYSMSDOS {3}SYS/)),
  clue('ms-dos', 'likely', files('IO.SYS', 'MSDOS.SYS')),
  clue('ms-dos', 'likely', files('IBMBIO.COM')),
  clue('ms-dos', 'likely', files('DRBIOS.SYS')),
  clue('ms-dos', 'possible', oem(/^(?:MSDOS|IBM {2}|PCDOS|DRDOS)/)),
  clue('ms-dos', 'possible', files('COMMAND.COM')),

  // NetWare starts from DOS.
  clue('xenix', 'likely', partition([0x02, 0x03], 'a Xenix')),
  clue('netware', 'certain', partition([0x64, 0x65], 'a NetWare')),
  clue('netware', 'certain', files('SERVER.EXE', 'STARTUP.NCF')),
  clue('netware', 'certain', files('NWSERVER')),

  // Others, by their own loaders and labels.
  clue('reactos', 'certain', files('FREELDR.SYS')),
  clue('reactos', 'certain', files('REACTOS')),
  clue('reactos', 'certain', label(/^REACTOS/i)),
  clue('reactos', 'likely', boot(/FREELDR/)),
  clue('kolibrios', 'certain', label(/^KOLIBRI/i)),
  clue('kolibrios', 'certain', both(boot(/KOLIBRI/i), files('KERNEL.MNT'))),
  clue('menuetos', 'likely', files('KERNEL.MNT')),
  clue('haiku', 'certain', label(/^HAIKU/i)),
  clue('haiku', 'likely', boot(/haiku_loader|Haiku/)),
  clue('beos', 'likely', label(/^BEOS/i)),
  clue(
    'beos',
    'likely',
    when(({ marks }) => marks.has('bfs'), 'It has a Be file system'),
  ),
  clue('beos', 'likely', partition([0xeb], 'a BeOS')),
  clue('minix', 'certain', label(/^MINIX/i)),
  clue('minix', 'likely', partition([0x80, 0x81], 'a Minix')),
  clue(
    'minix',
    'possible',
    when(({ marks }) => marks.has('minix'), 'It has a Minix file system'),
  ),
  clue('plan9', 'certain', label(/^9FRONT/i)),
  clue('plan9', 'certain', files('PLAN9.INI')),
  clue('plan9', 'certain', files('9LOAD')),
  clue('plan9', 'likely', label(/^PLAN ?9/i)),
  clue('plan9', 'likely', partition([0x39], 'a Plan 9')),
  clue('qnx', 'likely', partition([0x4d, 0x4e, 0x4f, 0x77, 0x78, 0x79], 'a QNX')),
  clue('qnx', 'likely', label(/^QNX/i)),
  clue('qnx', 'likely', boot(/QNX/)),

  // The BSDs.
  clue('openbsd', 'certain', label(/^OPENBSD/i)),
  clue('openbsd', 'certain', partition([0xa6], 'an OpenBSD')),
  clue('openbsd', 'certain', boot(/OpenBSD/)),
  clue('netbsd', 'certain', label(/^NETBSD/i)),
  clue('netbsd', 'certain', partition([0xa9], 'a NetBSD')),
  clue('netbsd', 'certain', boot(/NetBSD/)),
  clue('freebsd', 'certain', label(/FREEBSD|^\d+_\d.*RELEASE_(?:I386|AMD64)/i)),
  clue('freebsd', 'certain', files('BOOT/KERNEL/KERNEL', 'BOOT/LOADER')),
  clue('freebsd', 'likely', partition([0xa5], 'a FreeBSD')),
  clue('freebsd', 'likely', boot(/FreeBSD|BTX/)),
  clue(
    'netbsd',
    'possible',
    when(({ marks }) => marks.has('bsd-label'), 'It has a BSD disk label'),
  ),

  // Linux: the kernel's version decides the template, where it can be read.
  clue('linux', 'certain', says('_DISK/INFO', /^[^\r\n]{4,80}/)),
  clue('linux', 'certain', says('.DISK/INFO', /^[^\r\n]{4,80}/)),
  clue('linux', 'certain', (evidence) => {
    const version = isoKernelVersion(evidence)
    return version === undefined ? undefined : `It holds a Linux kernel${version === '' ? '' : `, version ${version}`}`
  }),
  clue('linux', 'likely', files('ISOLINUX')),
  clue('linux', 'likely', files('LDLINUX.SYS')),
  clue(
    'linux',
    'likely',
    when(({ marks }) => marks.has('ext'), 'It has a Linux file system (ext2, ext3 or ext4)'),
  ),
  clue(
    'linux',
    'likely',
    when(({ marks }) => marks.has('xfs') || marks.has('btrfs'), 'It has a Linux file system'),
  ),
  clue('linux', 'likely', partition([0x82, 0x83, 0x8e, 0xfd], 'a Linux')),
  clue('linux', 'likely', identified(/LINUX|DEBIAN|UBUNTU|FEDORA|RED HAT|SUSE|SLACKWARE|MKISOFS.*KNOPPIX/)),
  clue('linux', 'likely', label(/LINUX|DEBIAN|UBUNTU|FEDORA|KNOPPIX|SLACK|SUSE|GENTOO|^ARCH_|ALPINE/i)),
  clue('linux', 'possible', boot(/LILO|GRUB|SYSLINUX/)),
]

/** Where distributions keep the kernel that a CD starts. */
const KERNEL_FOLDERS = [
  '',
  'ISOLINUX',
  'BOOT',
  'BOOT/ISOLINUX',
  'CASPER',
  'LIVE',
  'INSTALL.386',
  'INSTALL',
  'IMAGES/PXEBOOT',
  'ARCH/BOOT/I686',
  'BOOT/I386/LOADER',
  'KERNELS/HUGE.S',
  'DOSUTILS/AUTOBOOT',
]
const KERNEL_NAME = /^(?:VMLINUZ|BZIMAGE|LINUX$|VMLINUZ_?|LINUX26$|KERNEL$)/

/** The version of the first Linux kernel found where CDs and DOS disks keep them; "" when it does not tell. */
export function isoKernelVersion(evidence: Evidence): string | undefined {
  for (const folder of KERNEL_FOLDERS)
    for (const name of evidence.names(folder)) {
      if (!KERNEL_NAME.test(name)) continue
      const version = evidence.kernelVersion(folder === '' ? name : `${folder}/${name}`)
      if (version !== undefined) return version
    }
  return undefined
}
