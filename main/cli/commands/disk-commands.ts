/** Commands on disk images: create, info, convert, check, compact, resize. */
import { extname, resolve } from 'node:path'
import {
  DISK_FORMATS,
  type DiskFileInfo,
  type DiskFormat,
  type DiskInfo,
  type DiskOptions,
  type DiskTask,
  type DiskTaskOf,
  type DiskTaskResults,
} from '../../../core/contract/disk-task.ts'
import { requireNotKept } from '../../snapshots/kept-disks.ts'
import { runDiskTask } from '../../vm/disk-tasks.ts'
import { ThreadPools } from '../../vm/vm-pool.ts'
import { usageError } from '../failure.ts'
import { type JsonFlag, print, table } from '../output.ts'

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

/** Runs one task, with a line of progress on a terminal; Ctrl-C ends it, leaving things as they were. */
async function perform<T extends DiskTask['type']>(task: DiskTaskOf<T>): Promise<DiskTaskResults[T]> {
  const pools = new ThreadPools()
  const abort = new AbortController()
  const interrupt = () => abort.abort()
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  let hasLine = false
  const onProgress = (done: number, total: number) => {
    if (!process.stderr.isTTY || total === 0) return
    process.stderr.write(`\r${Math.floor((100 * done) / total)} %`)
    hasLine = true
  }
  try {
    return await runDiskTask<T>(pools, task, { onProgress, signal: abort.signal })
  } finally {
    if (hasLine) process.stderr.write('\r\x1b[K')
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
    await pools.dispose()
  }
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
  const result = await perform<'info'>({ type: 'info', file: resolve(file) })
  print(flags, result, describe(result))
}

export async function convert(file: string, target: string, flags: NewImageFlags): Promise<void> {
  const result = await perform<'convert'>({
    type: 'convert',
    file: resolve(file),
    target: resolve(target),
    format: formatOf(target, flags),
    options: optionsOf(flags),
    overwrite: flags.force ?? false,
  })
  print(flags, result, '')
}

/** The status is 1 when errors remain. Space that nothing uses is no error. */
export async function check(file: string, flags: JsonFlag & { readonly repair?: boolean }): Promise<number> {
  const result = await perform<'check'>({ type: 'check', file: resolve(file), repair: flags.repair ?? false })
  const { errors, leaks, remainingErrors, remainingLeaks } = result
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`
  const found = `${count(errors, 'error')}, ${count(leaks, 'leak')}`
  const sum = !result.isCheckable
    ? `There is nothing to check in ${result.format} images`
    : errors + leaks === 0
      ? 'No errors'
      : flags.repair
        ? `${found}; after repair ${count(remainingErrors, 'error')}, ${count(remainingLeaks, 'leak')}`
        : found
  print(flags, result, [...result.messages, sum].join('\n'))
  return remainingErrors > 0 ? 1 : 0
}

export async function compact(file: string, flags: JsonFlag): Promise<void> {
  await requireNotKept(resolve(file), 'compacted')
  const result = await perform<'compact'>({ type: 'compact', file: resolve(file) })
  print(flags, result, `${inWords(result.beforeBytes)} before, ${inWords(result.afterBytes)} now`)
}

export async function resize(
  file: string,
  size: string,
  flags: JsonFlag & { readonly shrink?: boolean },
): Promise<void> {
  const sizeBytes = sizeOf(size)
  await requireNotKept(resolve(file), 'made larger or smaller')
  const result = await perform<'resize'>({
    type: 'resize',
    file: resolve(file),
    sizeBytes,
    shrink: flags.shrink ?? false,
  })
  print(flags, result, `${inWords(result.beforeBytes)} before, ${inWords(result.afterBytes)} now`)
}
