/** Commands on disk images: create, info, convert, check, compact, resize. */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import type { ClientApi } from '../../../core/contract/api.ts'
import type { Client } from '../../../core/contract/client.ts'
import type { DiskTarget } from '../../../core/contract/disk-api.ts'
import {
  DISK_FORMATS,
  type DiskFileInfo,
  type DiskFormat,
  type DiskInfo,
  type DiskOptions,
} from '../../../core/contract/disk-info.ts'
import type { DiskTask, DiskTaskOf, DiskTaskResults } from '../../../core/contract/disk-task.ts'
import { DRIVE_SLOTS, type DriveSlot } from '../../../core/contract/machine-spec.ts'
import { runDiskTask } from '../../disks/disk-tasks.ts'
import { requireNotKept } from '../../disks/kept-disks.ts'
import { ThreadPools } from '../../vm/vm-pool.ts'
import { usageError } from '../failure.ts'
import { describeCard, type JsonFlag, print, table } from '../output.ts'
import { findMachine, withClient } from '../session.ts'

/** Endings of file names that are not the name of their format. */
const endings: Readonly<Record<string, DiskFormat>> = { img: 'raw', ima: 'raw', dsk: 'raw', vpc: 'vhd', qcow: 'qcow2' }
const units: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }

export interface NewImageFlags extends JsonFlag {
  readonly format?: DiskFormat
  readonly option?: readonly string[]
  readonly force?: boolean
}

/** A size such as 20G, in bytes. Throws `usage/invalid`. */
export function sizeOf(text: string): number {
  const [, digits, unit = ''] = /^([0-9]+(?:\.[0-9]+)?)([kmgt]?)(?:i?b)?$/i.exec(text) ?? []
  const bytes = digits === undefined ? Number.NaN : Number(digits) * (units[unit.toLowerCase()] as number)
  if (!Number.isSafeInteger(bytes))
    throw usageError(`A size is a number such as 20G or 512M, not ${JSON.stringify(text)}`)
  return bytes
}

/** The format of a new file: as asked for, else by the name that it gets. */
function formatOf(file: string, { format }: NewImageFlags): DiskFormat {
  const ending = extname(file).slice(1).toLowerCase()
  return format ?? endings[ending] ?? DISK_FORMATS.find((name) => name === ending) ?? 'qcow2'
}

/** Options as `key=value`: numbers and booleans by their look. */
function optionsOf({ option = [] }: NewImageFlags): DiskOptions {
  return Object.fromEntries(
    option.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw usageError(`--option needs KEY=VALUE, not ${JSON.stringify(pair)}`)
      const value = pair.slice(at + 1)
      const known = value === 'true' || value === 'false' ? value === 'true' : value
      return [pair.slice(0, at), typeof known === 'string' && /^[0-9]+$/.test(known) ? Number(known) : known]
    }),
  )
}

/** Runs `work`, with a line of progress on a terminal. Ctrl-C calls `stop`. */
async function watched<T>(
  stop: () => void,
  work: (onProgress: (doneBytes: number, totalBytes: number) => void) => Promise<T>,
): Promise<T> {
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  let hasLine = false
  try {
    return await work((done, total) => {
      if (!process.stderr.isTTY || total === 0) return
      process.stderr.write(`\r${Math.floor((100 * done) / total)} %`)
      hasLine = true
    })
  } finally {
    if (hasLine) process.stderr.write('\r\x1b[K')
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
  }
}

/** Runs one task on files, which needs no library. Ctrl-C ends it, leaving things as they were. */
async function perform<T extends DiskTask['type']>(task: DiskTaskOf<T>): Promise<DiskTaskResults[T]> {
  const pools = new ThreadPools()
  const abort = new AbortController()
  try {
    return await watched(
      () => abort.abort(),
      (onProgress) => runDiskTask<T>(pools, task, { onProgress, signal: abort.signal }),
    )
  } finally {
    await pools.dispose()
  }
}

/** A drive of a machine. */
interface NamedDrive {
  readonly name: string
  readonly slot: DriveSlot
}

/** What `NAME:SLOT` names; undefined for what is a file. */
function driveOf(text: string): NamedDrive | undefined {
  const at = text.lastIndexOf(':')
  const slot = DRIVE_SLOTS.find((candidate) => candidate === text.slice(at + 1))
  return at < 1 || slot === undefined || existsSync(text) ? undefined : { name: text.slice(0, at), slot }
}

/** Runs one task on the disk in a drive. */
function performOn<T>(
  { name, slot }: NamedDrive,
  work: (api: ClientApi['disk'], params: { disk: DiskTarget; task: string }) => Promise<T>,
): Promise<T> {
  return withClient(async (client) => {
    const { id } = await findMachine(client, name)
    const task = randomUUID()
    return watched(
      () => void client.api.disk.cancel({ task }).catch(() => {}),
      async (onProgress) => {
        const unsubscribe = onDiskProgress(client, task, onProgress)
        try {
          return await work(client.api.disk, { disk: { kind: 'drive', id, slot }, task })
        } finally {
          unsubscribe()
        }
      },
    )
  })
}

function onDiskProgress(
  client: Client,
  task: string,
  onProgress: (doneBytes: number, totalBytes: number) => void,
): () => void {
  return client.on('disk-progress', (event) => {
    if (event.task === task) onProgress(event.doneBytes, event.totalBytes)
  })
}

function inWords(bytes: number): string {
  const names = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), names.length - 1)
  const value = bytes / 2 ** (10 * power)
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${names[power]}`
}

function describe(info: DiskInfo): string {
  const rows = (file: DiskFileInfo, title: string) => [
    [title, file.file],
    ['format', file.format],
    ['size', `${inWords(file.sizeBytes)} (${file.sizeBytes} bytes)`],
    ['on the host', inWords(file.allocatedBytes)],
    ...Object.entries(file.details).map(([key, value]) => [key, String(value)]),
  ]
  return table([...rows(info, 'image'), ...info.backing.flatMap((file) => rows(file, 'stands on'))])
}

export async function create(
  file: string,
  flags: NewImageFlags & { readonly size?: string; readonly backing?: string },
): Promise<void> {
  if (flags.size === undefined && flags.backing === undefined) throw usageError('create needs --size')
  const result = await perform<'create'>({
    type: 'create',
    file: resolve(file),
    format: formatOf(file, flags),
    sizeBytes: flags.size === undefined ? null : sizeOf(flags.size),
    options: optionsOf(flags),
    backing: flags.backing ?? null,
    overwrite: flags.force ?? false,
  })
  print(flags, result, '')
}

export async function info(file: string, flags: JsonFlag): Promise<void> {
  const drive = driveOf(file)
  const result = await (drive
    ? performOn(drive, (api, { disk }) => api.info({ disk }))
    : perform<'info'>({ type: 'info', file: resolve(file) }))
  print(flags, result, describe(result))
}

export async function add(
  name: string,
  flags: NewImageFlags & { readonly size?: string; readonly slot?: string },
): Promise<void> {
  const sizeBytes = sizeOf(flags.size ?? '')
  const slot = DRIVE_SLOTS.find((candidate) => candidate === flags.slot)
  if (flags.slot !== undefined && slot === undefined) throw usageError(`There is no drive ${flags.slot}`)
  await withClient(async (client) => {
    const { id } = await findMachine(client, name)
    const format = flags.format ?? 'qcow2'
    const card = await client.api.disk.add({
      id,
      ...(slot ? { slot } : {}),
      disk: { sizeBytes, format, options: optionsOf(flags) },
    })
    print(flags, card, describeCard(card))
  })
}

/** Without a target the copy of a machine's disk takes its place. */
export async function convert(file: string, target: string | undefined, flags: NewImageFlags): Promise<void> {
  const drive = driveOf(file)
  if (target === undefined && !drive) throw usageError('convert needs the name of the new image')
  if (target === undefined && flags.format === undefined) throw usageError('convert needs --format')
  const to = target === undefined ? null : resolve(target)
  const request = {
    format: formatOf(target ?? '', flags),
    options: optionsOf(flags),
    overwrite: flags.force ?? false,
  }
  const result = drive
    ? await performOn(drive, (api, on) => api.convert({ ...on, ...request, target: to }))
    : await perform<'convert'>({ type: 'convert', file: resolve(file), target: to as string, ...request })
  print(flags, result, '')
}

/** The status is 1 when errors remain. Space that nothing uses is no error. */
export async function check(file: string, flags: JsonFlag & { readonly repair?: boolean }): Promise<number> {
  const drive = driveOf(file)
  const repair = flags.repair ?? false
  const result = await (drive
    ? performOn(drive, (api, on) => api.check({ ...on, repair }))
    : perform<'check'>({ type: 'check', file: resolve(file), repair }))
  const { errors, leaks, remainingErrors, remainingLeaks } = result
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`
  const found = `${count(errors, 'error')}, ${count(leaks, 'leak')}`
  const sum = !result.isCheckable
    ? `There is nothing to check in ${result.format} images`
    : errors + leaks === 0
      ? 'No errors'
      : repair
        ? `${found}; after repair ${count(remainingErrors, 'error')}, ${count(remainingLeaks, 'leak')}`
        : found
  print(flags, result, [...result.messages, sum].join('\n'))
  return remainingErrors > 0 ? 1 : 0
}

export async function compact(file: string, flags: JsonFlag): Promise<void> {
  const drive = driveOf(file)
  if (!drive) await requireNotKept(resolve(file), 'compacted')
  const result = await (drive
    ? performOn(drive, (api, on) => api.compact(on))
    : perform<'compact'>({ type: 'compact', file: resolve(file) }))
  print(flags, result, `${inWords(result.beforeBytes)} before, ${inWords(result.afterBytes)} now`)
}

export async function resize(
  file: string,
  size: string,
  flags: JsonFlag & { readonly shrink?: boolean },
): Promise<void> {
  const change = { sizeBytes: sizeOf(size), shrink: flags.shrink ?? false }
  const drive = driveOf(file)
  if (!drive) await requireNotKept(resolve(file), 'made larger or smaller')
  const result = await (drive
    ? performOn(drive, (api, on) => api.resize({ ...on, ...change }))
    : perform<'resize'>({ type: 'resize', file: resolve(file), ...change }))
  print(flags, result, `${inWords(result.beforeBytes)} before, ${inWords(result.afterBytes)} now`)
}
