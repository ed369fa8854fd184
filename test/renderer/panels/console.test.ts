import { describe, expect, test } from 'vitest'
import type { KeyEvent } from '../../../core/contract/key-codes.ts'
import type { MouseEventRecord } from '../../../core/contract/machine-api.ts'
import type { DriveSpec } from '../../../core/contract/machine-spec.ts'
import { Notices } from '../../../renderer/app/notices.svelte.ts'
import { ConsoleModel } from '../../../renderer/panels/console/console-model.svelte.ts'
import { driveLight, lightText } from '../../../renderer/panels/console/drive-lights.ts'
import { driveFor } from '../../../renderer/panels/console/drop-target.ts'
import type { HostKey } from '../../../renderer/panels/console/host-keys.ts'
import { KeyboardCapture } from '../../../renderer/panels/console/keyboard-capture.ts'
import { MouseCapture } from '../../../renderer/panels/console/mouse-capture.ts'
import { scaledSize, sharpFactor } from '../../../renderer/panels/console/picture-scale.ts'
import { captureName } from '../../../renderer/panels/console/save-file.ts'
import { CHORD_GROUPS, chordKeys, chordLabel } from '../../../renderer/panels/console/send-keys.ts'
import { isAudible } from '../../../renderer/panels/console/speaker.ts'
import { SerialBacklog } from '../../../renderer/panels/serial/serial-backlog.ts'
import { createFakeClient, fakeCard } from '../fake-client.ts'

describe('the keyboard', () => {
  function capture(hostKey: HostKey = 'ControlRight') {
    const sent: KeyEvent[] = []
    const told: string[] = []
    const keyboard = new KeyboardCapture({
      hostKey: () => hostKey,
      send: (events) => void sent.push(...events),
      release: () => void told.push('release'),
      command: (code) => void told.push(code),
    })
    const down = (code: string, repeat = false) => keyboard.keyDown({ code, repeat })
    const up = (code: string) => keyboard.keyUp({ code, repeat: false })
    return { keyboard, sent, told, down, up }
  }

  test('sends each change once, by place, and leaves unknown keys to the browser', () => {
    const { sent, down, up } = capture()
    expect([down('KeyA'), down('KeyA', true), up('KeyA'), up('KeyA')]).toEqual([true, true, true, true])
    expect([down('BrowserBack'), down(''), up('BrowserBack')]).toEqual([false, false, false])
    expect(sent).toEqual([
      { code: 'KeyA', down: true },
      { code: 'KeyA', down: false },
    ])
  })

  test('lets everything go when the focus leaves, last key first', () => {
    const { keyboard, sent, down } = capture()
    down('ControlLeft')
    down('KeyC')
    keyboard.releaseAll()
    keyboard.releaseAll()
    expect(sent.slice(2)).toEqual([
      { code: 'KeyC', down: false },
      { code: 'ControlLeft', down: false },
    ])
  })

  test('releases on Right Ctrl alone, and takes it with another key as a command; the guest sees neither', () => {
    const { sent, told, down, up } = capture()
    down('ControlRight')
    down('ControlRight', true)
    up('ControlRight')
    down('ControlRight')
    down('Delete')
    up('Delete')
    up('ControlRight')
    expect(told).toEqual(['release', 'Delete'])
    expect(sent).toEqual([])
  })

  test('has another host key where the user wants one; Right Ctrl is the guest’s then', () => {
    const { sent, told, down, up } = capture('F12')
    down('ControlRight')
    up('ControlRight')
    down('F12')
    down('KeyS')
    up('KeyS')
    up('F12')
    expect(told).toEqual(['KeyS'])
    expect(sent.map(({ code }) => code)).toEqual(['ControlRight', 'ControlRight'])
  })

  test('lets keys go whose release the system swallows while a Meta key is down', () => {
    const { sent, down, up } = capture()
    down('MetaLeft')
    down('KeyX')
    up('MetaLeft')
    expect(sent.filter((event) => !event.down).map(({ code }) => code)).toEqual(['KeyX', 'MetaLeft'])
  })

  test('knows every chord of the menu, each down and up again', () => {
    const chords = CHORD_GROUPS.flatMap(([, group]) => [...group])
    for (const chord of chords) {
      const events = chordKeys(chord)
      expect(events.filter(({ down }) => down).length).toBe(events.length / 2)
    }
    expect(chordKeys('ctrl-break').map(({ code }) => code)).toEqual(['ControlLeft', 'Pause', 'Pause', 'ControlLeft'])
    expect(
      chordKeys('alt-sysrq')
        .map(({ code }) => code)
        .slice(0, 2),
    ).toEqual(['AltLeft', 'PrintScreen'])
    expect(chords.filter((chord) => chord.startsWith('ctrl-alt-f'))).toHaveLength(12)
    expect([chordLabel('ctrl-alt-del'), chordLabel('rctrl'), chordLabel('ctrl-alt-f12')]).toEqual([
      'Ctrl-Alt-Del',
      'Right Ctrl',
      'Ctrl-Alt-F12',
    ])
  })
})

describe('the mouse', () => {
  function capture() {
    const sent: MouseEventRecord[][] = []
    const waiting: (() => void)[] = []
    const mouse = new MouseCapture(
      (events) => void sent.push([...events]),
      (work) => void waiting.push(work),
    )
    const frame = () => {
      for (const work of waiting.splice(0)) work()
    }
    return { mouse, sent, frame }
  }

  test('adds movements up to one a frame and keeps fractions', () => {
    const { mouse, sent, frame } = capture()
    mouse.move(1.5, -0.25)
    mouse.move(1, -0.25)
    frame()
    mouse.move(0.5, -0.5)
    frame()
    expect(sent).toEqual([[{ kind: 'move', dx: 2, dy: 0 }], [{ kind: 'move', dx: 1, dy: -1 }]])
  })

  test('sends a button after the movement before it, and only changes', () => {
    const { mouse, sent, frame } = capture()
    mouse.move(3, 4)
    mouse.button(0, true)
    mouse.button(0, true)
    mouse.button(7, true)
    frame()
    mouse.releaseAll()
    expect(sent).toEqual([
      [
        { kind: 'move', dx: 3, dy: 4 },
        { kind: 'button', button: 'left', down: true },
      ],
      [{ kind: 'button', button: 'left', down: false }],
    ])
  })

  test('turns scrolling into detents, whatever its unit', () => {
    const { mouse, sent } = capture()
    mouse.wheel(60, 0)
    mouse.wheel(60, 0)
    mouse.wheel(-3, 1)
    mouse.wheel(1e9, 0)
    expect(sent.flat()).toEqual([
      { kind: 'wheel', detents: 1 },
      { kind: 'wheel', detents: 64 },
    ])
  })

  test('never sends more than the contract takes', () => {
    const { mouse, sent, frame } = capture()
    mouse.move(10_000, -10_000)
    frame()
    expect(sent).toEqual([[{ kind: 'move', dx: 4096, dy: -4096 }]])
  })
})

describe('the size of the picture', () => {
  const room = { width: 1000, height: 700 }
  const options = { scaling: 'fit', monitorShape: true, pixelRatio: 1 } as const
  const mode13 = { widthPx: 320, heightPx: 200, aspectWidth: 4, aspectHeight: 3 }
  const text = { widthPx: 720, heightPx: 400, aspectWidth: 4, aspectHeight: 3 }

  test('fills the room in the shape of a monitor', () => {
    expect(scaledSize(mode13, room, options)).toEqual({ width: 933, height: 700 })
    expect(scaledSize(text, room, options)).toEqual({ width: 933, height: 700 })
    expect(scaledSize(text, { width: 600, height: 900 }, options)).toEqual({ width: 600, height: 450 })
  })

  test('keeps pixels square where the shape is not wanted', () => {
    expect(scaledSize(mode13, room, { ...options, monitorShape: false })).toEqual({ width: 1000, height: 625 })
  })

  test('is a whole multiple, in device pixels, and never nothing', () => {
    const square = { widthPx: 640, heightPx: 480, aspectWidth: 4, aspectHeight: 3 }
    expect(scaledSize(square, room, { ...options, scaling: 'integer' })).toEqual({ width: 640, height: 480 })
    expect(scaledSize(square, room, { ...options, scaling: 'integer', pixelRatio: 2 })).toEqual({
      width: 640,
      height: 480,
    })
    expect(scaledSize(square, { width: 100, height: 50 }, { ...options, scaling: 'integer' }).width).toBe(640)
    expect(scaledSize(square, room, { ...options, scaling: 'original', pixelRatio: 2 }).width).toBe(320)
  })

  test('repeats pixels until they are at least as large as shown', () => {
    expect([sharpFactor(320, 933), sharpFactor(400, 400), sharpFactor(640, 100), sharpFactor(1, 5000)]).toEqual([
      3, 1, 1, 8,
    ])
  })
})

describe('around the screen', () => {
  const floppy: DriveSpec = { slot: 'fda', kind: 'floppy', file: 'a.img', writeProtected: false, discardWrites: false }
  const cd: DriveSpec = { ...floppy, slot: 'hdc', kind: 'cdrom', file: null }
  const drives = [floppy, { ...floppy, slot: 'fdb', file: null } as const, cd]

  test('a dropped image goes into the empty drive that fits it', () => {
    expect(driveFor(drives, 'games.img', 1440 * 1024)?.slot).toBe('fdb')
    expect(driveFor(drives, 'tiny.ISO', 1000)?.slot).toBe('hdc')
    expect(driveFor(drives, 'large.img', 700 * 2 ** 20)?.slot).toBe('hdc')
    expect(driveFor([floppy], 'a.ima', 1000)?.slot).toBe('fda')
    expect(driveFor([floppy], 'a.iso', 1000)).toBeUndefined()
  })

  const dark = { capsLock: false, numLock: false, scrollLock: false, mouse: true, reading: [], writing: [] }

  test('lights show what a drive does, writing before reading', () => {
    expect(driveLight({ ...dark, reading: ['fda'] }, 'fda')).toBe('read')
    expect(driveLight({ ...dark, reading: ['fda', 'hda'], writing: ['fda'] }, 'fda')).toBe('write')
    expect([driveLight({ ...dark, writing: ['hda'] }, 'fda'), driveLight(null, 'fda')]).toEqual(['rest', 'rest'])
    expect(lightText('write', 'Floppy A')).toBe('Floppy A: writing')
  })

  test('a console shows what belongs to its machine, and forgets it when that is off', async () => {
    const { client, emit, consoles } = createFakeClient()
    const card = fakeCard({ name: 'Alpha' })
    const tones: number[] = []
    const outlets = { onFrame: () => {}, onSerial: () => {}, onTone: (hz: number) => void tones.push(hz) }
    const model = new ConsoleModel(client, new Notices(), card.id, outlets)
    await model.open()
    const stats = { speedMips: 5, idle: 0, hostLoad: 0, guestSeconds: 1, instructions: 1, memoryBytes: 0, drives: [] }
    emit('machine-stats', { id: 'other', ...stats })
    expect(model.stats).toBeNull()
    emit('machine-stats', { id: card.id, ...stats })
    expect(model.stats?.speedMips).toBe(5)
    emit('machine-lights', { id: 'other', lights: dark })
    expect(model.lights).toBeNull()
    emit('machine-lights', { id: card.id, lights: { ...dark, capsLock: true } })
    expect(model.lights?.capsLock).toBe(true)
    emit('machine-tone', { id: card.id, frequencyHz: 440 })
    emit('machine-state', { id: card.id, state: 'off', crash: null })
    expect([model.stats, model.lights, tones]).toEqual([null, null, [440, 0]])
    model.dispose()
    expect(consoles).toEqual([])
  })

  test('a console that was left while it opened is closed', async () => {
    const { client, consoles } = createFakeClient()
    const outlets = { onFrame: () => {}, onSerial: () => {}, onTone: () => {} }
    const model = new ConsoleModel(client, new Notices(), fakeCard({ name: 'Alpha' }).id, outlets)
    const opening = model.open()
    model.dispose()
    await opening
    expect(consoles).toEqual([])
  })

  test('a terminal that opens late sees what was sent before, up to a limit', () => {
    const backlog = new SerialBacklog()
    backlog.add(new Uint8Array(300 * 1024).fill(1))
    backlog.add(new Uint8Array(200 * 1024).fill(2))
    backlog.add(new Uint8Array([3]))
    const seen: number[] = []
    const hide = backlog.show((bytes) => void seen.push(bytes[0] ?? 0))
    backlog.add(new Uint8Array([4]))
    hide()
    backlog.add(new Uint8Array([5]))
    expect(seen).toEqual([2, 3, 4])
  })

  test('screenshots have names that every system takes', () => {
    expect(captureName('A/B: "C"?', new Date(2026, 0, 2, 3, 4, 5), 'png')).toBe('A_B_ _C__ 2026-01-02 03.04.05.png')
  })

  test('tones beyond hearing are silence', () => {
    expect([0, 5, 20, 440, 16_000, 1_193_182].map(isAudible)).toEqual([false, false, true, true, true, false])
  })
})
