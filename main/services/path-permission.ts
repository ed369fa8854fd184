/**
 * Which files of the host a connection may name. A connection with the user's own rights names any; one from a browser only
 * what lies in the folders that were opened to it, and what a machine already uses.
 */
import { realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import { isAbsolutePath, isLoopback, type MachineSettings } from '../../core/contract/machine-spec.ts'
import type { Grants } from '../ipc/call-context.ts'
import { mapPaths } from '../library/machine-folder.ts'

/** Throws `ipc/forbidden` unless `path` may be named. Links are followed, so that none leads out of an opened folder. */
export function requirePath(grants: Grants, path: string): void {
  if (grants.hostPaths) return
  const real = realPath(resolve(path))
  const inside = grants.folders.some((folder) => {
    const way = relative(realPath(folder), real)
    return way !== '' && !way.startsWith('..') && !isAbsolute(way)
  })
  if (!inside)
    throw new AppError(
      'ipc/forbidden',
      'Files outside the opened folders cannot be used here: upload the file instead',
      { context: { path } },
    )
}

/** Checks every absolute path of `settings` that `before` does not have. */
export function requireSettingsPaths(
  grants: Grants,
  settings: MachineSettings,
  before: MachineSettings | undefined,
): void {
  if (grants.hostPaths) return
  const known = new Set(before ? pathsOf(before) : [])
  for (const path of pathsOf(settings)) if (isAbsolutePath(path) && !known.has(path)) requirePath(grants, path)
  const addresses = new Set(before?.serialPorts.map(({ address }) => address))
  for (const { address } of settings.serialPorts)
    if (address !== null && !addresses.has(address) && !isLoopback(address))
      throw new AppError('ipc/forbidden', 'From here serial ports connect to this computer alone', {
        context: { address },
      })
}

function pathsOf(settings: MachineSettings): string[] {
  const paths: string[] = []
  mapPaths(settings, (path) => {
    paths.push(path)
    return path
  })
  return paths
}

/** `path` with links resolved, as far as it exists. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    const parent = dirname(path)
    return parent === path ? path : join(realPath(parent), relative(parent, path))
  }
}
