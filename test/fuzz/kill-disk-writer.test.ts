import { expect, it } from 'vitest'
import { killDiskWriters } from './kill-disk-writer.ts'

/** More with VITRINE_KILLS. */
const rounds = Number(process.env['VITRINE_KILLS'] ?? 6)

it('finds every flushed write in images whose writer was killed', { timeout: 60_000 + rounds * 10_000 }, async () => {
  expect(await killDiskWriters(rounds, 1)).toBeGreaterThan(rounds)
})
