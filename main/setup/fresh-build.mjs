/** Whether what `npm run build` has made is of the present sources. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Its time is that of the last build. Relative to the checkout. */
export const buildStamp = 'dist/.built'

const SOURCE_FOLDERS = ['core', 'worker', 'main', 'renderer', 'assets']
const SOURCE = /\.(?:ts|mjs|svelte|css|html|json|svg|png)$/

/**
 * True when no source, asset or dependency has changed since the last build. A folder changes when something in it goes.
 *
 * @param {string} root the checkout
 */
export function isBuildFresh(root) {
  try {
    const builtMs = statSync(join(root, buildStamp)).mtimeMs
    /** @param {string} path */
    const isNewer = (path) => statSync(path).mtimeMs > builtMs
    if (isNewer(join(root, 'package-lock.json'))) return false
    return !SOURCE_FOLDERS.some((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).some(
        (entry) => (entry.isDirectory() || SOURCE.test(entry.name)) && isNewer(join(entry.parentPath, entry.name)),
      ),
    )
  } catch {
    return false
  }
}
