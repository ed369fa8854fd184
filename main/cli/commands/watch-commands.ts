/** Commands that tell what happened and what is going on: history, stats. */
import { usageError } from '../failure.ts'
import { type JsonFlag, print, table } from '../output.ts'
import { findMachine, withClient } from '../session.ts'

function count(text: string | undefined, flag: string, fallback: number, most: number): number {
  const value = Number(text ?? fallback)
  if (!Number.isInteger(value) || value < 1 || value > most) throw usageError(`${flag} is a number from 1 to ${most}`)
  return value
}

export async function history(name: string, flags: JsonFlag & { readonly entries?: string }): Promise<void> {
  const entries = count(flags.entries, '--entries', 100, 1000)
  await withClient(async (client) => {
    const { id } = await findMachine(client, name)
    const happened = await client.api.library.history({ id, entries })
    const rows = happened.map(({ at, kind, detail }) => [at, kind, detail])
    print(flags, happened, rows.length === 0 ? '' : table(rows))
  })
}

const percent = (part: number) => `${(part * 100).toFixed(1)} %`
const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`
const time = (atMs: number) => new Date(atMs).toISOString()

/** Of a machine, or with no name of the host: samples of one second each. */
export async function stats(name: string | undefined, flags: JsonFlag & { readonly seconds?: string }): Promise<void> {
  const seconds = count(flags.seconds, '--seconds', 1, 3600)
  await withClient(async (client) => {
    if (name === undefined) return hostStats(client.api, seconds, flags)
    const { id } = await findMachine(client, name)
    const samples = await client.api.stats.machine({ id, seconds })
    const rows = samples.map((sample) => [
      time(sample.atMs),
      `${sample.speedMips.toFixed(1)} MIPS`,
      `idle ${percent(sample.idle)}`,
      `core ${percent(sample.hostLoad)}`,
      mib(sample.memoryBytes),
      `read ${mib(sample.readBytes)}`,
      `written ${mib(sample.writtenBytes)}`,
    ])
    print(flags, samples, rows.length === 0 ? '' : table(rows))
  })
}

async function hostStats(
  api: Parameters<Parameters<typeof withClient>[0]>[0]['api'],
  seconds: number,
  flags: JsonFlag,
): Promise<void> {
  const samples = await api.stats.host({ seconds })
  const rows = samples.map((sample) => [
    time(sample.atMs),
    `${sample.running} running`,
    `cores ${percent(sample.cpu)}`,
    `own ${percent(sample.ownCpu)}`,
    `${mib(sample.memoryFreeBytes)} free of ${mib(sample.memoryTotalBytes)}`,
    `own ${mib(sample.ownMemoryBytes)}`,
    `machines ${mib(sample.machinesMemoryBytes)}`,
  ])
  print(flags, samples, rows.length === 0 ? '' : table(rows))
}
