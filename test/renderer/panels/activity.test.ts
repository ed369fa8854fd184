import { expect, test } from 'vitest'
import { Notices } from '../../../renderer/app/notices.svelte.ts'
import { MachineActivity } from '../../../renderer/panels/activity/activity-model.svelte.ts'
import { machineCharts } from '../../../renderer/panels/activity/charts.ts'
import { inRange, sampleBetween, spoken, withSample } from '../../../renderer/panels/activity/samples.ts'
import { createFakeClient } from '../fake-client.ts'

const stats = (readBytes: number) => ({
  id: 'm',
  speedMips: 12.4,
  idle: 0.25,
  hostLoad: 0.5,
  guestSeconds: 1,
  instructions: 0,
  memoryBytes: 2 ** 20,
  drives: [
    { slot: 'hda' as const, readBytes, writtenBytes: 5 },
    { slot: 'fda' as const, readBytes: 1, writtenBytes: 0 },
  ],
})

test('a sample holds what was moved since the last one, and nothing after a new start', () => {
  expect(sampleBetween(stats(100), stats(350), 7)).toMatchObject({ atMs: 7, readBytes: 250, writtenBytes: 0 })
  expect(sampleBetween(undefined, stats(350), 7).readBytes).toBe(0)
  expect(sampleBetween(stats(900), stats(10), 7).readBytes).toBe(0)
})

test('the longest range is kept, and the chosen one shown', () => {
  const samples = [1000, 2_000_000, 3_700_000].map((atMs) => ({ atMs }))
  expect(withSample(samples, { atMs: 3_701_000 }).map(({ atMs }) => atMs)).toEqual([2_000_000, 3_700_000, 3_701_000])
  expect(inRange(samples, 60, 3_700_000).length).toBe(1)
})

test('charts say in words what they show', () => {
  const [processor] = machineCharts
  if (!processor) throw new Error('There is no chart')
  expect(spoken(processor, undefined)).toBe('Processor')
  expect(spoken(processor, sampleBetween(undefined, stats(0), 0))).toBe('Processor: of one core 50 %, guest busy 75 %')
})

test('the past comes from the host, the present with events, of this machine alone', async () => {
  const entry = { at: '2026-01-01T00:00:00.000Z', kind: 'started', detail: '' } as const
  const { client, emit } = createFakeClient({
    'stats.machine': () => [sampleBetween(undefined, stats(0), Date.now() - 5000)],
    'library.history': () => [entry],
  })
  const model = new MachineActivity(client, new Notices(), 'm')
  await model.load()
  emit('machine-stats', stats(10))
  emit('machine-stats', { ...stats(10), id: 'other' })
  emit('machine-history', { id: 'm', entry: { ...entry, kind: 'stopped' } })
  expect(model.samples.length).toBe(2)
  expect(model.history.map(({ kind }) => kind)).toEqual(['stopped', 'started'])
})
