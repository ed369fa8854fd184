/**
 * A machine without a processor, for tests of everything around it. Its guest prints READY, then puts what is typed on its
 * screen and on COM1, lights up Caps Lock, sends serial input back in capitals, and ticks every 10 ms. F8 is a busy loop, F9 powers off, F10 writes
 * to the exit port, F11 crashes the thread, F12 meets a full disk.
 */
import { AppError } from '../../core/base/errors.ts'
import type { KeyCode } from '../../core/contract/key-codes.ts'
import type { DriveSlot } from '../../core/contract/machine-spec.ts'
import type { BlockDevice } from '../../core/disk/block-device.ts'
import type { Machine, MachineConfig, MachineCounters, SliceEnd } from '../../core/machine/machine.ts'
import { GuestMemory } from '../../core/memory/guest-memory.ts'
import { ManualClock } from '../../core/time/virtual-clock.ts'

const COLUMNS = 80
const ROWS = 25
const TICK_NS = 10_000_000
/** What the busy guest executes: 100 million instructions a second. */
const NS_PER_INSTRUCTION = 10

const shifted: Readonly<Record<string, string>> = { Digit1: '!', Semicolon: ':' }
const plain: Readonly<Record<string, string>> = {
  Space: ' ',
  Period: '.',
  Minus: '-',
  Semicolon: ';',
  Slash: '/',
  Enter: '\n',
}

export function createFakeMachine(config: MachineConfig): Machine {
  if (config.memoryMib === 666) throw new AppError('vm/invalid-state', 'Not enough memory for this machine')
  const clock = new ManualClock()
  const media = new Map<DriveSlot, BlockDevice>()
  const kinds = new Map(config.drives.map(({ slot, kind }) => [slot, kind]))
  for (const { slot, medium } of config.drives) if (medium) media.set(slot, medium)
  const memory = new GuestMemory(0x1_0000, 0x1_0000)
  const end: SliceEnd = { reason: 'ran', wakeNs: 0, exitValue: 0 }
  const hostStartNs = config.hostNowNs()
  const keys: { code: KeyCode; down: boolean }[] = []
  const serialInput: number[] = []
  const pointer = { x: 100, y: 100, left: false }
  let lines: string[] = ['READY', '']
  let dirty = true
  let busy = false
  let shift = false
  let instructions = 0
  let haltedNs = 0
  let leds = 0
  let nextTickNs = TICK_NS
  let ending: 'power-off' | 'exit' | undefined

  const serialPorts = config.serialPorts.map((port) => ({
    port,
    onOutput: (_: number) => {},
    canReceive: () => serialInput.length < 16,
    receive: (byte: number) => void serialInput.push(byte),
  }))
  const print = (text: string) => {
    dirty = true
    for (const character of text) {
      if (character === '\n') lines.push('')
      else lines[lines.length - 1] += character
      for (const port of serialPorts) port.onOutput(character.charCodeAt(0))
    }
    lines = lines.slice(-ROWS)
  }
  const functionKeys: Partial<Record<KeyCode, () => void>> = {
    CapsLock: () => {
      leds ^= 4
    },
    F8: () => {
      busy = !busy
    },
    F9: () => {
      ending = 'power-off'
    },
    F10: () => {
      ending = 'exit'
    },
    F11: () => {
      throw new Error('The fake guest broke its machine')
    },
    F12: () => {
      throw new AppError('disk/full', 'No space is left for: fake.img')
    },
  }
  const press = (code: KeyCode, down: boolean) => {
    if (code === 'ShiftLeft') shift = down
    else if (down && functionKeys[code]) functionKeys[code]()
    else if (down) {
      const letter = /^(?:Key|Digit)(.)$/.exec(code)?.[1] ?? ''
      const character = (shift ? (shifted[code] ?? letter) : (plain[code] ?? letter.toLowerCase())) || '?'
      print(character)
    }
  }
  const guestWork = () => {
    for (let key = keys.shift(); key; key = keys.shift()) press(key.code, key.down)
    for (let byte = serialInput.shift(); byte !== undefined; byte = serialInput.shift())
      print(String.fromCharCode(byte).toUpperCase())
  }
  let begun = false

  return {
    memory,
    clock,
    serialPorts,
    display: {
      mode: () => ({ widthPx: 320, heightPx: 200, aspectWidth: 4, aspectHeight: 3 }),
      render(pixels, force) {
        if (!dirty && !force) return false
        dirty = false
        pixels.fill(0xff00_0000, 0, 320 * 200)
        // One row of pixels per line of text, as long as the line.
        for (const [row, line] of lines.entries()) pixels.fill(0xff00_ff00, row * 320, row * 320 + line.length)
        return true
      },
      text: () => ({ mode: 'text', columns: COLUMNS, rows: ROWS, lines: [...lines], cursor: { column: 0, row: 0 } }),
    },
    keyboard: {
      key: (code, down) => void keys.push({ code, down }),
      pending: () => keys.length,
      leds: () => leds,
    },
    mouse: {
      move(dx, dy) {
        pointer.x = Math.max(0, Math.min(319, pointer.x + dx))
        pointer.y = Math.max(0, Math.min(199, pointer.y + dy))
      },
      button(button, down) {
        if (down) print(`${button} ${pointer.x} ${pointer.y}\n`)
      },
      wheel: (detents) => print(`wheel ${detents}\n`),
      pending: () => 0,
      listening: () => true,
    },
    runSlice(budgetNs) {
      if (!begun) for (const port of serialPorts) for (const byte of Buffer.from('READY\n')) port.onOutput(byte)
      begun = true
      if (config.clock === 'host') clock.advanceTo(config.hostNowNs() - hostStartNs)
      guestWork()
      end.reason = ending ?? 'ran'
      end.exitValue = 3
      if (ending) return end
      if (busy) {
        const startNs = config.hostNowNs()
        if (config.clock === 'host') while (config.hostNowNs() - startNs < budgetNs);
        else clock.advanceBy(budgetNs)
        instructions += budgetNs / NS_PER_INSTRUCTION
        return end
      }
      if (config.clock === 'virtual') {
        clock.advanceBy(budgetNs)
        haltedNs += budgetNs
        return end
      }
      haltedNs = clock.nowNs()
      while (nextTickNs <= clock.nowNs()) nextTickNs += TICK_NS
      end.reason = 'halted'
      end.wakeNs = nextTickNs
      return end
    },
    reset() {
      lines = ['']
      print('READY\n')
    },
    pressPowerButton() {
      ending = 'power-off'
    },
    insert(slot, medium) {
      if (!kinds.has(slot) || kinds.get(slot) === 'disk')
        throw new AppError('vm/invalid-state', `There is no drive for media in ${slot}`)
      media.get(slot)?.close()
      media.set(slot, medium)
      print(`inserted ${slot} ${medium.sectors}\n`)
    },
    settleMedia() {},
    eject(slot) {
      media.get(slot)?.close()
      media.delete(slot)
      print(`ejected ${slot}\n`)
    },
    codeProfile: {
      start() {},
      stop: (secondsOf) => ({
        instructionsInterpreted: instructions,
        instructionsCompiled: 0,
        regionsCompiled: 1,
        regionsLive: 1,
        compileSeconds: 0,
        codeBytes: 64,
        exits: { dispatch: 3 },
        regions: [
          {
            address: 0x7c00,
            mode: '16-bit real',
            blocks: 1,
            instructions: 1,
            executions: 5,
            seconds: secondsOf(0),
            code: [{ address: 0x7c00, text: 'nop' }],
          },
        ],
      }),
    },
    counters: (): MachineCounters => ({
      instructionsInterpreted: instructions,
      instructionsCompiled: 0,
      haltedNs,
      regionsCompiled: 0,
      compileNs: 0,
      codeBytes: 0,
      exits: {},
      drives: [...media.keys()].map((slot) => ({ slot, readBytes: 0, writtenBytes: 0 })),
    }),
    switchMedium(slot, medium) {
      const before = media.get(slot) as BlockDevice
      media.set(slot, medium)
      return before
    },
    medium: (slot) => media.get(slot),
    canSave: true,
    saveState: () => new TextEncoder().encode(JSON.stringify({ lines, nowNs: clock.nowNs() })),
    restoreState(state) {
      const saved = JSON.parse(new TextDecoder().decode(state)) as { lines: string[]; nowNs: number }
      lines = saved.lines
      begun = true
      dirty = true
      clock.restore(saved.nowNs)
    },
    setRealTimeClock: () => {},
    dispose() {
      for (const medium of media.values()) medium.close()
    },
  }
}
