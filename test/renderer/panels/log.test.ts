import { expect, test } from 'vitest'
import { Notices } from '../../../renderer/app/notices.svelte.ts'
import { LogModel, levelOf } from '../../../renderer/panels/log/log-model.svelte.ts'
import { createFakeClient } from '../fake-client.ts'

test('a line has the level that stands after its time', () => {
  expect(
    ['2026-01-01T00:00:00.000Z warn  disk is slow', '2026-01-01T00:00:00.000Z error x', 'no level', ''].map(levelOf),
  ).toEqual(['warn', 'error', 'info', 'info'])
})

test('an answer that a later question has overtaken is not shown', async () => {
  const answers: ((lines: string[]) => void)[] = []
  const { client, calls } = createFakeClient({
    'library.logs': () => new Promise((resolve) => answers.push((lines) => resolve({ lines }))),
  })
  const model = new LogModel(client, new Notices(), 'm')
  const first = model.read()
  model.search = 'disk'
  model.toggle('info')
  const second = model.read()
  answers[1]?.(['second'])
  await second
  answers[0]?.(['first'])
  await first
  expect(model.lines).toEqual(['second'])
  expect(calls.at(-1)).toEqual(['library.logs', { id: 'm', lines: 3000, search: 'disk', levels: ['warn', 'error'] }])
})
