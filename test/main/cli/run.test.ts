import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { describe, expect, test } from 'vitest'
import { profileSchema } from '../../../core/contract/profile.ts'
import { runCli, startCli } from '../../support/cli.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** A folder with a bootable image and what the tests write beside it. */
function createFolder(): { folder: string; disk: string } {
  const folder = temporaryFolder()
  const disk = join(folder, 'disk.img')
  const image = new Uint8Array(1 << 20)
  image.set([0x55, 0xaa], 510)
  writeFileSync(disk, image)
  return { folder, disk }
}

function writeScript(folder: string, text: string): string {
  const file = join(folder, 'script.txt')
  writeFileSync(file, text)
  return file
}

describe('vitrine run', { timeout: 30_000 }, () => {
  test('prints COM1, takes standard input for it, and ends as the guest does', async () => {
    const { folder, disk } = createFolder()
    const script = writeScript(folder, 'wait "TYPED"\ntype "more\\n"\nwait "more"\nkey f9\n')
    const result = await runCli(['run', '--hda', disk, '--script', script], { fake: true, input: 'typed\n' })
    expect(result).toEqual({ status: 0, stdout: 'READY\nTYPED\nmore\n', stderr: '' })
    expect(readdirSync(folder).toSorted()).toEqual(['disk.img', 'script.txt'])
  })

  test('ends with 2v + 1 for the value at the exit port', async () => {
    const { folder, disk } = createFolder()
    expect(
      (await runCli(['run', '--hda', disk, '--script', writeScript(folder, 'key f10')], { fake: true })).status,
    ).toBe(7)
  })

  test('ends with 0 when the text of --exit-on is there, and with 124 when the time is over', async () => {
    const { disk } = createFolder()
    expect(await runCli(['run', '--hda', disk, '--exit-on', 'HELLO'], { fake: true, input: 'hello' })).toMatchObject({
      status: 0,
      stderr: '',
    })
    expect(await runCli(['run', '--hda', disk, '--timeout', '0.2'], { fake: true })).toMatchObject({
      status: 124,
      stderr: 'vitrine: Time is over after 0.2 s\n',
    })
  })

  test('fails with 1 and the screen when a wait is in vain, or the machine ends before it', async () => {
    const { folder, disk } = createFolder()
    const vain = await runCli(
      ['run', '--hda', disk, '--script', writeScript(folder, 'type "abc"\nwait "xyz" 0.1\nquit')],
      { fake: true },
    )
    expect(vain.status).toBe(1)
    expect(vain.stderr).toBe(
      `vitrine: Did not come: ${join(folder, 'script.txt')}, line 2: wait "xyz" 0.1\nREADY\nabc\n`,
    )
    const early = await runCli(['run', '--hda', disk, '--script', writeScript(folder, 'key f9\nwait "xyz"')], {
      fake: true,
    })
    expect(early.status).toBe(1)
    expect(early.stderr).toContain('The machine ended before')
  })

  test('ends with 1 for a crash, saying why', async () => {
    const { folder, disk } = createFolder()
    const result = await runCli(['run', '--hda', disk, '--script', writeScript(folder, 'key f11\nsleep 60')], {
      fake: true,
    })
    expect(result).toMatchObject({
      status: 1,
      stderr: 'vitrine: The machine crashed: The fake guest broke its machine\n',
    })
    expect(readdirSync(folder).toSorted()).toEqual(['disk.img', 'script.txt'])
  })

  test('saves the screen, on the way and at the end, and prints statistics', async () => {
    const { folder, disk } = createFolder()
    const [middle, end] = [join(folder, 'middle.png'), join(folder, 'end.png')]
    const script = writeScript(folder, `screenshot "${middle}"\ntype "\\n12345678"\nquit`)
    const result = await runCli(
      ['run', '--hda', disk, '--script', script, '--screenshot', end, '--stats', '--clock', 'virtual'],
      { fake: true },
    )
    expect(result.status).toBe(0)
    const lit = (file: string, row: number) => {
      const { data, width } = PNG.sync.read(readFileSync(file))
      return Array.from({ length: 12 }, (_, x) => data[(row * width + x) * 4 + 1]).filter((green) => green === 255)
        .length
    }
    expect([lit(middle, 2), lit(end, 2)]).toEqual([0, 8])
    const stats = JSON.parse(result.stderr)
    expect(Object.keys(stats)).toEqual([
      'guestSeconds',
      'instructionsInterpreted',
      'instructionsCompiled',
      'regionsCompiled',
      'codeBytes',
      'exits',
      'compileSeconds',
      'memoryBytes',
      'seconds',
    ])
    expect(result.stderr.split('\n')).toHaveLength(2)
  })

  test('takes a profile of the whole run', async () => {
    const { folder, disk } = createFolder()
    const script = writeScript(folder, 'sleep 0.5\nquit')
    const { status, stderr } = await runCli(['run', '--hda', disk, '--script', script, '--profile'], { fake: true })
    expect(status).toBe(0)
    const { profile } = JSON.parse(stderr)
    expect(profileSchema.parse(profile)).toEqual(profile)
    expect(profile.regions[0]).toMatchObject({ address: 0x7c00, code: [{ address: 0x7c00, text: 'nop' }] })
    const spent = profile.time.reduce((sum: number, { seconds }: { seconds: number }) => sum + seconds, 0)
    expect(spent).toBeGreaterThan(profile.seconds / 2)
  })

  test('writes COM1 to a file, or nowhere', async () => {
    const { folder, disk } = createFolder()
    const file = join(folder, 'com1.txt')
    const script = writeScript(folder, 'type "x"\nquit')
    expect(
      await runCli(['run', '--hda', disk, '--script', script, '--serial', `file:${file}`], { fake: true }),
    ).toMatchObject({ status: 0, stdout: '' })
    expect(readFileSync(file, 'utf8')).toBe('READY\nx')
    expect(await runCli(['run', '--hda', disk, '--script', script, '--serial', 'none'], { fake: true })).toMatchObject({
      status: 0,
      stdout: '',
    })
  })

  test('ends cleanly on Ctrl-C', async () => {
    const { folder, disk } = createFolder()
    const run = startCli(['run', '--hda', disk], { fake: true })
    await expect.poll(() => run.stdout, { timeout: 10_000 }).toBe('READY\n')
    expect(existsSync(join(folder, '.disk.img.vitrine-lock'))).toBe(true)
    run.child.kill('SIGINT')
    expect(await run.result).toMatchObject({ status: 130, stderr: '' })
    expect(readdirSync(folder)).toEqual(['disk.img'])
  })
})

describe('vitrine run refuses with one line and status 2', { timeout: 30_000 }, () => {
  const cases: readonly (readonly [string, string[], string | RegExp])[] = [
    ['an image that is missing', ['--hda', 'missing.img'], 'There is no such file: missing.img'],
    ['an image without a name', ['--hda', ''], 'There is no such file: ""'],
    ['an empty image', ['--hda', 'empty.img'], 'The file is empty: empty.img'],
    ['a directory', ['--cdrom', 'folder'], 'It is a directory, not a file: folder'],
    ['a kernel that is missing', ['--kernel', 'missing'], 'There is no such file: missing'],
    ['an unknown flag', ['--hda', 'disk.img', '--frob'], "unknown option '--frob'"],
    ['a flag with a typing error', ['--hda', 'disk.img', '--snapsot'], "unknown option '--snapsot'"],
    ['a flag without its value', ['--hda'], "option '--hda <FILE>' argument missing"],
    [
      'an argument that is no flag',
      ['disk.img'],
      "too many arguments for 'run'. Expected 0 arguments but got 1: disk.img.",
    ],
    [
      'memory of 0',
      ['--hda', 'disk.img', '--memory', '0'],
      '--memory is a whole number of MiB from 1 to 3072, not "0"',
    ],
    [
      'memory of 5000',
      ['--hda', 'disk.img', '--memory', '5000'],
      '--memory is a whole number of MiB from 1 to 3072, not "5000"',
    ],
    [
      'memory in words',
      ['--hda', 'disk.img', '--memory', '64M'],
      '--memory is a whole number of MiB from 1 to 3072, not "64M"',
    ],
    ['a cap of 4 %', ['--hda', 'disk.img', '--cap', '4'], '--cap is a whole number from 5 to 100, not "4"'],
    ['an unknown processor', ['--hda', 'disk.img', '--cpu', 'z80'], /argument 'z80' is invalid/],
    [
      'an unknown boot device',
      ['--hda', 'disk.img', '--boot', 'n'],
      '--boot is made of the letters a (floppy), c (hard disk) and d (CD), not "n"',
    ],
    ['an initial RAM disk without a kernel', ['--initrd', 'disk.img'], '--initrd needs --kernel'],
    ['a VGA BIOS without a BIOS', ['--vga-bios', 'disk.img'], '--vga-bios needs --bios'],
    [
      'an impossible time limit',
      ['--hda', 'disk.img', '--timeout', '-5'],
      '--timeout is a number of seconds above 0, not "-5"',
    ],
    [
      'an unknown serial target',
      ['--hda', 'disk.img', '--serial', 'tcp:1'],
      '--serial is stdio, file:FILE or none, not "tcp:1"',
    ],
    [
      'a serial file that cannot be',
      ['--hda', 'disk.img', '--serial', 'file:missing/x'],
      '--serial cannot be written: missing/x',
    ],
    [
      'a screenshot that cannot be',
      ['--hda', 'disk.img', '--screenshot', 'missing/x.png'],
      '--screenshot cannot be written: missing/x.png',
    ],
    [
      'an error in the script',
      ['--hda', 'disk.img', '--script', 'bad-script.txt'],
      'bad-script.txt, line 2: there is no step "dance"',
    ],
    // These are found on the machine's thread.
    ['nothing to boot', [], 'There is no medium to boot from'],
    ['an image that does not boot', ['--hda', 'noise.img'], /^Nothing to boot on .*noise\.img$/],
    ['an image larger than a floppy', ['--fda', 'large.img'], /large\.img is larger than a floppy disk \(2880 KiB\)$/],
    [
      'an image of an unknown version',
      ['--hda', 'disk.qcow2'],
      /disk\.qcow2 is a qcow2 image with version 0, which is not supported/,
    ],
    ['an image in a format that is not supported', ['--hda', 'disk.vhdx'], /disk\.vhdx is .*VHDX/],
  ]

  test.each(cases)('%s', async (_, args, message) => {
    const { folder } = createFolder()
    writeFileSync(join(folder, 'empty.img'), '')
    writeFileSync(join(folder, 'noise.img'), new Uint8Array(1 << 20).fill(7))
    writeFileSync(join(folder, 'large.img'), new Uint8Array(3 << 20))
    writeFileSync(join(folder, 'disk.qcow2'), Buffer.from(`QFI\xfb${'\0'.repeat(1000)}`, 'latin1'))
    writeFileSync(join(folder, 'disk.vhdx'), Buffer.from(`vhdxfile${'\0'.repeat(70000)}`, 'latin1'))
    writeFileSync(join(folder, 'bad-script.txt'), 'quit\ndance\n')
    mkdirSync(join(folder, 'folder'))
    const before = readdirSync(folder)
    const { status, stdout, stderr } = await runCli(['run', ...args], { fake: true, cwd: folder })
    const [line, ...more] = stderr.split('\n')
    expect({ status, stdout, more }).toEqual({ status: 2, stdout: '', more: [''] })
    if (typeof message === 'string') expect(line).toBe(`vitrine: ${message}`)
    else expect(line?.replace(/^vitrine: /, '')).toMatch(message)
    expect(readdirSync(folder)).toEqual(before)
  })
})
