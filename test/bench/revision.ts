/** Another revision of Vitrine beside this one, to be measured in the same run. */
import { execFileSync } from 'node:child_process'
import { existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './contenders.ts'

/**
 * Checks `revision` out into `folder`, which must not exist. The copy shares our node_modules. Returns what takes it away again.
 *
 * @throws Error with git's own words when there is no such revision
 */
export function checkOut(revision: string, folder: string): () => void {
  const git = (...argv: string[]) => execFileSync('git', argv, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    git('worktree', 'add', '--detach', folder, revision)
  } catch (error) {
    throw new Error(String((error as { stderr?: Buffer }).stderr ?? error).trim(), { cause: error })
  }
  const modules = join(root, 'node_modules')
  if (!existsSync(join(folder, 'node_modules'))) symlinkSync(modules, join(folder, 'node_modules'), 'junction')
  return () => git('worktree', 'remove', '--force', folder)
}
