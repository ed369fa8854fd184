import { statSync } from 'node:fs'
import { connect as connectSocket } from 'node:net'
import { dirname } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  connectLocally,
  createLocalAddress,
  type LocalAddress,
  listenLocally,
} from '../../../main/shells/local/local-socket.ts'
import { openFakeHost } from '../../support/fake-host.ts'

async function openListening() {
  const address = createLocalAddress()
  const host = await openFakeHost({ lockNote: { ...address } })
  const local = await listenLocally(host, address)
  onTestFinished(() => local.close())
  return { host, address }
}

/** Sends bytes and resolves when the other side hangs up, with what it has sent. */
function sendRaw(address: LocalAddress, bytes: Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectSocket(address.socket, () => socket.write(bytes))
    let received = ''
    socket.on('data', (data) => {
      received += data.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(received))
  })
}

function message(text: string, kind = 0, length = text.length): Uint8Array {
  const header = Buffer.alloc(5)
  header.writeUInt32LE(length, 0)
  header.writeUInt8(kind, 4)
  return Buffer.concat([header, Buffer.from(text)])
}

describe('the local socket', () => {
  test('takes whoever can read the lock of the library', async () => {
    const { host } = await openListening()
    const client = await connectLocally(host.libraryFolder)
    expect(await client?.api.app.info({})).toMatchObject({ shell: 'local', hostPaths: true })
    expect(await client?.api.library.list({})).toEqual([])
    client?.close()
  })

  test('is in a folder that only its user can enter', async () => {
    const { address } = await openListening()
    if (process.platform === 'win32') return
    expect(statSync(dirname(address.socket)).mode & 0o777).toBe(0o700)
  })

  test('hangs up on a wrong token and on what is no message, before it says a word', async () => {
    const { address } = await openListening()
    const wrong = address.token.replace(/^./, (first) => (first === '0' ? '1' : '0'))
    const attempts = [
      message(JSON.stringify({ token: wrong })),
      message(JSON.stringify({ token: address.token, more: 1 })),
      message(JSON.stringify({ type: 'request', id: 1, method: 'library.list', params: {} })),
      message('no json'),
      message('', 7),
      message('', 0, 0xffff_ffff),
      message('x', 1),
    ]
    for (const attempt of attempts) expect(await sendRaw(address, attempt)).toBe('')
  })

  test('finds nobody where no host runs', async () => {
    const { host } = await openListening()
    await host.dispose()
    expect(await connectLocally(host.libraryFolder)).toBeUndefined()
  })
})
