/** Where the library is, when nobody says otherwise. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { readAppSettings } from './app-settings-file.ts'

/** VITRINE_HOME, the place that the settings of the app name, or the platform's own. */
export function chosenLibraryFolder(): string {
  if (process.env['VITRINE_HOME']) return defaultLibraryFolder()
  const chosen = readAppSettings().libraryFolder
  return chosen === null ? defaultLibraryFolder() : resolve(chosen)
}

/**
 * VITRINE_HOME, or the platform's place for what users make: XDG_DATA_HOME (XDG Base Directory Specification), Application
 * Support on macOS, the local application data on Windows.
 */
function defaultLibraryFolder(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const own = environment['VITRINE_HOME']
  if (own) return resolve(own)
  const home = homedir()
  if (platform === 'darwin') return join(home, 'Library/Application Support/Vitrine/Machines')
  if (platform === 'win32')
    return join(environment['LOCALAPPDATA'] ?? join(home, 'AppData/Local'), 'Vitrine', 'Machines')
  const data = environment['XDG_DATA_HOME']
  // The specification: a path that is not absolute is invalid and to be ignored.
  return join(data?.startsWith('/') ? data : join(home, '.local/share'), 'vitrine/machines')
}
