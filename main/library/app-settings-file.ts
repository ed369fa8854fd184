/** Settings of the app, kept outside of every library because they say where the library is. */
import { mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { type AppSettings, appSettingsSchema } from '../../core/contract/app-settings.ts'
import { writeFileAtomically } from './atomic-file.ts'
import { libraryError } from './machine-folder.ts'

/**
 * VITRINE_CONFIG, or the platform's place for settings: XDG_CONFIG_HOME (XDG Base Directory Specification), Application Support on
 * macOS, the application data on Windows.
 */
export function appSettingsFile(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const own = environment['VITRINE_CONFIG']
  if (own) return resolve(own)
  const home = homedir()
  if (platform === 'darwin') return join(home, 'Library/Application Support/Vitrine/settings.json')
  if (platform === 'win32')
    return join(environment['APPDATA'] ?? join(home, 'AppData/Roaming'), 'Vitrine', 'settings.json')
  const config = environment['XDG_CONFIG_HOME']
  return join(config?.startsWith('/') ? config : join(home, '.config'), 'vitrine/settings.json')
}

/** Settings that cannot be read are as if none had been made. */
export function readAppSettings(file: string = appSettingsFile()): AppSettings {
  try {
    return appSettingsSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return appSettingsSchema.parse({})
  }
}

/** Throws `library/io`. */
export async function writeAppSettings(settings: AppSettings, file: string = appSettingsFile()): Promise<void> {
  try {
    mkdirSync(dirname(file), { recursive: true })
    await writeFileAtomically(file, `${JSON.stringify(settings, undefined, 2)}\n`)
  } catch (cause) {
    throw libraryError(`Cannot save the settings in ${file}`, cause)
  }
}
