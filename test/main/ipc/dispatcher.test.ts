import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { api } from '../../../core/contract/api.ts'
import { createTransportPair } from '../../../core/contract/memory-transport.ts'
import type { Transport } from '../../../core/contract/transport.ts'
import { everything, openFakeHost } from '../../support/fake-host.ts'
import { Random } from '../../support/random.ts'

/** A raw connection: sends anything, collects the answers by id. */
function rawConnection(host: Awaited<ReturnType<typeof openFakeHost>>): {
  transport: Transport
  answers: Map<number, { type: string; error?: { code: string; message: string } }>
} {
  const [transport, hostEnd] = createTransportPair()
  const answers = new Map()
  transport.onMessage = (message) => {
    const { id } = message as { id?: number }
    if (id !== undefined) answers.set(id, message)
  }
  host.connect(hostEnd, everything)
  return { transport, answers }
}

const methods = Object.entries(api).flatMap(([area, of]) => Object.keys(of).map((name) => `${area}.${name}`))

describe('the dispatcher', () => {
  test('refuses what is no method', async () => {
    const { transport, answers } = rawConnection(await openFakeHost())
    const names = [
      '',
      '.',
      'library',
      'library.',
      '.list',
      'library.list.x',
      'library.constructor',
      'constructor.name',
      '__proto__.toString',
      'library.__proto__',
      'Library.list',
      'hasOwnProperty.call',
    ]
    for (const [i, method] of names.entries()) transport.send({ type: 'request', id: i + 1, method, params: {} })
    await expect.poll(() => answers.size).toBe(names.length)
    for (const answer of answers.values())
      expect(answer).toMatchObject({ type: 'error', error: { code: 'ipc/unknown-method' } })
  })

  test('checks every argument of every method: nonsense is refused and changes nothing', async () => {
    const host = await openFakeHost()
    const { transport, answers } = rawConnection(host)
    const seed = 4711
    const random = new Random(seed)
    const leaf = () =>
      random.pick<unknown>([
        null,
        true,
        -1,
        0,
        1.5,
        2 ** 53,
        '',
        'x',
        '/etc/passwd',
        '../..',
        '11111111-2222-4333-8444-555555555555',
        [],
        {},
        ['a'],
        'a\0b',
        'x'.repeat(10_000),
      ])
    const keys = [
      'id',
      'name',
      'settings',
      'patch',
      'events',
      'source',
      'slot',
      'text',
      'port',
      'data',
      'uploadId',
      'sizeBytes',
      'fileName',
      'kind',
      'path',
      'folder',
      '__proto__',
      'constructor',
      'drives',
      'file',
    ]
    const value = (depth: number): unknown => {
      if (depth === 0 || random.below(3) === 0) return leaf()
      if (random.below(5) === 0) return Array.from({ length: random.below(4) }, () => value(depth - 1))
      return JSON.parse(
        `{${Array.from({ length: random.below(5) }, () => `${JSON.stringify(random.pick(keys))}:${JSON.stringify(value(depth - 1)) ?? 'null'}`).join(',')}}`,
      )
    }
    // `quit` has no argument to get wrong.
    const fuzzed = methods.filter((method) => method !== 'app.quit')
    const count = 4000
    for (let id = 1; id <= count; id++) {
      transport.send({
        type: 'request',
        id,
        method: random.pick(fuzzed),
        params: random.below(20) === 0 ? undefined : value(3),
      })
      if (id % 200 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await expect.poll(() => answers.size, { timeout: 20_000 }).toBe(count)
    const bugs = [...answers.values()].filter(({ error }) => error?.code === 'internal/bug')
    expect(bugs, `seed ${seed}`).toEqual([])
    expect([...answers.values()].filter(({ type }) => type === 'error').length).toBeGreaterThan(count / 2)
    // Some were well-formed by chance: machines may have been made, but nothing else lies about.
    for (const name of readdirSync(host.libraryFolder)) expect(name).toMatch(/^(?:\.vitrine|x.*|-.*)$/)
  })

  test('ignores messages that are no requests', async () => {
    const { transport, answers } = rawConnection(await openFakeHost())
    const messages = [
      null,
      1,
      'x',
      [],
      {},
      { type: 'request' },
      { type: 'request', id: 0, method: 'library.list' },
      { type: 'request', id: 1.5, method: 'library.list' },
      { type: 'request', id: 1, method: 5 },
      { type: 'result', id: 1, result: 1 },
    ]
    for (const message of messages) transport.send(message as object)
    transport.send(new Uint8Array(100))
    transport.send({ type: 'request', id: 9, method: 'library.list', params: {} })
    await expect.poll(() => answers.size).toBe(1)
    expect(answers.get(9)).toEqual({ type: 'result', id: 9, result: [] })
  })
})
