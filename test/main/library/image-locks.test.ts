import { spawn } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ImageLocks, wasLeft } from '../../../main/library/image-locks.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

function locks(): ImageLocks {
  const own = new ImageLocks()
  onTestFinished(() => own.releaseAll())
  return own
}

const locked = (does: string) =>
  expect.objectContaining({ code: 'library/locked', message: expect.stringContaining(does) })

describe('locks of images', () => {
  test('let many read or one write', () => {
    const folder = temporaryFolder()
    const file = join(folder, 'a.img')
    writeFileSync(file, '')
    const [a, b, c] = [locks(), locks(), locks()]
    a.take({ file, writes: false })
    b.takeBacking(file)
    expect(() => c.take({ file, writes: true })).toThrow(locked('reads'))
    a.release(file)
    expect(() => c.take({ file, writes: true })).toThrow(locked('reads'))
    b.releaseAll()
    c.take({ file, writes: true })
    expect(c.has(file)).toBe(true)
    expect(() => a.take({ file, writes: false })).toThrow(locked('writes'))
    expect(() => a.take({ file, writes: true })).toThrow(locked('writes'))
    expect(() => c.takeBacking(file)).toThrow(locked('writes'))
    c.releaseAll()
    expect(readdirSync(folder)).toEqual(['a.img'])
  })

  test('change from writing to reading and back without letting anybody between', () => {
    const file = join(temporaryFolder(), 'a.img')
    const [a, b] = [locks(), locks()]
    a.take({ file, writes: true })
    a.writeNoMore(file)
    expect(a.has(file)).toBe(false)
    b.take({ file, writes: false })
    expect(() => a.take({ file, writes: true })).toThrow(locked('reads'))
    b.releaseAll()
    a.take({ file, writes: true })
    expect(() => b.take({ file, writes: false })).toThrow(locked('writes'))
  })

  test('of processes that have ended count for nothing, and tell that an image was left in the middle', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'a.img')
    const child = spawn(process.execPath, ['-e', ''])
    await new Promise((resolve) => child.once('exit', resolve))
    const owner = JSON.stringify({ pid: child.pid, started: '1', note: {} })
    writeFileSync(join(folder, '.a.img.vitrine-read-1'), owner)
    expect(wasLeft(file)).toBe(false)
    writeFileSync(join(folder, '.a.img.vitrine-lock'), owner)
    expect(wasLeft(file)).toBe(true)
    const own = locks()
    own.take({ file, writes: true })
    expect(wasLeft(file)).toBe(false)
    own.releaseAll()
    expect(readdirSync(folder)).toEqual([])
  })
})
