import { beforeEach, describe, expect, it } from 'vitest'
import { KEY_CODES } from '../../../../core/contract/key-codes.ts'
import { Ps2Keyboard } from '../../../../core/devices/input/ps2-keyboard.ts'
import { SET2, translateToSet1 } from '../../../../core/devices/input/scan-codes.ts'
import { createFakeContext, type FakeContext } from '../../../support/fake-context.ts'
import { Random } from '../../../support/random.ts'

const MS = 1_000_000
let context: FakeContext
let keyboard: Ps2Keyboard

/** What the keyboard wants to send, in hexadecimal. */
function sent(): string {
  const bytes: string[] = []
  for (let byte = keyboard.take(); byte >= 0; byte = keyboard.take()) bytes.push(byte.toString(16).padStart(2, '0'))
  return bytes.join(' ')
}

function press(...codes: string[]): string {
  for (const code of codes) keyboard.key(code, true)
  return sent()
}

function release(...codes: string[]): string {
  for (const code of codes) keyboard.key(code, false)
  return sent()
}

function tell(...bytes: number[]): string {
  for (const byte of bytes) keyboard.receive(byte)
  return sent()
}

beforeEach(() => {
  context = createFakeContext()
  keyboard = new Ps2Keyboard(context.timers)
})

describe('scan code set 2', () => {
  it('sends make and break codes', () => {
    expect([press('KeyA'), release('KeyA')]).toEqual(['1c', 'f0 1c'])
    expect([press('ArrowLeft'), release('ArrowLeft')]).toEqual(['e0 6b', 'e0 f0 6b'])
    expect([press('NumpadEnter'), release('NumpadEnter')]).toEqual(['e0 5a', 'e0 f0 5a'])
  })

  it('sends Pause at once and Break with Ctrl', () => {
    expect([press('Pause'), release('Pause')]).toEqual(['e1 14 77 e1 f0 14 f0 77', ''])
    press('ControlLeft')
    expect([press('Pause'), release('Pause')]).toEqual(['e0 7e e0 f0 7e', ''])
  })

  it('sends Print Screen with a fake Shift, without it when Ctrl or Shift is held, and SysRq with Alt', () => {
    expect([press('PrintScreen'), release('PrintScreen')]).toEqual(['e0 12 e0 7c', 'e0 f0 7c e0 f0 12'])
    press('ShiftLeft')
    expect([press('PrintScreen'), release('PrintScreen')]).toEqual(['e0 7c', 'e0 f0 7c'])
    release('ShiftLeft')
    press('AltRight')
    expect([press('PrintScreen'), release('PrintScreen')]).toEqual(['84', 'f0 84'])
  })

  it('frames the grey cursor keys with fake shifts by Num Lock and Shift', () => {
    press('ShiftRight')
    expect([press('Delete'), release('Delete')]).toEqual(['e0 f0 59 e0 71', 'e0 f0 71 e0 59'])
    tell(0xed, 0x02)
    expect([press('Delete'), release('Delete')]).toEqual(['e0 71', 'e0 f0 71'])
    release('ShiftRight')
    expect([press('Home'), release('Home')]).toEqual(['e0 12 e0 6c', 'e0 f0 6c e0 f0 12'])
  })

  it('hides a held Shift from the keypad slash', () => {
    press('ShiftLeft')
    expect([press('NumpadDivide'), release('NumpadDivide')]).toEqual(['e0 f0 12 e0 4a', 'e0 f0 4a e0 12'])
  })

  it('knows every key that the host can name', () => {
    const silent = KEY_CODES.filter((code) => press(code) === '')
    expect(silent).toEqual([])
  })

  it('gives no two keys the same code', () => {
    const codes = Object.values(SET2)
    expect(new Set(codes).size).toBe(codes.length)
  })
})

describe('scan code set 1', () => {
  it('sends the codes of the PC/XT', () => {
    tell(0xf0, 0x01)
    for (const [code, make, brk] of [
      ['Escape', '01', '81'],
      ['Digit1', '02', '82'],
      ['KeyA', '1e', '9e'],
      ['F7', '41', 'c1'],
      ['F10', '44', 'c4'],
      ['F11', '57', 'd7'],
      ['NumLock', '45', 'c5'],
      ['IntlBackslash', '56', 'd6'],
      ['ArrowUp', 'e0 48', 'e0 c8'],
      ['PrintScreen', 'e0 2a e0 37', 'e0 b7 e0 aa'],
      ['Pause', 'e1 1d 45 e1 9d c5', ''],
    ])
      expect([press(code as string), release(code as string)]).toEqual([make, brk])
  })

  it('is what the controller makes of set 2, for every key', () => {
    const keys = Object.entries(SET2).filter(([, code]) => code < 0x80)
    const set1 = keys.map(([, code]) => translateToSet1(code))
    expect(new Set(set1).size).toBe(keys.length)
    expect(set1.every((code) => code > 0 && code < 0x80)).toBe(true)
  })
})

describe('scan code set 3', () => {
  beforeEach(() => tell(0xf0, 0x03))

  it('sends break codes of the shift keys only, by default', () => {
    expect([press('KeyA'), release('KeyA')]).toEqual(['1c', ''])
    expect([press('ShiftLeft'), release('ShiftLeft')]).toEqual(['12', 'f0 12'])
    expect([press('ControlRight'), release('ControlRight')]).toEqual(['58', ''])
    expect([press('Pause'), press('PrintScreen'), press('ArrowUp')]).toEqual(['62', '57', '63'])
  })

  it('sends what the host chooses for all keys or for some', () => {
    expect(tell(0xf8)).toBe('fa')
    expect([press('KeyA'), release('KeyA')]).toEqual(['1c', 'f0 1c'])
    expect(tell(0xfd, 0x1c, 0x32)).toBe('fa fa fa')
    expect([press('KeyB'), release('KeyB'), press('KeyC'), release('KeyC')]).toEqual(['32', '', '21', 'f0 21'])
    expect(tell(0xf9)).toBe('fa')
    expect([press('ShiftLeft'), release('ShiftLeft')]).toEqual(['12', ''])
    tell(0xf6)
    expect([press('KeyA'), release('KeyA')]).toEqual(['1c', 'f0 1c'])
  })

  it('repeats keys of a typematic type only', () => {
    press('KeyA')
    context.advance(2000 * MS)
    expect(sent()).not.toBe('')
    release('KeyA')
    press('F1')
    context.advance(2000 * MS)
    expect(sent()).toBe('')
  })
})

describe('typematic', () => {
  it('repeats the last key after 500 ms, 10.9 times a second, until it is released', () => {
    press('KeyA', 'KeyB')
    context.advance(499 * MS)
    expect(sent()).toBe('')
    context.advance(2 * MS)
    expect(sent()).toBe('32')
    let repeats = 0
    for (let ms = 0; ms < 10_000; ms++) {
      context.advance(MS)
      if (sent() === '32') repeats++
    }
    expect(repeats).toBe(109)
    release('KeyA')
    context.advance(1000 * MS)
    expect(sent()).not.toBe('')
    release('KeyB')
    context.advance(1000 * MS)
    expect(sent()).toBe('')
  })

  it('takes delay and rate from command F3', () => {
    expect(tell(0xf3, 0x00)).toBe('fa fa') // 250 ms, 30 a second
    press('KeyA')
    let repeats = 0
    for (let ms = 0; ms < 1250; ms++) {
      context.advance(MS)
      if (sent()) repeats++
    }
    expect(repeats).toBe(31) // one after the delay, thirty in the second that follows
  })

  it('leaves repetition to the keyboard when the host repeats, too', () => {
    expect([press('KeyA'), press('KeyA'), press('KeyA')]).toEqual(['1c', '', ''])
  })

  it('does not repeat Pause, and nothing piles up for a guest that does not listen', () => {
    press('Pause')
    context.advance(5000 * MS)
    expect(sent()).toBe('')
    keyboard.key('KeyA', true)
    context.advance(60_000 * MS)
    expect(sent()).toBe('1c')
  })
})

describe('commands', () => {
  it('resets itself and passes its self-test', () => {
    tell(0xf0, 0x03)
    expect(tell(0xff)).toBe('fa aa')
    expect(press('KeyA')).toBe('1c')
  })

  it('echoes, identifies itself and asks again for what it does not know', () => {
    expect([tell(0xee), tell(0xf2), tell(0xef), tell(0x55)]).toEqual(['ee', 'fa ab 83', 'fe', 'fe'])
  })

  it('sends the last byte again', () => {
    press('KeyA')
    expect([tell(0xfe), tell(0xfe)]).toEqual(['1c', '1c'])
  })

  it('tells and takes the scan code set', () => {
    expect([tell(0xf0, 0x00), tell(0xf0, 0x01), tell(0xf0, 0x00), tell(0xf0, 0x04)]).toEqual([
      'fa fa 02',
      'fa fa',
      'fa fa 01',
      'fa fe',
    ])
  })

  it('shows lights to the host', () => {
    const lights: number[] = []
    keyboard.onLeds = (leds) => lights.push(leds)
    tell(0xed, 0x07)
    tell(0xed, 0x07)
    tell(0xed, 0x04)
    keyboard.reset()
    expect(lights).toEqual([7, 4, 0])
  })

  it('takes a command in place of a parameter', () => {
    expect([tell(0xed), tell(0xf4)]).toEqual(['fa', 'fa'])
    expect(tell(0x02)).toBe('fe')
  })

  it('is silent while disabled, but remembers what is held', () => {
    press('ControlLeft')
    expect(tell(0xf5)).toBe('fa')
    expect([press('KeyA'), release('ControlLeft'), release('KeyA')]).toEqual(['', '', ''])
    tell(0xf4)
    expect(press('PrintScreen')).toBe('e0 12 e0 7c')
  })

  it('forgets keys that wait when it is enabled', () => {
    keyboard.key('KeyA', true)
    expect(tell(0xf4)).toBe('fa')
  })

  it('answers before it sends keys that wait', () => {
    keyboard.key('KeyA', true)
    expect(tell(0xee)).toBe('ee 1c')
  })
})

describe('a full buffer', () => {
  it('ends with one overrun code, and no key is sent by half', () => {
    for (let i = 0; i < 50; i++) {
      keyboard.key('ArrowUp', true)
      keyboard.key('ArrowUp', false)
    }
    expect(sent()).toBe(`${'e0 75 e0 f0 75 '.repeat(12)}e0 75 00`)
    expect(press('KeyA')).toBe('1c')
  })
})

it('never holds more than its buffer, whatever host and guest do', () => {
  const random = new Random(0x102)
  for (let i = 0; i < 20_000; i++) {
    if (random.below(3) === 0) keyboard.receive(random.below(256))
    else keyboard.key(random.pick(KEY_CODES), random.below(2) === 0)
    if (random.below(20) === 0) context.advance(random.below(1000) * MS)
    expect(keyboard.pending).toBeLessThanOrEqual(65)
    if (random.below(50) === 0) sent()
  }
})
