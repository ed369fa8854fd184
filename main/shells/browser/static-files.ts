/** Files of the built page. Only what lies below the folder is served, whatever the address says. */
import { readFile, realpath } from 'node:fs/promises'
import { extname, join, relative } from 'node:path'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.map': 'application/json',
}

export interface StaticFile {
  readonly type: string
  readonly contents: Buffer
  /** Names of built files carry a hash of their contents; the page itself does not. */
  readonly immutable: boolean
}

/** The file that `pathname` (as it stands in the request) names below `folder`, or undefined. */
export async function readStaticFile(folder: string, pathname: string): Promise<StaticFile | undefined> {
  let path: string
  try {
    path = decodeURIComponent(pathname)
  } catch {
    return undefined
  }
  if (path === '/') path = '/index.html'
  // No backslashes, which are separators on Windows; no drive letters, streams or zero bytes; no names that begin with a dot.
  if (!/^(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+$/.test(path)) return undefined
  const type = types[extname(path)]
  if (!type) return undefined
  try {
    const root = await realpath(folder)
    const file = await realpath(join(root, path))
    if (relative(root, file).startsWith('..')) return undefined
    return { type, contents: await readFile(file), immutable: path.startsWith('/assets/') }
  } catch {
    return undefined
  }
}
