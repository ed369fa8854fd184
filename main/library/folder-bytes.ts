/** How much a folder takes on the disk. */
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Bytes of the blocks that files in `folder` have, holes left out; what cannot be read counts nothing. */
export async function folderBytes(folder: string): Promise<number> {
  let bytes = 0
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const stat = await lstat(join(entry.parentPath, entry.name)).catch(() => undefined)
    // Windows does not count blocks.
    if (stat) bytes += stat.blocks === undefined ? stat.size : Math.min(stat.size, stat.blocks * 512)
  }
  return bytes
}
