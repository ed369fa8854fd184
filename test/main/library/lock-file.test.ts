import { spawn } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { acquireLock, lockOwner } from '../../../main/library/lock-file.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

describe('a lock file', () => {
  test('has one owner at a time, who is known', () => {
    const path = join(temporaryFolder(), 'lock')
    expect(lockOwner(path)).toBeUndefined()
    const lock = acquireLock(path, { where: 'here' })
    if (!('release' in lock)) throw new Error('not taken')
    expect(acquireLock(path)).toMatchObject({ pid: process.pid, note: { where: 'here' } })
    expect(lockOwner(path)).toMatchObject({ pid: process.pid })
    lock.release()
    expect(lockOwner(path)).toBeUndefined()
    expect('release' in acquireLock(path)).toBe(true)
  })

  test('is taken over from a process that has ended, and from nonsense', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'lock')
    const child = spawn(process.execPath, ['-e', ''])
    await new Promise((resolve) => child.once('exit', resolve))
    for (const contents of [
      JSON.stringify({ pid: child.pid, started: '1', note: {} }),
      JSON.stringify({ pid: process.pid, started: '1', note: {} }),
      '',
      '{"pid":-1}',
    ]) {
      writeFileSync(path, contents)
      const lock = acquireLock(path)
      if (!('release' in lock)) throw new Error(`not taken over: ${contents}`)
      lock.release()
    }
    expect(readdirSync(folder)).toEqual([])
  })

  test('is not released by a former owner', () => {
    const path = join(temporaryFolder(), 'lock')
    const first = acquireLock(path)
    writeFileSync(path, '')
    const second = acquireLock(path)
    if (!('release' in first) || !('release' in second)) throw new Error('not taken')
    first.release()
    expect(lockOwner(path)).toMatchObject({ pid: process.pid })
    second.release()
  })
})
