/** The demo disk: a note and the number of boots come back at the next start. */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { demoImage } from '../../assets/demo/build.ts'
import { FIRMWARES } from '../support/firmwares.ts'
import { guestFolder, runGuest } from '../support/guest.ts'
import { describeWith } from '../support/needs.ts'

for (const firmware of FIRMWARES)
  describeWith(firmware.needs, `The demo disk under ${firmware.name}`, () => {
    it('keeps what is written in the notepad, counts its boots and powers off', async () => {
      const disk = join(guestFolder(), 'demo.img')
      copyFileSync(demoImage, disk)
      const run = (script: readonly string[]) =>
        runGuest(['--memory', '16', '--hda', disk, '--timeout', '120', ...firmware.flags], script)

      const first = await run([
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
      expect({ status: first.status, stderr: first.stderr }).toEqual({ status: 0, stderr: '' })

      const second = await run([
        'wait "Boots: 2" 30',
        'wait "Note  Kept behind glass."',
        'type "6"',
        'wait "Two lines"',
        'key esc',
        'wait "Menu"',
        'type "7"',
      ])
      expect({ status: second.status, stderr: second.stderr }).toEqual({ status: 0, stderr: '' })
    })
  })
