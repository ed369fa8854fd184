import { describe, expect, test } from 'vitest'
import type { KeyEvent } from '../../../core/contract/key-codes.ts'
import { KEYBOARD_LAYOUTS } from '../../../core/contract/keyboard-layouts.ts'
import type { ScreenText } from '../../../core/contract/machine-api.ts'
import { ConsoleClosing } from '../../../renderer/app/console-closing.svelte.ts'
import { Notices } from '../../../renderer/app/notices.svelte.ts'
import { Preferences } from '../../../renderer/app/preferences.svelte.ts'
import { Router } from '../../../renderer/app/router.svelte.ts'
import { nextScaling, viewItems } from '../../../renderer/panels/console/console-menus.ts'
import { driveItems } from '../../../renderer/panels/console/drive-menu.ts'
import { commandOf, HOST_COMMANDS, keyLabel } from '../../../renderer/panels/console/host-commands.ts'
import { placeInside, recordingSize } from '../../../renderer/panels/console/screen-recorder.ts'
import { cellAt, moveSelection, selectedText, spansOf } from '../../../renderer/panels/console/text-selection.ts'
import { TonePcm } from '../../../renderer/panels/console/tone-pcm.ts'
import { lineState } from '../../../renderer/panels/serial/serial-line.ts'
import { legendOf, MAIN_ROWS, SIDE_ROWS } from '../../../renderer/parts/keyboard-rows.ts'
import { StickyKeys } from '../../../renderer/parts/sticky-keys.svelte.ts'
import { strings } from '../../../renderer/strings/en.ts'
import { createFakeClient, fakeCard } from '../fake-client.ts'

class MemoryStore {
  readonly items = new Map<string, string>()
  getItem(key: string): string | null {
    return this.items.get(key) ?? null
  }
  setItem(key: string, value: string): void {
    this.items.set(key, value)
  }
}

describe('host-key commands', () => {
  test('every command has one key, every key one command, and the help names them all', () => {
    expect(new Set(HOST_COMMANDS.map(([code]) => code)).size).toBe(HOST_COMMANDS.length)
    expect(HOST_COMMANDS.map(([, command]) => command).toSorted()).toEqual(
      Object.keys(strings.console.commands).toSorted(),
    )
    expect([commandOf('KeyS'), commandOf('Delete'), commandOf('KeyZ')]).toEqual(['snapshot', 'ctrlAltDel', undefined])
    expect([keyLabel('KeyF'), keyLabel('Delete'), keyLabel('Backspace')]).toEqual(['F', 'Del', '⌫'])
  })
})

describe('the view of a machine', () => {
  test('is remembered for that machine, and where others begin', () => {
    const store = new MemoryStore()
    const preferences = new Preferences(store)
    const [one, two] = [preferences.viewOf('1'), preferences.viewOf('2')]
    two.set('smooth', false)
    nextScaling(one)
    one.set('smooth', true)
    expect(one.values).toEqual({ scaling: 'integer', monitorShape: true, smooth: true })
    const again = new Preferences(store)
    expect(again.viewOf('1').values).toEqual(one.values)
    expect(again.viewOf('2').values).toEqual({ scaling: 'fit', monitorShape: true, smooth: false })
    expect(again.viewOf('3').values).toEqual(one.values)
  })

  test('goes round all sizes, and its menu marks the present one', () => {
    const preferences = new Preferences(new MemoryStore())
    const view = preferences.viewOf('1')
    for (const scaling of ['integer', 'original', 'fit']) {
      nextScaling(view)
      expect(view.values.scaling).toBe(scaling)
    }
    const checked = viewItems(preferences, view).flatMap((item) =>
      item.kind === 'entry' && item.checked ? [item.label] : [],
    )
    expect(checked).toEqual(['Fit the window', 'Shape of a monitor (4:3)', 'Capture the mouse on click'])
  })
})

describe('selecting text', () => {
  const screen: ScreenText = {
    mode: 'text',
    columns: 10,
    rows: 4,
    lines: ['C:\\>dir', 'A    B', '', '═ end'],
    cursor: null,
  }
  const cell = (column: number, row: number) => ({ column, row })

  test('goes through the lines between two cells, whichever came first', () => {
    const selection = { from: cell(4, 0), to: cell(2, 1), block: false }
    expect(spansOf(selection, screen)).toEqual([
      { row: 0, start: 4, end: 10 },
      { row: 1, start: 0, end: 3 },
    ])
    expect(selectedText(selection, screen)).toBe('dir\nA')
    expect(selectedText({ ...selection, from: selection.to, to: selection.from }, screen)).toBe('dir\nA')
    expect(selectedText({ from: cell(9, 3), to: cell(0, 0), block: false }, screen)).toBe('C:\\>dir\nA    B\n\n═ end')
  })

  test('or takes the rectangle', () => {
    expect(selectedText({ from: cell(5, 1), to: cell(4, 0), block: true }, screen)).toBe('di\n B')
    expect(selectedText({ from: cell(6, 0), to: cell(4, 0), block: false }, screen)).toBe('dir')
  })

  test('cells are found by place, the nearest for places outside', () => {
    expect(cellAt(55, 99, 100, 100, screen)).toEqual(cell(5, 3))
    expect(cellAt(-20, 500, 100, 100, screen)).toEqual(cell(0, 3))
  })

  test('arrow keys move it, with Shift they extend it, and no further than the screen', () => {
    const start = { from: cell(0, 0), to: cell(0, 0), block: false }
    const right = moveSelection(start, 'ArrowRight', false, screen)
    expect(right).toEqual({ ...start, from: cell(1, 0), to: cell(1, 0) })
    expect(moveSelection(start, 'End', true, screen)).toEqual({ ...start, to: cell(9, 0) })
    expect(moveSelection(start, 'ArrowUp', true, screen)).toEqual(start)
    expect(moveSelection(start, 'PageDown', true, screen)?.to).toEqual(cell(0, 3))
    expect(moveSelection(start, 'a', true, screen)).toBeUndefined()
  })
})

describe('the keyboard on the screen', () => {
  function sticky() {
    const sent: string[] = []
    const keys = new StickyKeys((events: readonly KeyEvent[]) =>
      sent.push(...events.map(({ code, down }) => code + (down ? '+' : '-'))),
    )
    return { keys, sent }
  }

  test('holds a modifier for the next key', () => {
    const { keys, sent } = sticky()
    for (const code of ['ControlLeft', 'AltLeft', 'Delete', 'KeyA'] as const) keys.click(code)
    expect(sent).toEqual([
      'ControlLeft+',
      'AltLeft+',
      'Delete+',
      'Delete-',
      'AltLeft-',
      'ControlLeft-',
      'KeyA+',
      'KeyA-',
    ])
    expect(keys.held.size).toBe(0)
  })

  test('a modifier that is clicked twice stays until the third time, or the end', () => {
    const { keys, sent } = sticky()
    for (const code of ['ShiftLeft', 'ShiftLeft', 'KeyA', 'KeyB', 'ShiftLeft'] as const) keys.click(code)
    expect(sent).toEqual(['ShiftLeft+', 'KeyA+', 'KeyA-', 'KeyB+', 'KeyB-', 'ShiftLeft-'])
    keys.click('AltRight')
    keys.releaseAll()
    keys.releaseAll()
    expect(sent.slice(6)).toEqual(['AltRight+', 'AltRight-'])
  })

  test('shows what keys type on the layout, and has a name for every key', () => {
    expect(legendOf('KeyZ', 'de')).toEqual({ main: 'Y', shift: '', altGr: '', name: 'Y' })
    expect(legendOf('KeyQ', 'de')).toMatchObject({ main: 'Q', altGr: '@' })
    expect(legendOf('Digit2', 'fr')).toMatchObject({ main: 'é', shift: '2' })
    expect(legendOf('Backquote', 'de').main).toBe('^')
    for (const layout of KEYBOARD_LAYOUTS)
      for (const { code } of [...MAIN_ROWS, ...SIDE_ROWS].flat())
        if (code) expect(legendOf(code, layout).name, `${layout} ${code}`).not.toMatch(/^$|^(Key[A-Z]|Digit[0-9])/)
  })

  test('has rows of one width', () => {
    const width = (row: (typeof MAIN_ROWS)[number]) => row.reduce((sum, key) => sum + key.width, 0)
    expect(MAIN_ROWS.map(width)).toEqual([15, 15, 15, 15, 15, 15])
    expect(SIDE_ROWS.map(width)).toEqual([3, 3, 3, 3, 3, 3])
  })
})

describe('the menu of a drive', () => {
  const model = () => {
    const done: unknown[] = []
    return {
      done,
      insert: async (slot: string, source: object) => void done.push([slot, source]),
      eject: async (slot: string) => void done.push(['eject', slot]),
      setDrive: async (slot: string, change: object) => void done.push([slot, change]),
    }
  }
  const drive = { slot: 'fda', kind: 'floppy', file: '/x/a.img', writeProtected: true, discardWrites: false } as const
  const usedAt = '2026-01-01T00:00:00.000Z'
  const recent = ['a.img', 'b.img', 'gone.img'].map((fileName) => ({
    path: `/x/${fileName}`,
    fileName,
    kind: 'floppy',
    usedAt,
    exists: fileName !== 'gone.img',
  }))
  const app = () => ({ client: createFakeClient({ 'media.recent': () => recent }).client, notices: new Notices() })

  test('inserts, ejects, protects, and forgets writes', async () => {
    const target = model()
    let chosen = 0
    const items = await driveItems(app(), target, drive, () => chosen++)
    const entry = (label: string) => items.find((item) => item.kind === 'entry' && item.label === label)
    for (const label of ['Insert a file …', 'Eject', 'b.img', 'Write-protected', 'Forget writes at power-off']) {
      const item = entry(label)
      if (item?.kind !== 'entry') throw new Error(`There is no ${label}`)
      await item.run()
    }
    expect(chosen).toBe(1)
    expect(target.done).toEqual([
      ['eject', 'fda'],
      ['fda', { kind: 'path', path: '/x/b.img' }],
      ['fda', { writeProtected: false }],
      ['fda', { discardWrites: true }],
    ])
    // What is in the drive, and what is no longer there, is not offered.
    expect([entry('a.img'), entry('gone.img')]).toEqual([undefined, undefined])
    expect(entry('Write-protected')).toMatchObject({ checked: true })
  })

  test('a hard disk is neither inserted nor ejected', async () => {
    const items = await driveItems(app(), model(), { ...drive, slot: 'hda', kind: 'disk' }, () => {})
    expect(items.flatMap((item) => (item.kind === 'entry' ? [item.label] : []))).toEqual(['Forget writes at power-off'])
  })
})

describe('closing a console', () => {
  function closing(answers: Parameters<typeof createFakeClient>[0] = {}) {
    const { client, calls } = createFakeClient({
      'snapshot.save': () => ({}),
      'machine.powerOff': () => ({}),
      ...answers,
    })
    const preferences = new Preferences(new MemoryStore())
    const closed: string[] = []
    const notices = new Notices()
    const model = new ConsoleClosing({ client, notices, preferences, close: (id) => void closed.push(id) })
    return { model, calls, closed, preferences, notices }
  }

  test('needs no question for a machine that is off', async () => {
    const { model, closed } = closing()
    const card = fakeCard({ name: 'Alpha' })
    await model.request(card)
    expect([closed, model.current]).toEqual([[card.id], null])
  })

  test('asks for a running one, does what is chosen, and remembers it when told to', async () => {
    const { model, calls, closed, preferences } = closing()
    const card = fakeCard({ name: 'Alpha' }, 'running')
    await model.request(card)
    expect([closed, model.current?.id]).toEqual([[], card.id])
    model.cancel()
    expect([closed, model.current]).toEqual([[], null])
    await model.request(card)
    await model.answer('save', true)
    expect(calls).toEqual([['snapshot.save', { id: card.id }]])
    expect([closed, model.current, preferences.values.closeAction]).toEqual([[card.id], null, 'save'])
    const other = fakeCard({ name: 'Beta' }, 'paused')
    await model.request(other)
    expect([model.current, closed]).toEqual([null, [card.id, other.id]])
  })

  test('leaves the console open when it could not be done', async () => {
    const failing = () => {
      throw new Error('The disk is full')
    }
    const { model, closed, notices } = closing({ 'snapshot.save': failing })
    await model.request(fakeCard({ name: 'Alpha' }, 'running'))
    await model.answer('save', false)
    expect([closed, notices.list.length, model.busy]).toEqual([[], 1, false])
  })
})

describe('windows and lines', () => {
  test('the window of one machine stays its own wherever it goes', () => {
    const hashes: string[] = []
    const router = new Router((hash) => void hashes.push(hash))
    const machineId = '11111111-2222-4333-8444-555555555555'
    router.follow(`#/console/${machineId}/alone`)
    expect([router.alone, router.route]).toEqual([true, { panel: 'console', machineId }])
    router.open({ panel: 'log', machineId })
    expect(hashes).toEqual([`#/log/${machineId}/alone`])
    const plain = new Router(() => {})
    plain.follow(`#/console/${machineId}/together`)
    expect([plain.alone, plain.route.panel]).toEqual([false, 'library'])
  })

  test('a serial line says where it goes beside the terminal', () => {
    const port = { port: 1, kind: 'terminal', file: null, address: null, listens: true } as const
    expect(lineState(port)).toBe('')
    expect(lineState({ ...port, kind: 'file', file: '/x.log' })).toBe('also appended to /x.log')
    expect(lineState({ ...port, kind: 'tcp', address: '127.0.0.1:23' })).toBe('also for who connects to 127.0.0.1:23')
    expect(lineState({ ...port, kind: 'pipe', file: '/s', listens: false })).toBe('also connected to /s')
  })
})

describe('recordings', () => {
  test('enlarge small pictures by whole multiples, to even sizes', () => {
    expect(recordingSize({ width: 720, height: 400 })).toEqual({ width: 1440, height: 800 })
    expect(recordingSize({ width: 321, height: 201 })).toEqual({ width: 1284, height: 804 })
    expect(recordingSize({ width: 1025, height: 769 })).toEqual({ width: 1026, height: 770 })
  })

  test('a picture of another size stands in the middle', () => {
    expect(placeInside({ width: 640, height: 480 }, { width: 1440, height: 800 })).toEqual({
      width: 1067,
      height: 800,
      left: 186,
      top: 0,
    })
  })

  test('the speaker is a square wave without a jump between pieces', () => {
    const tone = new TonePcm(48_000)
    expect(new Set(tone.next(10))).toEqual(new Set([0]))
    tone.frequencyHz = 750
    const samples = [...tone.next(30), ...tone.next(66)]
    const flips = samples.flatMap((sample, index) => (index > 0 && sample !== samples[index - 1] ? [index] : []))
    expect(flips).toEqual([32, 64])
  })
})
