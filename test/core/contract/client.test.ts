import { describe, expect, test } from 'vitest'
import { createClient } from '../../../core/contract/client.ts'
import { createTransportPair } from '../../../core/contract/memory-transport.ts'
import { messagePortTransport } from '../../../core/contract/socket-transport.ts'

/** A client and the messages that it has sent. */
function createPair() {
  const [clientEnd, hostEnd] = createTransportPair()
  const sent: unknown[] = []
  hostEnd.onMessage = (message) => sent.push(message)
  return { client: createClient(clientEnd), hostEnd, sent }
}

const settle = () => new Promise((resolve) => setImmediate(resolve))

describe('the client', () => {
  test('matches answers to calls in any order, and tells errors with their code', async () => {
    const { client, hostEnd, sent } = createPair()
    const calls = [client.api.library.list({}), client.api.app.info({}), client.api.library.get({ id: 'x' })]
    await settle()
    expect(sent).toEqual([
      { type: 'request', id: 1, method: 'library.list', params: {} },
      { type: 'request', id: 2, method: 'app.info', params: {} },
      { type: 'request', id: 3, method: 'library.get', params: { id: 'x' } },
    ])
    hostEnd.send({ type: 'error', id: 3, error: { code: 'vm/not-found', message: 'No', context: { id: 'x' } } })
    hostEnd.send({ type: 'result', id: 2, result: 'second' })
    hostEnd.send({ type: 'result', id: 1, result: 'first' })
    hostEnd.send({ type: 'result', id: 1, result: 'again' })
    hostEnd.send({ nonsense: true })
    expect(await calls[0]).toBe('first')
    expect(await calls[1]).toBe('second')
    await expect(calls[2]).rejects.toMatchObject({ code: 'vm/not-found', message: 'No', context: { id: 'x' } })
  })

  test('asks for the events that somebody listens to, and no others', async () => {
    const { client, hostEnd, sent } = createPair()
    const heard: number[] = []
    const off = client.on('machine-tone', ({ frequencyHz }) => heard.push(frequencyHz))
    const off2 = client.on('machine-tone', ({ frequencyHz }) => heard.push(-frequencyHz))
    client.on('card-removed', () => {})
    hostEnd.send({ type: 'event', event: 'machine-tone', data: { id: 'a', frequencyHz: 440 } })
    hostEnd.send({ type: 'event', event: 'constructor', data: {} })
    await settle()
    off()
    off()
    hostEnd.send({ type: 'event', event: 'machine-tone', data: { id: 'a', frequencyHz: 1 } })
    await settle()
    off2()
    await settle()
    expect(heard).toEqual([440, -440, -1])
    expect(sent.map((message) => (message as { params: unknown }).params)).toEqual([
      { events: ['machine-tone'] },
      { events: ['machine-tone', 'card-removed'] },
      { events: ['card-removed'] },
    ])
  })

  test('is ready after a greeting in its own protocol only', async () => {
    const { client, hostEnd } = createPair()
    hostEnd.send({ type: 'hello', protocol: 1 })
    await client.ready
    const other = createPair()
    other.hostEnd.send({ type: 'hello', protocol: 2 })
    await expect(other.client.ready).rejects.toMatchObject({ code: 'ipc/invalid-argument' })
  })

  test('rejects what is under way when the connection ends, and everything after', async () => {
    const { client, hostEnd } = createPair()
    let closed = 0
    client.onClose = () => closed++
    const call = client.api.library.list({})
    hostEnd.close()
    await expect(call).rejects.toMatchObject({ code: 'ipc/closed' })
    await expect(client.ready).rejects.toMatchObject({ code: 'ipc/closed' })
    await expect(client.api.library.list({})).rejects.toMatchObject({ code: 'ipc/closed' })
    client.close()
    expect(closed).toBe(1)
  })
})

describe('a message port', () => {
  test('carries messages both ways and tells the other end of its closing', async () => {
    const { port1, port2 } = new MessageChannel()
    const [a, b] = [messagePortTransport(port1 as never), messagePortTransport(port2 as never)]
    const received: unknown[] = []
    const closed = Promise.withResolvers<void>()
    b.onMessage = (message) => received.push(message)
    b.onClose = closed.resolve
    a.send({ hello: 1 })
    a.send(Uint8Array.of(1, 2))
    a.close()
    await closed.promise
    expect(received).toEqual([{ hello: 1 }, Uint8Array.of(1, 2)])
  })
})
