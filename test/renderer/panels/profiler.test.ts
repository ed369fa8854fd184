import { describe, expect, test } from 'vitest'
import type { MachineProfile } from '../../../core/contract/profile.ts'
import { Notices } from '../../../renderer/app/notices.svelte.ts'
import {
  addressText,
  exitRows,
  regionPart,
  speedLine,
  timeRows,
} from '../../../renderer/panels/profiler/profile-rows.ts'
import { HISTORY, ProfilerModel } from '../../../renderer/panels/profiler/profiler-model.svelte.ts'
import { formatCount } from '../../../renderer/strings/format.ts'
import { createFakeClient } from '../fake-client.ts'

const profile: MachineProfile = {
  seconds: 4,
  guestSeconds: 4,
  instructionsInterpreted: 100,
  instructionsCompiled: 900,
  regionsCompiled: 2,
  regionsLive: 2,
  compileSeconds: 0.1,
  codeBytes: 5000,
  exits: { fault: 2, dispatch: 4000, link: 1000 },
  time: [
    { kind: 'compiled', seconds: 3 },
    { kind: 'idle', seconds: 1 },
  ],
  functions: [],
  regions: [
    {
      address: 0xc0de,
      mode: '32-bit protected, user',
      blocks: 1,
      instructions: 2,
      executions: 9,
      seconds: 2,
      code: [],
    },
  ],
}

describe('a profile', () => {
  test('is bars of time, as parts of the whole', () => {
    expect(timeRows(profile)).toEqual([
      { label: 'Compiled code', part: 0.75, value: '75 %' },
      { label: 'Idle', part: 0.25, value: '25 %' },
    ])
  })

  test('is bars of exits, the most frequent first', () => {
    expect(exitRows(profile)).toEqual([
      { label: 'Return or indirect jump', part: 1, value: '1 k a second' },
      { label: 'A block outside the region', part: 0.25, value: '250 a second' },
      { label: 'A fault', part: 0.0005, value: '1 a second' },
    ])
  })

  test('knows the part of a region', () => {
    expect(regionPart(profile.regions[0]!, profile)).toBe(0.5)
    expect(addressText(0xc0de)).toBe('0000C0DE')
  })
})

test('speeds are a line that ends at the right', () => {
  expect(speedLine([], 5, 100, 10)).toEqual({ points: '', topMips: 1 })
  expect(speedLine([50, 100], 5, 100, 10)).toEqual({ points: '75.0,5.0 100.0,0.0', topMips: 100 })
})

test.each([
  [0, '0'],
  [999, '999'],
  [999.7, '1 k'],
  [12_345, '12.3 k'],
  [4_560_000, '4.56 M'],
  [123e9, '123 G'],
])('%d is %s', (count, text) => {
  expect(formatCount(count)).toBe(text)
})

describe('the model', () => {
  const stats = { speedMips: 5, idle: 0, hostLoad: 0, guestSeconds: 1, instructions: 1, memoryBytes: 0, drives: [] }

  test('keeps the speeds of its own machine, so many of them', () => {
    const { client, emit } = createFakeClient()
    const model = new ProfilerModel(client, new Notices(), 'a')
    emit('machine-stats', { ...stats, id: 'b' })
    expect(model.speeds).toEqual([])
    for (let i = 0; i < HISTORY + 3; i++) emit('machine-stats', { ...stats, id: 'a', speedMips: i })
    expect(model.speeds).toHaveLength(HISTORY)
    expect(model.speeds.at(-1)).toBe(HISTORY + 2)
    model.close()
    emit('machine-stats', { ...stats, id: 'a', speedMips: 1000 })
    expect(model.speeds.at(-1)).toBe(HISTORY + 2)
  })

  test('takes one profile at a time', async () => {
    const { client, calls } = createFakeClient({ 'machine.profile': () => profile })
    const model = new ProfilerModel(client, new Notices(), 'a')
    model.seconds = 1
    const first = model.record()
    expect(model.recording).toBe(true)
    await model.record()
    await first
    expect(calls.filter(([name]) => name === 'machine.profile')).toEqual([['machine.profile', { id: 'a', seconds: 1 }]])
    expect(model.profile).toBe(profile)
    expect(model.recording).toBe(false)
  })

  test('says what went wrong, and can go on', async () => {
    const { client } = createFakeClient({
      'machine.profile': () => {
        throw new Error('off')
      },
    })
    const notices = new Notices()
    const model = new ProfilerModel(client, notices, 'a')
    await model.record()
    expect(notices.list).toHaveLength(1)
    expect(model).toMatchObject({ profile: null, recording: false })
  })
})
