/** A small repository of its own, with the configuration of this one, to see what a check says of it. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Folder of package.json. */
export const root = join(import.meta.dirname, '../..')

/**
 * Runs `body` in a temporary folder.
 *
 * @param configuration files of the repository that are copied there
 * @param files paths and contents
 */
export function inSmallTree<T>(
  configuration: readonly string[],
  files: (folder: string) => Readonly<Record<string, string>>,
  body: (folder: string) => T,
): T {
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-tree-'))
  try {
    for (const path of configuration) cpSync(join(root, path), join(folder, path), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
    for (const [path, content] of Object.entries(files(folder))) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), content)
    }
    return body(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
