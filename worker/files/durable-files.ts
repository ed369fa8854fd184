/** Files as tasks write them: durable when a call returns, errors told as AppErrors. */
import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { hostError } from './file-byte-store.ts'

/** Throws `disk/not-found` or `disk/io`. */
export function readWhole(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw hostError('read', path, cause)
  }
}

/** Makes the names in `folder` durable. Windows has no such call and needs none. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Makes what has been written to the file durable, whoever wrote it. */
export function syncFile(path: string): void {
  try {
    // Windows flushes only what may be written.
    const fd = openSync(path, process.platform === 'win32' ? 'r+' : 'r')
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  } catch (cause) {
    throw hostError('flush', path, cause)
  }
}

/** Writes a new file. What has been written is removed when it fails. */
export function writeDurably(path: string, bytes: Uint8Array): void {
  try {
    const fd = openSync(path, 'w')
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    syncFolder(dirname(path))
  } catch (cause) {
    removeFile(path)
    throw hostError('write', path, cause)
  }
}

export function renameDurably(from: string, to: string): void {
  try {
    renameSync(from, to)
    syncFolder(dirname(to))
  } catch (cause) {
    removeFile(from)
    throw hostError('write', to, cause)
  }
}

/** Removes a file that may not be there; one that cannot be removed stays. */
export function removeFile(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // Swept up at the next opening of the library.
  }
}

/** Names in a folder that may not be there. */
export function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
