/** FreeDOS on a partitioned hard disk, through the BIOS: what it copies there is what mtools finds. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { FIRMWARES } from '../support/firmwares.ts'
import { guestFolder, runGuest } from '../support/guest.ts'
import { describeWith, pathOf } from '../support/needs.ts'
import { shared } from '../support/shared.ts'
import { tool } from '../support/tools.ts'

const image = shared('guests/freedos722.img')
const mformat = tool('mformat')
const mcopy = tool('mcopy')

const [CYLINDERS, HEADS, SECTORS] = [80, 16, 63]
const DISK_SECTORS = CYLINDERS * HEADS * SECTORS
/** The partition begins with the second track. */
const PARTITION = `@@${SECTORS * 512}`

/** A disk with one FAT16 partition over all of it, whose table names the drive's own geometry. */
function makeDisk(path: string): void {
  const bytes = new Uint8Array(DISK_SECTORS * 512)
  const view = new DataView(bytes.buffer)
  bytes.set([0x80, 1, 1, 0, 0x06, HEADS - 1, SECTORS, CYLINDERS - 1], 0x1be)
  view.setUint32(0x1be + 8, SECTORS, true)
  view.setUint32(0x1be + 12, DISK_SECTORS - SECTORS, true)
  view.setUint16(510, 0xaa55, true)
  writeFileSync(path, bytes)
  const shape = ['-h', HEADS, '-s', SECTORS, '-H', SECTORS, '-T', DISK_SECTORS - SECTORS].map(String)
  execFileSync(pathOf(mformat), ['-i', path + PARTITION, ...shape, '::'])
}

let commands = 0

/** A command at the prompt, and the wait until it is done: an answer that the typing itself does not show. */
function shell(command: string): string[] {
  const number = ++commands
  return [
    `type "set n=${number}\\r"`,
    `type "${command}\\r"`,
    String.raw`type "echo done-%n%\r"`,
    `wait "done-${number}" 60`,
  ]
}

for (const firmware of FIRMWARES)
  describeWith([image, mformat, mcopy, ...firmware.needs], `FreeDOS with a hard disk under ${firmware.name}`, () => {
    it('copies a file there and back, from and to the floppy', async () => {
      const folder = guestFolder()
      const [floppy, disk, text, copy] = ['floppy', 'disk', 'text', 'copy'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
        string,
      ]
      copyFileSync(pathOf(image), floppy)
      makeDisk(disk)
      writeFileSync(text, Array.from({ length: 300 }, (_, i) => `line ${i}\r\n`).join(''))
      execFileSync(pathOf(mcopy), ['-i', disk + PARTITION, text, '::TEXT.TXT'])
      const { status, stderr } = await runGuest(
        ['--memory', '32', '--fda', floppy, '--hda', disk, '--boot', 'a', '--timeout', '300', ...firmware.flags],
        [
          String.raw`wait "A:\\>" 60`,
          String.raw`type "c:\r"`,
          String.raw`wait "C:\\>" 20`,
          ...shell('md sub'),
          ...shell(String.raw`copy text.txt sub\\copy.txt`),
          ...shell(String.raw`copy sub\\copy.txt a:\\c.txt`),
          ...shell('del text.txt'),
          'quit',
        ],
      )
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      execFileSync(pathOf(mcopy), ['-n', '-i', disk + PARTITION, '::SUB/COPY.TXT', copy])
      expect(readFileSync(copy, 'latin1')).toBe(readFileSync(text, 'latin1'))
      execFileSync(pathOf(mcopy), ['-n', '-o', '-i', floppy, '::C.TXT', copy])
      expect(readFileSync(copy, 'latin1')).toBe(readFileSync(text, 'latin1'))
      expect(() =>
        execFileSync(pathOf(mcopy), ['-n', '-i', disk + PARTITION, '::TEXT.TXT', copy], { stdio: 'pipe' }),
      ).toThrow()
    })
  })
