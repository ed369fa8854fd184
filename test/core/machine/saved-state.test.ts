/** A machine that is saved and restored is the one that never stopped: memory, registers, chips, disks and screen. */
import { describe, expect, it } from 'vitest'
import { demoImage } from '../../../assets/demo/build.ts'
import {
  fingerprint,
  powerOn,
  readImage,
  records,
  restore,
  runSlices,
  runToSavePoint,
  type SavedMachine,
  take,
} from '../../support/saved-machine.ts'

const demo = { images: { hda: readImage(demoImage) } }

/** Moments of the demo disk: in POST, at its menu, in its notepad with typed text, in its animation, and in between. */
const moments: Readonly<Record<string, (on: SavedMachine) => void>> = {
  'at power-on': () => {},
  'in POST': (on) => void on.machine.runSlice(300_000),
  'while booting': (on) => runSlices(on, 40),
  'at the menu': (on) => runSlices(on, 1500),
  'with keys under way': (on) => {
    runSlices(on, 1500)
    on.machine.keyboard.key('Digit2', true)
    on.machine.runSlice(100_000)
    on.machine.keyboard.key('Digit2', false)
  },
  'in a graphics mode': (on) => {
    runSlices(on, 1500)
    for (const down of [true, false]) on.machine.keyboard.key('Digit1', down)
    runSlices(on, 700)
  },
}

describe('a machine restored from its saved state', () => {
  it.each(Object.entries(moments))('goes on as the one that never stopped, saved %s', (_, reach) => {
    const original = powerOn(demo)
    const untouched = powerOn(demo)
    reach(original)
    reach(untouched)
    runToSavePoint(untouched)
    const state = take(original)
    const twin = restore(demo, state)
    expect(records(twin.machine.saveState())).toEqual(records(state.state))
    expect(Buffer.compare(twin.machine.saveState(), state.state)).toBe(0)
    expect(fingerprint(twin)).toEqual(fingerprint(original))
    for (const on of [original, twin, untouched]) {
      runSlices(on, 150)
      on.machine.keyboard.key('Space', true)
      on.machine.keyboard.key('Space', false)
      runSlices(on, 350)
    }
    expect(fingerprint(twin)).toEqual(fingerprint(original))
    expect(fingerprint(untouched)).toEqual(fingerprint(original))
  })
})
