import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { VmHost } from '../../../main/vm/vm-host.ts'
import { createImageFile } from '../../support/disk-images.ts'
import { collectSerial, press, startFakeVm } from '../../support/fake-vm.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const wait = (vm: VmHost, text: string, timeoutSeconds: number | null = 60) =>
  vm.call({ type: 'wait-text', text, timeoutSeconds, background: false })

describe('a machine on its thread', () => {
  test('starts, shows its screen and ends when the plug is pulled', async () => {
    const vm = startFakeVm()
    const states: string[] = []
    vm.onState.subscribe((state) => states.push(state))
    await vm.started()
    expect(await wait(vm, 'READY')).toEqual({ seen: 'serial' })
    expect((await vm.call({ type: 'screen-text' })).lines).toEqual(['READY', ''])
    await vm.powerOff()
    const ending = await vm.ending
    expect(ending).toMatchObject({ kind: 'ended', end: { kind: 'power-off', by: 'host' } })
    expect(states).toEqual(['running', 'stopping', 'off'])
    await expect(vm.call({ type: 'screen-text' })).rejects.toMatchObject({ code: 'vm/invalid-state' })
  })

  test('takes typed text and serial input, and sends serial output', async () => {
    const vm = startFakeVm()
    const serial = collectSerial(vm)
    await vm.call({ type: 'type-text', text: 'Dir: a-1!\n' })
    vm.send({ type: 'serial', port: 1, bytes: Buffer.from('hello from the line\n') })
    expect(await wait(vm, 'HELLO FROM THE LINE')).toEqual({ seen: 'serial' })
    expect((await vm.call({ type: 'screen-text' })).lines).toEqual(['READY', 'Dir: a-1!', 'HELLO FROM THE LINE', ''])
    expect(serial.text).toBe('READY\nDir: a-1!\nHELLO FROM THE LINE\n')
  })

  test('refuses text that its keyboard lacks, and goes on', async () => {
    const vm = startFakeVm()
    await expect(vm.call({ type: 'type-text', text: 'naïve' })).rejects.toMatchObject({ code: 'ipc/invalid-argument' })
    await vm.call({ type: 'type-text', text: 'a' })
    expect((await vm.call({ type: 'screen-text' })).lines).toEqual(['READY', 'a'])
  })

  test('types on the layout it is told, and leaves out what that lacks when it may', async () => {
    const vm = startFakeVm()
    // The fake guest has a US keyboard: it reads places. On a German one y and z have changed theirs.
    await vm.call({ type: 'type-text', text: 'yz', layout: 'de' })
    await vm.call({ type: 'type-text', text: 'xя', skipMissing: true })
    expect((await vm.call({ type: 'screen-text' })).lines).toEqual(['READY', 'zyx'])
    const refused = vm.call({ type: 'type-text', text: 'a€я', layout: 'de' })
    await expect(refused).rejects.toMatchObject({ context: { layout: 'de', missing: 'я' } })
  })

  test('tells its lights when they change', async () => {
    const vm = startFakeVm()
    const seen: boolean[] = []
    vm.onLights.subscribe(({ capsLock }) => void seen.push(capsLock))
    press(vm, 'CapsLock')
    await expect.poll(() => seen.at(-1)).toBe(true)
    press(vm, 'CapsLock')
    await expect.poll(() => seen.at(-1)).toBe(false)
    expect(vm.lights).toMatchObject({ capsLock: false, numLock: false, mouse: true, reading: [], writing: [] })
  })

  test('drives the mouse into the corner and from there to a position', async () => {
    const vm = startFakeVm()
    vm.send({
      type: 'mouse',
      events: [
        { kind: 'position', x: 50, y: 70 },
        { kind: 'button', button: 'left', down: true },
        { kind: 'button', button: 'left', down: false },
        { kind: 'move', dx: 5, dy: -5 },
        { kind: 'button', button: 'right', down: true },
        { kind: 'wheel', detents: 2 },
      ],
    })
    await vm.call({ type: 'input-read' })
    expect((await vm.call({ type: 'screen-text' })).lines).toEqual([
      'READY',
      'left 50 70',
      'right 55 65',
      'wheel 2',
      '',
    ])
  })

  test('ends as the guest says: by switching off, or through the exit port', async () => {
    const off = startFakeVm()
    press(off, 'F9')
    expect(await off.ending).toMatchObject({ kind: 'ended', end: { kind: 'power-off', by: 'guest' } })
    const exit = startFakeVm()
    press(exit, 'F10')
    expect(await exit.ending).toMatchObject({ kind: 'ended', end: { kind: 'exit', value: 3 } })
  })

  test('reacts to the power button, reset, pause and resume', async () => {
    const vm = startFakeVm()
    await vm.call({ type: 'type-text', text: 'x' })
    await vm.call({ type: 'reset' })
    expect((await vm.call({ type: 'screen-text' })).lines).toEqual(['READY', ''])
    await vm.pause()
    expect(vm.state).toBe('paused')
    await expect(vm.pause()).rejects.toMatchObject({ code: 'vm/invalid-state' })
    const before = await vm.call({ type: 'stats' })
    expect((await vm.call({ type: 'stats' })).guestSeconds).toBe(before.guestSeconds)
    await vm.resume()
    expect(await vm.call({ type: 'sleep', seconds: 0.05 })).toBeNull()
    expect((await vm.call({ type: 'stats' })).guestSeconds).toBeGreaterThanOrEqual(before.guestSeconds + 0.05)
    await vm.call({ type: 'power-button' })
    expect(await vm.ending).toMatchObject({ end: { kind: 'power-off', by: 'guest' } })
  })

  test('that crashes ends as crashed with the reason, and leaves another one running', async () => {
    const other = startFakeVm()
    const vm = startFakeVm()
    await Promise.all([vm.started(), other.started()])
    const call = vm.call({ type: 'wait-text', text: 'never', timeoutSeconds: null, background: false })
    press(vm, 'F11')
    await expect(call).rejects.toMatchObject({ code: 'vm/invalid-state' })
    expect(await vm.ending).toEqual({
      kind: 'crashed',
      error: { code: 'vm/crashed', message: 'The fake guest broke its machine', context: {} },
    })
    expect(vm.state).toBe('crashed')
    await other.call({ type: 'type-text', text: 'still here' })
    expect(other.state).toBe('running')
  })

  test('that is killed ends as crashed', async () => {
    const vm = startFakeVm()
    await vm.started()
    vm.kill()
    expect(await vm.ending).toMatchObject({ kind: 'crashed', error: { code: 'vm/crashed' } })
  })

  test('pauses with the reason when the host runs out of disk space, and goes on', async () => {
    const vm = startFakeVm()
    await vm.started()
    const told = Promise.withResolvers<string>()
    vm.onPausedByError.subscribe(({ code }) => told.resolve(code))
    press(vm, 'F12')
    expect(await told.promise).toBe('disk/full')
    expect(vm.state).toBe('paused')
    await vm.resume()
    await vm.call({ type: 'type-text', text: 'on' })
    expect((await vm.call({ type: 'screen-text' })).lines).toEqual(['READY', 'on'])
  })

  test('that cannot be made says why and is off', async () => {
    const vm = startFakeVm({ memoryMib: 666 })
    await expect(vm.started()).rejects.toMatchObject({
      code: 'vm/invalid-state',
      message: 'Not enough memory for this machine',
    })
    expect(vm.state).toBe('off')
  })
})

describe('waits', () => {
  test('time out on the guest clock and remember serial output between two of them', async () => {
    const vm = startFakeVm()
    expect(await wait(vm, 'not there', 0.05)).toEqual({ seen: 'nowhere' })
    vm.send({ type: 'serial', port: 1, bytes: Buffer.from('one two\n') })
    expect(await wait(vm, 'ONE')).toEqual({ seen: 'serial' })
    expect(await wait(vm, 'TWO')).toEqual({ seen: 'serial' })
    await vm.call({ type: 'reset' })
    // READY was sent again, once; what came before the last match is not seen again.
    expect(await wait(vm, 'ONE', 0.05)).toEqual({ seen: 'nowhere' })
    expect(await wait(vm, 'READY')).toEqual({ seen: 'serial' })
    expect(await wait(vm, 'READY')).toEqual({ seen: 'screen' })
  })

  test('with the virtual clock happen at the same instants in every run', async () => {
    const run = async () => {
      const vm = startFakeVm({ clock: { source: 'virtual' } }, { stepped: true })
      await vm.call({ type: 'sleep', seconds: 1.5 })
      await vm.call({ type: 'type-text', text: 'abc' })
      await wait(vm, 'abc')
      const { guestSeconds } = await vm.call({ type: 'stats' })
      await vm.powerOff()
      return guestSeconds
    }
    const first = await run()
    expect(first).toBeGreaterThan(1.5)
    expect(await run()).toBe(first)
  })
})

describe('pictures', () => {
  test('come when they are wanted and only when they change', async () => {
    const vm = startFakeVm()
    await wait(vm, 'READY')
    const changes: unknown[] = []
    vm.onPicture.subscribe((change) => changes.push(change))
    await vm.call({ type: 'draw' })
    expect(changes).toEqual([{ rectangle: { left: 0, top: 0, right: 320, bottom: 200 }, whole: true }])
    expect(vm.picture.mode).toEqual({ widthPx: 320, heightPx: 200, aspectWidth: 4, aspectHeight: 3 })
    expect(vm.picture.pixels.slice(0, 6)).toEqual(new Uint32Array([...Array(5).fill(0xff00_ff00), 0xff00_0000]))
    await vm.call({ type: 'draw' })
    expect(changes).toHaveLength(1)
    const changed = Promise.withResolvers<unknown>()
    vm.onPicture.subscribe(changed.resolve)
    vm.setFrameInterval(1)
    await vm.call({ type: 'type-text', text: 'a' })
    expect(await changed.promise).toEqual({ rectangle: { left: 0, top: 1, right: 1, bottom: 2 }, whole: false })
  })
})

describe('images', () => {
  test('that a machine writes are locked against another machine until it ends', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'disk.img')
    writeFileSync(file, new Uint8Array(4096))
    const drives = [{ slot: 'hda' as const, kind: 'disk' as const, file }]
    const vm = startFakeVm({ drives })
    await vm.started()
    expect(() => startFakeVm({ drives })).toThrow('Another running machine')
    expect(() => startFakeVm({ drives }, { discardWrites: true })).toThrow('Another running machine')
    await vm.powerOff()
    const reader = startFakeVm({ drives }, { discardWrites: true })
    const second = startFakeVm({ drives }, { discardWrites: true })
    await Promise.all([reader.started(), second.started()])
    await Promise.all([reader.powerOff(), second.powerOff()])
    expect(readdirSync(folder)).toEqual(['disk.img'])
  })

  test('that another image stands on are locked, too: written by nobody, read by many', async () => {
    const folder = temporaryFolder()
    const base = join(folder, 'base.qcow2')
    createImageFile(base, 'qcow2', 1 << 20)
    const drives = ['one', 'two'].map((name) => {
      const file = join(folder, `${name}.qcow2`)
      createImageFile(file, 'qcow2', 1 << 20, {}, { file: 'base.qcow2', format: 'qcow2' })
      return [{ slot: 'hda' as const, kind: 'disk' as const, file }]
    })
    const onBase = [{ slot: 'hda' as const, kind: 'disk' as const, file: base }]
    const writer = startFakeVm({ drives: onBase })
    await writer.started()
    const refused = startFakeVm({ drives: drives[0] })
    await expect(refused.started()).rejects.toMatchObject({ code: 'library/locked', context: { file: base } })
    await writer.powerOff()
    const clones = drives.map((own) => startFakeVm({ drives: own }))
    await Promise.all(clones.map((clone) => clone.started()))
    expect(() => startFakeVm({ drives: onBase })).toThrow('reads this image')
    await Promise.all(clones.map((clone) => clone.powerOff()))
    expect(readdirSync(folder).toSorted()).toEqual(['base.qcow2', 'one.qcow2', 'two.qcow2'])
  })

  test('go into drives for media and come out', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'floppy.img')
    writeFileSync(file, new Uint8Array(1440 * 1024))
    const vm = startFakeVm({ drives: [{ slot: 'fda', kind: 'floppy' }] })
    await vm.insert('fda', file, false)
    expect(existsSync(join(folder, '.floppy.img.vitrine-lock'))).toBe(true)
    await vm.eject('fda', file)
    expect(readdirSync(folder)).toEqual(['floppy.img'])
    await expect(vm.insert('hdc', file, false)).rejects.toMatchObject({ code: 'vm/invalid-state' })
    await expect(vm.insert('fda', join(folder, 'missing.img'), false)).rejects.toMatchObject({ code: 'disk/not-found' })
    expect((await vm.call({ type: 'screen-text' })).lines).toEqual(['READY', 'inserted fda 2880', 'ejected fda', ''])
    await vm.powerOff()
    expect(readdirSync(folder)).toEqual(['floppy.img'])
  })
})

describe('speed', () => {
  test('of a capped machine is a part of one core', async () => {
    const vm = startFakeVm({ cpu: { capPercent: 25 } })
    press(vm, 'F8')
    await vm.call({ type: 'stats' })
    await vm.call({ type: 'sleep', seconds: 1 })
    const { hostLoad } = await vm.call({ type: 'stats' })
    // Without the cap it is 1, unless the test computer is busy. The governor's own tests are exact.
    expect(hostLoad).toBeLessThan(0.4)
  })

  test('of an idle machine costs next to nothing', async () => {
    const vm = startFakeVm()
    await vm.call({ type: 'sleep', seconds: 0.2 })
    await vm.call({ type: 'stats' })
    await vm.call({ type: 'sleep', seconds: 1 })
    const { hostLoad, idle } = await vm.call({ type: 'stats' })
    expect(hostLoad).toBeLessThan(0.1)
    expect(idle).toBeGreaterThan(0.9)
  })
})
