/** `vitrine import`: a machine of a disk image, a kernel or an exported machine, packed or not. */
import { randomUUID } from 'node:crypto'
import type { Client } from '../../../core/contract/client.ts'
import { fromErrorRecord } from '../../../core/contract/error-record.ts'
import type { ImportItem, ImportProposal } from '../../../core/contract/import-api.ts'
import { usageError } from '../failure.ts'
import { filePath } from '../machine-flags.ts'
import { type JsonFlag, print } from '../output.ts'
import { withClient } from '../session.ts'

export interface ImportFlags extends JsonFlag {
  readonly name?: string
  readonly template?: string
  readonly memory?: string
  /** In an archive with several images. */
  readonly member?: string
  /** The initial file system of a Linux kernel. */
  readonly initrd?: string
  /** Say what would be made. */
  readonly inspect?: boolean
}

export async function importFile(file: string, flags: ImportFlags): Promise<void> {
  const paths = [file, ...(flags.initrd === undefined ? [] : [flags.initrd])].map(filePath)
  const memoryMib = flags.memory === undefined ? undefined : Number(flags.memory)
  if (memoryMib !== undefined && !Number.isInteger(memoryMib)) throw usageError('--memory is a number of MiB')
  await withClient(async (client) => {
    const proposal = await withImportProgress(client, flags, () => propose(client, paths, flags))
    if (flags.inspect) return print(flags, proposal, describeProposal(proposal))
    const { itemId } = proposal
    const edits = {
      ...(flags.name === undefined ? {} : { name: flags.name }),
      ...(flags.template === undefined ? {} : { template: flags.template }),
      ...(memoryMib === undefined ? {} : { memoryMib }),
    }
    const card = await withImportProgress(client, flags, () => client.api.import.create({ itemId, ...edits }))
    print(flags, { ...card, proposal }, [`Created ${card.spec.name}`, ...reasonLines(proposal)].join('\n'))
  })
}

async function propose({ api }: Client, paths: readonly string[], flags: ImportFlags): Promise<ImportProposal> {
  const sources = paths.map((path) => ({ kind: 'path' as const, path }))
  const { items, refused } = await api.import.inspect({ importId: randomUUID(), sources })
  if (refused[0]) throw fromErrorRecord(refused[0].error)
  const proposal = await chosen(api, items[0] as ImportItem, flags.member)
  if (flags.template === undefined) return proposal
  return api.import.retarget({ itemId: proposal.itemId, template: flags.template })
}

async function chosen(api: Client['api'], item: ImportItem, member: string | undefined): Promise<ImportProposal> {
  if (item.state === 'proposal') return item
  const names = item.members.map(({ name }) => name)
  const list = `${names.slice(0, 10).join(', ')}${names.length > 10 ? ' …' : ''}`
  if (member === undefined)
    throw usageError(`${item.fileName} holds ${names.length} images; --member takes one of: ${list}`)
  const inner = await api.import.choose({ itemId: item.itemId, member })
  return chosen(api, inner, undefined)
}

function describeProposal(proposal: ImportProposal): string {
  const { name, template, memoryMib, medium } = proposal
  const size =
    medium.sizeBytes < 2 ** 20 ? `${medium.sizeBytes / 1024} KiB` : `${(medium.sizeBytes / 2 ** 20).toFixed(1)} MiB`
  return [
    `${proposal.fileName}: ${medium.kind}, ${medium.format}, ${size}${medium.bootable ? ', bootable' : ''}`,
    `Machine: ${name}, template ${template}, ${memoryMib} MiB`,
    ...reasonLines(proposal),
  ].join('\n')
}

function reasonLines({ system, reasons, warnings }: ImportProposal): string[] {
  const why = reasons.filter(({ about }) => about === 'system').map(({ text }) => text)
  return [
    ...(system ? [`  ${system.name} (${system.strength}): ${why.join('; ')}`] : []),
    ...reasons.filter(({ about }) => about !== 'system').map(({ text }) => `  ${text}`),
    ...warnings.map((text) => `  Note: ${text}`),
  ]
}

/** Shows how far unpacking and copying are, where a person watches. */
async function withImportProgress<T>(client: Client, flags: JsonFlag, work: () => Promise<T>): Promise<T> {
  if (flags.json || !process.stderr.isTTY) return work()
  const show = ({ doneBytes, totalBytes }: { doneBytes: number; totalBytes: number }) =>
    process.stderr.write(`\r${Math.floor((doneBytes * 100) / Math.max(totalBytes, 1))} %`)
  const ends = [client.on('import-progress', show), client.on('snapshot-progress', show)]
  try {
    return await work()
  } finally {
    for (const end of ends) end()
    process.stderr.write('\r      \r')
  }
}
