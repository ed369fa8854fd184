/** Programs and firmware of the system that tests compare with, or drive. */
import { existsSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Need } from './needs.ts'

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile()
}

/** A program in one of the folders of `path` (by default PATH): the first of `names` that is there. */
function find(names: readonly string[], path = process.env['PATH'] ?? ''): string | undefined {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const folders = path.split(delimiter)
  return names.flatMap((name) => folders.map((folder) => join(folder, name + suffix))).find(isFile)
}

/** A program by its name: `tool('nasm')`. `path` is where to look instead of the PATH. */
export function tool(name: string, { path }: { path?: string } = {}): Need {
  return { what: name, path: find([name], path) }
}

/** Chromium, or what VITRINE_CHROMIUM points at. */
export function chromium(): Need {
  const named = process.env['VITRINE_CHROMIUM']
  if (named) return { what: 'chromium', path: isFile(named) ? named : undefined }
  return { what: 'chromium', path: find(['chromium', 'chromium-browser', 'google-chrome']) }
}

/** A file of Debian's package seabios: `bios-256k.bin`, `vgabios-stdvga.bin`. */
export function seabios(file: string): Need {
  const path = join('/usr/share/seabios', file)
  return { what: `seabios (${file})`, path: isFile(path) ? path : undefined }
}

/** Keymaps of Debian's package qemu-system-data, a folder. */
export const qemuKeymaps: Need = {
  what: 'keymaps of QEMU',
  path: existsSync('/usr/share/qemu/keymaps') ? '/usr/share/qemu/keymaps' : undefined,
}
