/** Flags that describe a machine, shared by `run` and `create`: how they are declared, checked and turned into settings. */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { KEYBOARD_LAYOUTS, type KeyboardLayout } from '../../core/contract/keyboard-layouts.ts'
import {
  CPU_PROFILES,
  type CpuProfile,
  type MachineSettingsInput,
  MEMORY_MIB,
} from '../../core/contract/machine-spec.ts'
import { usageError } from './failure.ts'

/** What commander makes of the flags. */
export interface MachineFlags {
  readonly memory?: string
  readonly cpu?: CpuProfile
  readonly cap?: string
  readonly hda?: string
  readonly hdb?: string
  readonly cdrom?: string
  readonly fda?: string
  readonly fdb?: string
  readonly boot?: string
  readonly kernel?: string
  readonly initrd?: string
  readonly append?: string
  readonly bios?: string
  readonly vgaBios?: string
  readonly clock?: 'host' | 'virtual'
  readonly keyboard?: KeyboardLayout
}

const bootLetters = { a: 'floppy', c: 'disk', d: 'cdrom' } as const

/** Adds the flags to a command. */
export function addMachineFlags(command: Command): Command {
  return command
    .option('--memory <MIB>', `guest memory, ${MEMORY_MIB.min} to ${MEMORY_MIB.max} MiB`)
    .addOption(new Option('--cpu <PROFILE>', 'processor').choices(CPU_PROFILES))
    .option('--cap <PERCENT>', 'most of one host core that it may use, 5 to 100')
    .option('--hda <FILE>', 'first hard disk')
    .option('--hdb <FILE>', 'second hard disk')
    .option('--cdrom <FILE>', 'CD image in the drive hdc')
    .option('--fda <FILE>', 'first floppy')
    .option('--fdb <FILE>', 'second floppy')
    .option('--boot <ORDER>', 'letters in the order to try: a floppy, c hard disk, d CD (default adc)')
    .option('--kernel <FILE>', 'start this kernel (bzImage or Multiboot) instead of booting a disk')
    .option('--initrd <FILE>', 'initial RAM disk for --kernel')
    .option('--append <TEXT>', 'command line for --kernel')
    .option('--bios <FILE>', "other firmware than Vitrine's own, for example SeaBIOS")
    .option('--vga-bios <FILE>', 'VGA BIOS for --bios')
    .addOption(
      new Option('--clock <CLOCK>', 'what guest time follows: the host, or executed instructions').choices([
        'host',
        'virtual',
      ]),
    )
    .addOption(keyboardOption('keyboard layout of the guest, for text that is typed'))
}

/** The flag that names a keyboard layout. */
export function keyboardOption(summary: string): Option {
  return new Option('--keyboard <LAYOUT>', summary).choices(KEYBOARD_LAYOUTS)
}

/** Settings as the flags say; paths become absolute. Throws `usage/invalid`. */
export function settingsOf(flags: MachineFlags, name: string): MachineSettingsInput {
  const drives: NonNullable<MachineSettingsInput['drives']> = []
  for (const slot of ['fda', 'fdb'] as const)
    if (flags[slot] !== undefined) drives.push({ slot, kind: 'floppy', file: filePath(flags[slot]) })
  for (const slot of ['hda', 'hdb'] as const)
    if (flags[slot] !== undefined) drives.push({ slot, kind: 'disk', file: filePath(flags[slot]) })
  if (flags.cdrom !== undefined) drives.push({ slot: 'hdc', kind: 'cdrom', file: filePath(flags.cdrom) })
  return {
    name,
    drives,
    boot: { ...bootOf(flags), kernel: kernelOf(flags) },
    ...(flags.memory === undefined ? {} : { memoryMib: memoryOf(flags.memory) }),
    ...cpuOf(flags),
    ...(flags.clock === undefined ? {} : { clock: { source: flags.clock } }),
    ...(flags.keyboard === undefined ? {} : { keyboardLayout: flags.keyboard }),
    ...firmwareOf(flags),
  }
}

function cpuOf({ cpu, cap }: MachineFlags): Pick<MachineSettingsInput, 'cpu'> {
  const capPercent = cap === undefined ? undefined : /^[0-9]+$/.test(cap) ? Number(cap) : Number.NaN
  if (capPercent !== undefined && !(capPercent >= 5 && capPercent <= 100))
    throw usageError(`--cap is a whole number from 5 to 100, not ${JSON.stringify(cap)}`)
  if (cpu === undefined && capPercent === undefined) return {}
  return { cpu: { ...(cpu && { profile: cpu }), ...(capPercent && { capPercent }) } }
}

function memoryOf(text: string): number {
  const mib = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN
  if (!(mib >= MEMORY_MIB.min && mib <= MEMORY_MIB.max))
    throw usageError(
      `--memory is a whole number of MiB from ${MEMORY_MIB.min} to ${MEMORY_MIB.max}, not ${JSON.stringify(text)}`,
    )
  return mib
}

function bootOf({ boot }: MachineFlags): { order?: ('floppy' | 'disk' | 'cdrom')[] } {
  if (boot === undefined) return {}
  const order = [...boot].map((letter) => {
    const device = bootLetters[letter as keyof typeof bootLetters]
    if (!device)
      throw usageError(
        `--boot is made of the letters a (floppy), c (hard disk) and d (CD), not ${JSON.stringify(letter)}`,
      )
    return device
  })
  if (order.length === 0 || new Set(order).size !== order.length) throw usageError('--boot names each device once')
  return { order }
}

function kernelOf({ kernel, initrd, append }: MachineFlags): NonNullable<MachineSettingsInput['boot']>['kernel'] {
  if (kernel !== undefined)
    return { file: filePath(kernel), initrd: initrd === undefined ? null : filePath(initrd), append: append ?? '' }
  if (initrd !== undefined) throw usageError('--initrd needs --kernel')
  if (append !== undefined) throw usageError('--append needs --kernel')
  return null
}

function firmwareOf({ bios, vgaBios }: MachineFlags): Pick<MachineSettingsInput, 'firmware'> {
  if (bios !== undefined)
    return {
      firmware: { kind: 'external', bios: filePath(bios), vgaBios: vgaBios === undefined ? null : filePath(vgaBios) },
    }
  if (vgaBios !== undefined) throw usageError('--vga-bios needs --bios')
  return {}
}

/** The absolute path of a file that must be there. Throws `usage/invalid` for what is missing or no file. */
export function filePath(file: string): string {
  const path = resolve(file)
  const stat = file === '' ? undefined : statSync(path, { throwIfNoEntry: false })
  if (!stat) throw usageError(`There is no such file: ${file || '""'}`)
  if (stat.isDirectory()) throw usageError(`It is a directory, not a file: ${file}`)
  if (stat.size === 0 && stat.isFile()) throw usageError(`The file is empty: ${file}`)
  return path
}
