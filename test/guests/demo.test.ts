/** The demo disk: a note and the number of boots come back at the next start, and every part of its menu works. */
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { describe, expect, it } from 'vitest'
import { demoImage } from '../../assets/demo/build.ts'
import { FIRMWARES } from '../support/firmwares.ts'
import { expectGolden } from '../support/golden-picture.ts'
import { guestFolder, runGuest } from '../support/guest.ts'
import { describeWith } from '../support/needs.ts'

/** Status and messages of a machine that ended as it should. */
const FINE = { status: 0, stderr: '' }

for (const firmware of FIRMWARES)
  describeWith(firmware.needs, `The demo disk under ${firmware.name}`, () => {
    const copy = () => {
      const disk = join(guestFolder(), 'demo.img')
      copyFileSync(demoImage, disk)
      return disk
    }
    const run = async (disk: string, script: readonly string[]) => {
      const flags = ['--memory', '16', '--hda', disk, '--timeout', '300', ...firmware.flags]
      const { status, stderr } = await runGuest(flags, script)
      return { status, stderr }
    }

    it('keeps what is written in the notepad, counts its boots and powers off', async () => {
      const disk = copy()
      const first = await run(disk, [
        'wait "Welcome to Vitrine" 30',
        'wait "Boots: 1"',
        'wait "empty: press 6"',
        'type "6"',
        'wait "Your note"',
        String.raw`type "Kept behind glass.\rTwo lines"`,
        'wait "28 of 4080 bytes  changed"',
        'key f2',
        'wait "Saved"',
        'key esc',
        'wait "Note  Kept behind glass."',
        'type "7"',
      ])
      expect(first).toEqual(FINE)

      const second = await run(disk, [
        'wait "Boots: 2" 30',
        'wait "Note  Kept behind glass."',
        'type "6"',
        'wait "Two lines"',
        'key esc',
        'wait "Menu"',
        'type "7"',
      ])
      expect(second).toEqual(FINE)
    })

    it('edits text at the cursor', async () => {
      const result = await run(copy(), [
        'wait "Menu" 30',
        'type "6"',
        'wait "Your note"',
        String.raw`type "abcdef\rthird"`,
        ...['up', 'home', 'del', 'end', 'backspace', 'enter'].map((key) => `key ${key}`),
        'type "second"',
        'wait "17 of 4080 bytes  changed"',
        'key esc',
        'wait "Note  bcde"',
        'quit',
      ])
      expect(result).toEqual(FINE)
    })

    it('shows the machine, its keys, its pictures and a tune', async () => {
      const result = await run(copy(), [
        'wait "Menu" 30',
        'key enter',
        'wait "80h  1024 KiB"',
        'wait "MHz time stamp counter" 10',
        'key esc',
        'wait "Menu"',
        'key down',
        'key enter',
        'wait "Scan codes"',
        'type "a"',
        'wait "1E 9E"',
        'wait "1E61  a"',
        'key esc',
        'wait "Menu"',
        'type "3"',
        'sleep 1',
        'type "  "',
        'sleep 1',
        'key esc',
        'wait "Menu"',
        'type "4"',
        'sleep 1',
        'key esc',
        'wait "Menu"',
        'type "5"',
        'wait "D#5" 10',
        'wait "G#3" 10',
        'key esc',
        'wait "Menu"',
        'quit',
      ])
      expect(result).toEqual(FINE)
    })
  })

describe("The demo disk's picture", () => {
  /** The golden picture is the one that the disk draws in QEMU 7.2: millions of x87 operations, rounded alike. */
  it('is the one that QEMU draws, pixel by pixel', async () => {
    const folder = guestFolder()
    const shot = join(folder, 'picture.png')
    const disk = join(folder, 'demo.img')
    copyFileSync(demoImage, disk)
    const { status, stderr } = await runGuest(
      ['--memory', '16', '--hda', disk, '--timeout', '300'],
      ['wait "Menu" 30', 'type "4"', 'sleep 14', `screenshot ${shot}`, 'quit'],
    )
    expect({ status, stderr }).toEqual(FINE)
    const { width, height, data } = PNG.sync.read(readFileSync(shot))
    const pixels = Uint32Array.from({ length: width * height }, (_, i) => data.readUInt32BE(i * 4) >>> 8)
    expectGolden({ width, height, pixels }, 'demo/picture.png')
  })
})
