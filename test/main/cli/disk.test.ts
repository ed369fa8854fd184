import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { acquireLock } from '../../../main/library/lock-file.ts'
import { describeWith, pathOf } from '../../support/needs.ts'
import { qemuImg, runQemuImg } from '../../support/qemu-img.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const cli = join(import.meta.dirname, '../../../main/cli/vitrine.mjs')

/** Runs `vitrine disk`. */
function disk(...argv: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'disk', ...argv], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

describe('vitrine disk', () => {
  it('makes, describes, converts, checks, compacts and resizes images', () => {
    const folder = temporaryFolder()
    const file = join(folder, 'a.qcow2')
    expect(disk('create', file, '--size', '20M', '--option', 'clusterBytes=4096')).toMatchObject({
      status: 0,
      stderr: '',
    })
    expect(JSON.parse(disk('info', file, '--json').stdout)).toMatchObject({
      format: 'qcow2',
      sizeBytes: 20 << 20,
      details: { clusterBytes: 4096, version: 3 },
      backing: [],
    })
    const copy = join(folder, 'b.vdi')
    expect(JSON.parse(disk('convert', file, copy, '--json').stdout)).toMatchObject({ format: 'vdi' })
    expect(disk('check', file)).toEqual({ status: 0, stdout: 'No errors\n', stderr: '' })
    expect(disk('compact', copy).status).toBe(0)
    expect(disk('resize', file, '1G')).toMatchObject({ status: 0, stdout: '20 MiB before, 1 GiB now\n' })
  })

  it('ends with status 2 and one line for what was asked wrongly', () => {
    const folder = temporaryFolder()
    const file = join(folder, 'a.qcow2')
    for (const argv of [
      ['create', file],
      ['create', file, '--size', 'much'],
      ['create', file, '--size', '1000'],
      ['create', file, '--size', '1M', '--format', 'gif'],
      ['create', file, '--size', '1M', '--option', 'speed=11'],
      ['create', join(folder, 'missing', 'a.qcow2'), '--size', '1M'],
      ['info', file],
      ['convert', file],
    ]) {
      const { status, stdout, stderr } = disk(...argv)
      expect([argv, status, stdout]).toEqual([argv, 2, ''])
      expect(stderr).toMatch(/^vitrine: [A-Z-].*\n$/i)
      expect(existsSync(file)).toBe(false)
    }
  })

  it('refuses an image that a running machine writes, but describes it', () => {
    const folder = temporaryFolder()
    const file = join(folder, 'a.qcow2')
    disk('create', file, '--size', '1M')
    const lock = acquireLock(join(dirname(file), `.${basename(file)}.vitrine-lock`))
    expect(lock).toHaveProperty('release')
    for (const argv of [
      ['compact', file],
      ['resize', file, '2M'],
      ['check', file, '--repair'],
      ['check', file],
      ['convert', file, join(folder, 'b.raw')],
    ]) {
      const { status, stderr } = disk(...argv)
      expect([argv, status]).toEqual([argv, 1])
      expect(stderr).toContain('A running machine uses a.qcow2; stop it first')
    }
    expect(disk('info', file).status).toBe(0)
    if ('release' in lock) lock.release()
    expect(disk('compact', file).status).toBe(0)
  })

  it('refuses by name what it does not read', () => {
    const file = join(temporaryFolder(), 'a.vhdx')
    writeFileSync(file, `vhdxfile${'\0'.repeat(4096)}`)
    expect(disk('info', file)).toMatchObject({ status: 2, stderr: expect.stringContaining('is a VHDX file') })
  })
})

describe('vitrine disk, on the disks of machines', () => {
  it('works on what is in a drive, by the name of the machine', () => {
    const env = { ...process.env, VITRINE_HOME: temporaryFolder() }
    const vitrine = (...argv: readonly string[]) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...argv], { encoding: 'utf8', env })
      return { status, stdout, stderr }
    }
    expect(vitrine('create', '--name', 'Old PC').status).toBe(0)
    expect(vitrine('disk', 'add', 'Old PC', '--size', '20M')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('hda  '),
    })
    const info = () => JSON.parse(vitrine('disk', 'info', 'Old PC:hda', '--json').stdout)
    expect(info()).toMatchObject({ format: 'qcow2', sizeBytes: 20 << 20 })
    expect(vitrine('disk', 'resize', 'old:hda', '40M')).toMatchObject({
      status: 0,
      stdout: '20 MiB before, 40 MiB now\n',
    })
    expect(vitrine('disk', 'check', 'Old PC:hda')).toEqual({ status: 0, stdout: 'No errors\n', stderr: '' })
    expect(vitrine('disk', 'convert', 'Old PC:hda', '--format', 'vhd').status).toBe(0)
    expect(info()).toMatchObject({ format: 'vhd', sizeBytes: 40 << 20 })
    expect(vitrine('disk', 'compact', 'Old PC:hdb')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'vitrine: The machine has no drive hdb\n',
    })
  })
})

describeWith([qemuImg], 'vitrine disk check', () => {
  it('ends with status 1 while there is damage, and with 0 once it is repaired', () => {
    const file = join(temporaryFolder(), 'a.qcow2')
    runQemuImg('create', '-q', '-f', 'qcow2', file, '4M')
    // The first refcount block counts the header as free.
    const damage = spawnSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=1', 'seek=131072', 'count=2', 'conv=notrunc'])
    expect(damage.status).toBe(0)
    expect(disk('check', file)).toMatchObject({ status: 1, stdout: expect.stringContaining('1 error') })
    expect(disk('check', file, '--repair').status).toBe(0)
    expect(disk('check', file)).toMatchObject({ status: 0, stdout: 'No errors\n' })
    expect(spawnSync(pathOf(qemuImg), ['check', file]).status).toBe(0)
  })
})
