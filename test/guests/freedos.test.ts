/** FreeDOS from its floppy: to the prompt, and a file written, read back and deleted. */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { FIRMWARES } from '../support/firmwares.ts'
import { guestFolder, runGuest } from '../support/guest.ts'
import { describeWith, pathOf } from '../support/needs.ts'
import { shared } from '../support/shared.ts'

const image = shared('guests/freedos722.img')

for (const firmware of FIRMWARES)
  describeWith([image, ...firmware.needs], `FreeDOS under ${firmware.name}`, () => {
    it('comes to its prompt, lists the disk, and writes, reads and deletes a file', async () => {
      const disk = join(guestFolder(), 'freedos.img')
      copyFileSync(pathOf(image), disk)
      const { status, stderr } = await runGuest(
        ['--memory', '32', '--fda', disk, '--boot', 'a', '--timeout', '300', ...firmware.flags],
        [
          String.raw`wait "A:\\>" 60`,
          String.raw`type "ver\r"`,
          'wait "FreeCom" 20',
          String.raw`type "dir\r"`,
          'wait "bytes free" 30',
          String.raw`type "echo kept by Vitrine > note.txt\r"`,
          String.raw`type "cls\r"`,
          String.raw`type "type note.txt\r"`,
          'wait "kept by Vitrine" 30',
          String.raw`type "del note.txt\r"`,
          String.raw`type "type note.txt\r"`,
          'wait "not found" 30',
          'quit',
        ],
      )
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    })
  })
