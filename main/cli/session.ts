/**
 * The host that a command speaks to: the one that has the library open (the app, `serve`, a background host), or one of its
 * own for as long as the command lasts.
 */
import { spawn } from 'node:child_process'
import { AppError } from '../../core/base/errors.ts'
import type { Client } from '../../core/contract/client.ts'
import { createClient } from '../../core/contract/client.ts'
import type { Card, MachineCard } from '../../core/contract/machine-card.ts'
import { createTransportPair } from '../../core/contract/memory-transport.ts'
import { Host } from '../host.ts'
import { chosenLibraryFolder } from '../library/default-folder.ts'
import { connectLocally } from '../shells/local/local-socket.ts'

/** How long a background host may take to come up. */
const BACKGROUND_START_MS = 20_000
const BACKGROUND_POLL_MS = 100

/** Runs `work` with a client, and ends what was begun for it. */
export async function withClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const libraryFolder = chosenLibraryFolder()
  const remote = await connectLocally(libraryFolder)
  if (remote) {
    try {
      return await work(remote)
    } finally {
      remote.close()
    }
  }
  const shell = { openConsole: () => {}, pageUrl: () => null, quit: () => {} }
  const host = await Host.open({ libraryFolder, welcome: false, shell })
  try {
    const [clientEnd, hostEnd] = createTransportPair()
    const client = createClient(clientEnd)
    host.connect(hostEnd, { shell: 'local', hostPaths: true, folders: [] })
    return await work(client)
  } finally {
    await host.dispose()
  }
}

/** Runs `work` with a client of a host that goes on when the command has ended; starts one in the background where none runs. */
export async function withLastingClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const libraryFolder = chosenLibraryFolder()
  const client = (await connectLocally(libraryFolder)) ?? (await startBackgroundHost(libraryFolder))
  try {
    return await work(client)
  } finally {
    client.close()
  }
}

async function startBackgroundHost(libraryFolder: string): Promise<Client> {
  const command = process.argv[1] ?? ''
  const child = spawn(process.execPath, [...process.execArgv, command, 'serve', '--background'], {
    detached: true,
    stdio: 'ignore',
  })
  const ended = new Promise<'ended'>((resolve) => {
    child.once('error', () => resolve('ended'))
    child.once('exit', () => resolve('ended'))
  })
  child.unref()
  const deadlineMs = performance.now() + BACKGROUND_START_MS
  while (performance.now() < deadlineMs) {
    const pause = new Promise<'waited'>((resolve) => setTimeout(() => resolve('waited'), BACKGROUND_POLL_MS))
    const ending = await Promise.race([ended, pause])
    const client = await connectLocally(libraryFolder)
    if (client) return client
    if (ending === 'ended') break
  }
  throw new AppError('library/io', 'The background host did not come up; `vitrine serve` says why')
}

/** The machine that is called `name`: its identity, its name, its folder, or the only name that begins so, case aside. */
export async function findMachine(client: Client, name: string): Promise<MachineCard> {
  const cards = await client.api.library.list({})
  const wanted = name.toLowerCase()
  const matches = (test: (names: string[]) => boolean) =>
    cards.filter((card) => test(namesOf(card).map((candidate) => candidate.toLowerCase())))
  const exact = matches((names) => names.includes(wanted))
  const found = exact.length > 0 ? exact : matches((names) => names.some((candidate) => candidate.startsWith(wanted)))
  const [card, ...others] = found
  if (!card) throw new AppError('vm/not-found', `No machine is called ${JSON.stringify(name)}`)
  if (others.length > 0)
    throw new AppError(
      'vm/not-found',
      `Several machines are called ${JSON.stringify(name)}: ${found.map((each) => each.folder).join(', ')}`,
    )
  if (card.kind === 'broken')
    throw new AppError('spec/invalid', `The machine in ${card.folder} cannot be used: ${card.error.message}`)
  return card
}

function namesOf(card: Card): string[] {
  return card.kind === 'machine' ? [card.id, card.spec.name, card.folder] : [card.folder]
}
