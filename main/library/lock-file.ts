/**
 * Files that say which process owns something: the library, or an image that a machine writes. Node has no advisory locks, so
 * a lock is a file made with its contents in one step; the lock of a process that has ended is stale and is taken over.
 */
import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { z } from '../../core/base/schema.ts'

const ownerSchema = z.object({
  pid: z.int().positive(),
  /** When that process began, where the system tells: another process may get the same number later. */
  started: z.string(),
  /** What the owner wants others to know, such as where to reach it. */
  note: z.record(z.string(), z.string()).default({}),
})
export type Owner = z.infer<typeof ownerSchema>

export interface LockFile {
  release(): void
}

/** Start time of process `pid` in clock ticks since boot, "" where the system does not tell. Source: proc(5), stat field 22. */
function startTime(pid: number): string {
  if (process.platform !== 'linux') return ''
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function isAlive({ pid, started }: Owner): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // Not allowed to signal it: it is there, and somebody else's.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const now = startTime(pid)
  return started === '' || now === '' || started === now
}

/** The living owner of the lock at `path`, or undefined. */
export function lockOwner(path: string): Owner | undefined {
  const owner = readOwner(path)
  return owner && isAlive(owner) ? owner : undefined
}

function readOwner(path: string): Owner | undefined {
  try {
    return ownerSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return undefined
  }
}

/** Takes the lock at `path` for this process, or says who has it. Throws the file system's errors. */
export function acquireLock(path: string, note: Readonly<Record<string, string>> = {}): LockFile | Owner {
  const folder = dirname(path)
  const own: Owner = { pid: process.pid, started: startTime(process.pid), note: { ...note, lock: randomUUID() } }
  const prepared = join(folder, `.${basename(path)}.${randomUUID()}.tmp`)
  writeFileSync(prepared, JSON.stringify(own), { flag: 'wx', mode: 0o600 })
  try {
    for (;;) {
      if (tryLink(prepared, path)) return { release: () => release(path, own) }
      const owner = lockOwner(path)
      if (owner) return owner
      // Aside first: should another process have taken the stale lock over meanwhile, its lock is put back.
      const aside = join(folder, `.${basename(path)}.${randomUUID()}.tmp`)
      try {
        renameSync(path, aside)
      } catch {
        continue
      }
      const moved = readOwner(aside)
      if (moved && isAlive(moved)) tryLink(aside, path)
      rmSync(aside, { force: true })
    }
  } finally {
    rmSync(prepared, { force: true })
  }
}

/** Gives `from` the second name `to`; false when that name is taken. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error
  }
  // File systems without links (FAT): made exclusively, then filled.
  try {
    writeFileSync(to, readFileSync(from), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function release(path: string, own: Owner): void {
  if (readOwner(path)?.note['lock'] !== own.note['lock']) return
  try {
    rmSync(path, { force: true })
  } catch {
    // Where nothing can be removed any more it is stale as soon as this process has ended.
  }
}
