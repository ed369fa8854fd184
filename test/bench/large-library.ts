/**
 * How long a library of 500 machines with 2,000 snapshots takes: to open, to be listed, to tell of one change, to be searched.
 *
 *   node test/bench/large-library.ts [MACHINES] [SNAPSHOTS OF EACH]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '../../core/contract/client.ts'
import { createTransportPair } from '../../core/contract/memory-transport.ts'
import { matchesSearch } from '../../core/contract/search.ts'
import { Host } from '../../main/host.ts'
import { makeLargeLibrary } from '../support/large-library.ts'

const machines = Number(process.argv[2] ?? 500)
const snapshots = Number(process.argv[3] ?? 4)
const shell = { openConsole: () => {}, pageUrl: () => null, quit: () => {} }

async function timed<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  const beginMs = performance.now()
  const result = await work()
  process.stdout.write(`${what.padEnd(34)}${(performance.now() - beginMs).toFixed(0).padStart(7)} ms\n`)
  return result
}

const root = mkdtempSync(join(tmpdir(), 'vitrine-large-'))
try {
  makeLargeLibrary(root, machines, snapshots)
  process.stdout.write(`${machines} machines, ${machines * snapshots} snapshots; load ${loadavg()[0]?.toFixed(1)}\n`)
  const host = await timed('open', () => Host.open({ libraryFolder: root, welcome: false, shell }))
  const [clientEnd, hostEnd] = createTransportPair()
  const client = createClient(clientEnd)
  const { api } = client
  host.connect(hostEnd, { shell: 'local', hostPaths: true, folders: [] })
  const cards = await timed('list, the first time', () => api.library.list({}))
  await timed('list again', () => api.library.list({}))
  let told = 0
  client.on('card-changed', () => void told++)
  const [card] = cards
  if (card?.kind !== 'machine') throw new Error('The first card is broken')
  await timed('change one', () => api.library.update({ id: card.id, patch: { notes: 'changed' } }))
  process.stdout.write(`${'cards told of that change'.padEnd(34)}${String(told).padStart(7)}\n`)
  await timed('search', () => cards.filter((each) => matchesSearch(each, 'machine tag1', () => undefined)).length)
  await timed('end', () => host.dispose())
} finally {
  rmSync(root, { recursive: true, force: true })
}
