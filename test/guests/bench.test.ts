/** The benchmark disk computes what the hardware computes. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { runGuest } from '../support/guest.ts'
import { describeWith, pathOf } from '../support/needs.ts'
import { shared } from '../support/shared.ts'

const disk = shared('bench/bench.img')
const checksums = shared('bench/checksums.txt')

describeWith([disk, checksums], 'The benchmark disk', () => {
  it('runs to DONE with the right checksums', async () => {
    const { status, stdout } = await runGuest([
      '--memory',
      '256',
      '--hda',
      pathOf(disk),
      '--snapshot',
      '--debug-exit',
      '--timeout',
      '3000',
    ])
    const sums = (text: string) =>
      Object.fromEntries(Array.from(text.matchAll(/(\w+) ([0-9a-f]{8})\b/g), (m) => [m[1], m[2]]))
    const printed = stdout
      .split('\n')
      .filter((line) => line.startsWith('E '))
      .join('\n')
    expect(sums(printed)).toEqual(sums(readFileSync(pathOf(checksums), 'utf8')))
    expect(stdout).toContain('DONE')
    expect(status).toBe(33)
  })
})
