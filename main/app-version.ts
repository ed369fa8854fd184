/** The version in package.json, two folders above a source of main/ as above its bundle in dist/host. */
import { readFileSync } from 'node:fs'

export function appVersion(): string {
  const file = new URL('../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
