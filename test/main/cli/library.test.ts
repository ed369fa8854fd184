import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type CliResult, runCli, startCli } from '../../support/cli.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const ok = (stdout: string): CliResult => ({ status: 0, stdout, stderr: '' })

describe('the library on the command line', { timeout: 60_000 }, () => {
  test('makes, shows, changes, imports and deletes machines without a running app', async () => {
    const home = join(temporaryFolder(), 'machines')
    const call = (...args: string[]) => runCli(args, { home })
    expect(await call('list')).toEqual(ok(''))
    expect(await call('create', '--name', 'Old PC', '--memory', '16', '--cpu', '486', '--tag', 'games', 'dos')).toEqual(
      ok('Created Old PC\n'),
    )
    expect(await call('list')).toEqual(ok('Old PC  off  486, 16 MiB\n'))
    expect(await call('set', 'old', 'memoryMib=32', 'cpu.limitMips=5', 'notes=a=b', 'boot.order=disk,cdrom')).toEqual(
      ok(''),
    )
    const card = JSON.parse((await call('show', 'Old PC', '--json')).stdout)
    expect(card).toMatchObject({
      state: 'off',
      spec: {
        memoryMib: 32,
        cpu: { profile: '486', limitMips: 5 },
        notes: 'a=b',
        tags: ['games', 'dos'],
        boot: { order: ['disk', 'cdrom'] },
      },
    })
    const image = join(temporaryFolder(), 'boot.img')
    writeFileSync(image, new Uint8Array(737_280))
    expect(await call('import', image, '--name', 'Boot disk')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Created Boot disk\n.*Nothing on it can be started/),
    })
    expect(JSON.parse((await call('list', '--json')).stdout).map(({ folder }: { folder: string }) => folder)).toEqual([
      'Boot disk',
      'Old PC',
    ])
    expect(await call('delete', card.id, '--permanently')).toEqual(ok('Deleted Old PC\n'))
    expect(readdirSync(home)).toEqual(['.vitrine', 'Boot disk'])
  })

  test('says what is wrong in one line', async () => {
    const home = temporaryFolder()
    const call = async (...args: string[]) => {
      const { status, stderr } = await runCli(args, { home })
      return [status, stderr]
    }
    await runCli(['create', '--name', 'One'], { home })
    await runCli(['create', '--name', 'Only'], { home })
    expect(await call('show', 'Two')).toEqual([1, 'vitrine: No machine is called "Two"\n'])
    expect(await call('show', 'on')).toEqual([1, 'vitrine: Several machines are called "on": One, Only\n'])
    expect(await call('create')).toEqual([2, 'vitrine: create needs --name, or --template\n'])
    expect(await call('create', '--name', ' ')).toEqual([
      2,
      'vitrine: The machine is not valid at name: Too small: expected string to have >=1 characters\n',
    ])
    expect(await call('create', '--name', 'X', '--hda', 'missing.img')).toEqual([
      2,
      'vitrine: There is no such file: missing.img\n',
    ])
    expect(await call('import', 'missing.img')).toEqual([2, 'vitrine: There is no such file: missing.img\n'])
    expect(await call('set', 'One', 'memoryMib')).toEqual([
      2,
      'vitrine: A setting is changed by key=value, not "memoryMib"\n',
    ])
    expect(await call('set', 'One', 'constructor.name=1')).toEqual([
      2,
      'vitrine: There is no setting constructor.name\n',
    ])
    expect(await call('set', 'One', 'id=1')).toEqual([2, 'vitrine: There is no setting id\n'])
    expect(await call('pause', 'One')).toEqual([1, 'vitrine: The machine "One" is not running\n'])
    expect(await call('key', 'One', 'ctrl-foo')).toEqual([2, 'vitrine: No key is called "foo"\n'])
    expect(await call('mouse', 'One', 'jump')).toEqual([
      2,
      'vitrine: mouse knows move, to, click, down, up, wheel, not "jump"\n',
    ])
    expect(await call('attach', 'One', 'hdz', '/etc/hostname')).toEqual([
      2,
      'vitrine: A drive is one of fda, fdb, hda, hdb, hdc, hdd or cdrom (hdc), not "hdz"\n',
    ])
    expect(await call('frob')).toEqual([2, "vitrine: unknown command 'frob'\n"])
    expect(await call('serve', '--port', '99999')).toEqual([
      2,
      'vitrine: --port is a number from 0 to 65535, not 99999\n',
    ])
  })

  test('acts on machines that run in the background, and ends with them', async () => {
    const home = temporaryFolder()
    const call = (...args: string[]) => runCli(args, { home, fake: true })
    const image = join(temporaryFolder(), 'floppy.img')
    writeFileSync(image, new Uint8Array(1_474_560))
    await call('import', image, '--name', 'One')
    onTestFinished(async () => void (await call('stop', 'One', '--force')))
    expect(await call('start', 'One', '--headless')).toEqual(ok('Started One\n'))
    expect(await call('start', 'One', '--headless')).toMatchObject({
      status: 1,
      stderr: 'vitrine: The machine is running; switch it off first\n',
    })
    expect(await call('list')).toEqual(ok('One  running  max, 128 MiB\n'))
    expect(await call('type', 'One', 'hello\n')).toEqual(ok(''))
    expect(await call('key', 'One', 'a', 'shift-1')).toEqual(ok(''))
    expect(await call('drive', 'One', 'fda', '--discard-writes')).toEqual(ok(''))
    expect((await call('drive', 'One', 'fda', '--writable', '--write-protected')).status).toBe(2)
    expect(await call('eject', 'One', 'fda')).toEqual(ok(''))
    expect(await call('attach', 'One', 'cdrom', image)).toEqual(ok(''))
    expect(await call('mouse', 'One', 'move', '-5', '5')).toEqual(ok(''))
    expect(await call('mouse', 'One', 'click')).toEqual(ok(''))
    const { stdout } = await call('screen', 'One')
    expect(stdout).toBe(
      'READY\nhello\na!ejected fda\ninserted fda 2880\nejected fda\ninserted hdc 720\nleft 95 105\n\n',
    )
    const png = join(temporaryFolder(), 'x.png')
    expect(JSON.parse((await call('screenshot', 'One', png, '--json')).stdout)).toEqual({
      file: png,
      widthPx: 320,
      heightPx: 200,
    })
    expect(PNG.sync.read(readFileSync(png)).width).toBe(320)
    const serial = await runCli(['serial', 'One'], { home, fake: true, input: '' })
    expect(serial.status).toBe(0)
    expect(await call('pause', 'One')).toEqual(ok(''))
    expect(JSON.parse((await call('resume', 'One', '--json')).stdout)).toMatchObject({ state: 'running' })
    expect(await call('stop', 'One')).toEqual(ok('Stopped One\n'))
    expect((await call('logs', 'One')).stdout).toMatch(/Power on: max, 128 MiB\n.*Power off by the guest\n$/)
  })

  test('finds the page of a running serve', async () => {
    const home = join(temporaryFolder(), 'new')
    const serve = startCli(['serve', '--no-open', '--json'], { home, fake: true })
    await expect.poll(() => serve.stdout, { timeout: 20_000 }).toContain('\n')
    const { url, pid } = JSON.parse(serve.stdout)
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[0-9a-f]{64}$/)
    expect(pid).toBe(serve.child.pid)
    expect((await fetch(url, { redirect: 'manual' })).status).toBe(303)
    const second = await runCli(['serve', '--no-open', '--json'], { home, fake: true })
    expect(second).toEqual(ok(`${JSON.stringify({ url })}\n`))
    expect(await runCli(['list'], { home, fake: true })).toMatchObject({ status: 0, stderr: '' })
    serve.child.kill('SIGTERM')
    expect((await serve.result).status).toBe(0)
    expect(await runCli(['list'], { home, fake: true })).toMatchObject({ status: 0, stderr: '' })
  })
})
