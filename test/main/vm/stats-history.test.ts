import { expect, test } from 'vitest'
import { STATS_HISTORY_SECONDS } from '../../../core/contract/stats-api.ts'
import { StatsHistory } from '../../../main/vm/stats-history.ts'

test('the past is kept for an hour, oldest first, and asked for by its age', () => {
  const history = new StatsHistory<{ atMs: number }>()
  expect(history.since(10, 0)).toEqual([])
  const total = STATS_HISTORY_SECONDS + 10
  for (let second = 0; second < total; second++) history.add({ atMs: second * 1000 })
  const nowMs = (total - 1) * 1000
  expect(history.last).toEqual({ atMs: nowMs })
  expect(history.since(3, nowMs).map(({ atMs }) => atMs)).toEqual([nowMs - 2000, nowMs - 1000, nowMs])
  const all = history.since(total * 2, nowMs)
  expect([all.length, all[0]?.atMs]).toEqual([STATS_HISTORY_SECONDS, 10_000])
})
