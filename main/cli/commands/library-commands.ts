/** Commands on the library: list, show, templates, set, delete, logs. */

import type { LogLevel } from '../../../core/contract/library-api.ts'
import type { Card } from '../../../core/contract/machine-card.ts'
import { matchesSearch } from '../../../core/contract/search.ts'
import { usageError } from '../failure.ts'
import { cardRow, describeCard, describeTemplate, type JsonFlag, print, table, templateRow } from '../output.ts'
import { findMachine, withClient } from '../session.ts'
import { patchOf } from './setting-assignments.ts'

export async function list(flags: JsonFlag & { readonly search?: string; readonly group?: string }): Promise<void> {
  await withClient(async ({ api }) => {
    const names = new Map((await api.template.list({})).map(({ id, name }) => [id, name]))
    const isInGroup = (card: Card) =>
      flags.group === undefined ||
      (card.kind === 'machine' && (card.spec.group === flags.group || card.spec.group.startsWith(`${flags.group}/`)))
    const cards = (await api.library.list({})).filter(
      (card) => isInGroup(card) && matchesSearch(card, flags.search ?? '', (id) => names.get(id)),
    )
    print(flags, cards, cards.length === 0 ? '' : table(cards.map(cardRow)))
  })
}

export async function show(name: string, flags: JsonFlag): Promise<void> {
  await withClient(async (client) => {
    const card = await findMachine(client, name)
    print(flags, card, describeCard(card))
  })
}

export async function templates(id: string | undefined, flags: JsonFlag): Promise<void> {
  await withClient(async ({ api }) => {
    const all = await api.template.list({})
    if (id === undefined) return print(flags, all, table(all.map(templateRow)))
    const template = all.find((candidate) => candidate.id === id)
    if (!template) throw usageError(`There is no template ${JSON.stringify(id)}; templates lists them`)
    print(flags, template, describeTemplate(template))
  })
}

export async function set(name: string, assignments: string[], flags: JsonFlag): Promise<void> {
  if (assignments.length === 0) throw usageError('set needs key=value')
  await withClient(async (client) => {
    const { id, spec } = await findMachine(client, name)
    const card = await client.api.library.update({ id, patch: patchOf(spec, assignments) })
    print(flags, card, '')
  })
}

export async function remove(name: string, flags: JsonFlag & { readonly permanently?: boolean }): Promise<void> {
  await withClient(async (client) => {
    const { id, spec } = await findMachine(client, name)
    const permanently = flags.permanently ?? false
    await client.api.library.delete({ id, permanently })
    print(flags, { id }, permanently ? `Deleted ${spec.name}` : `${spec.name} is in the trash`)
  })
}

export interface LogFlags extends JsonFlag {
  readonly lines?: string
  readonly search?: string
  readonly level?: LogLevel[]
}

export async function logs(name: string, flags: LogFlags): Promise<void> {
  const lines = flags.lines === undefined ? 200 : Number(flags.lines)
  if (!Number.isInteger(lines) || lines < 1 || lines > 10_000) throw usageError('--lines is a number from 1 to 10000')
  await withClient(async (client) => {
    const { id } = await findMachine(client, name)
    const result = await client.api.library.logs({
      id,
      lines,
      search: flags.search ?? '',
      ...(flags.level ? { levels: flags.level } : {}),
    })
    print(flags, result, result.lines.join('\n'))
  })
}
