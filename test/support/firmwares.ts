/** The firmware that guests are booted under: ours, and SeaBIOS (Debian package `seabios`) on the same chips. */
import { existsSync } from 'node:fs'
import type { Need } from './needs.ts'

const FOLDER = '/usr/share/seabios/'

function seabios(file: string): Need {
  const path = FOLDER + file
  return { what: `${file} of SeaBIOS`, path: existsSync(path) ? path : undefined }
}

const bios = seabios('bios.bin')
const vgaBios = seabios('vgabios-stdvga.bin')

/** One way to start a guest: flags for `vitrine run`, and what they need. */
export interface FirmwareChoice {
  readonly name: string
  readonly flags: readonly string[]
  readonly needs: readonly Need[]
}

export const FIRMWARES: readonly FirmwareChoice[] = [
  { name: 'our firmware', flags: [], needs: [] },
  { name: 'SeaBIOS', flags: ['--bios', bios.path ?? '', '--vga-bios', vgaBios.path ?? ''], needs: [bios, vgaBios] },
]
