/**
 * Outside data (guests, vectors, benchmark disk) that is no part of the repository: it is looked for where the
 * environment variable VITRINE_SHARED points, else in a folder `shared` beside the checkout or beside a folder above it
 * (worktrees). Never written to.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Need } from './needs.ts'

const root = join(import.meta.dirname, '../..')

function findFolder(): string | undefined {
  const named = process.env['VITRINE_SHARED']
  if (named) return existsSync(named) ? named : undefined
  for (let folder = root; dirname(folder) !== folder; folder = dirname(folder)) {
    const candidate = join(dirname(folder), 'shared')
    if (existsSync(join(candidate, 'guests')) && existsSync(join(candidate, 'vectors'))) return candidate
  }
  return undefined
}

const folder = findFolder()

/** A file of the outside data, by its path in there: `shared('guests/freedos722.img')`. */
export function shared(path: string): Need {
  const whole = folder === undefined ? undefined : join(folder, path)
  return { what: `shared/${path}`, path: whole && existsSync(whole) ? whole : undefined }
}
