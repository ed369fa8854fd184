/** Programs and firmware of the system that tests compare with, or drive. */
import { existsSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Need } from './needs.ts'

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile()
}

/** A program on the PATH; the first of `names` that is there. */
export function tool(...names: readonly [string, ...string[]]): Need {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name + suffix)))
  return { what: names[0], path: paths.find(isFile) }
}

/** Chromium, or what VITRINE_CHROMIUM points at. */
export function chromium(): Need {
  const named = process.env['VITRINE_CHROMIUM']
  if (named) return { what: 'chromium', path: isFile(named) ? named : undefined }
  return tool('chromium', 'chromium-browser', 'google-chrome')
}

/** A file of Debian's package seabios: `bios-256k.bin`, `vgabios-stdvga.bin`. */
export function seabios(file: string): Need {
  const path = join('/usr/share/seabios', file)
  return { what: `seabios (${file})`, path: isFile(path) ? path : undefined }
}
