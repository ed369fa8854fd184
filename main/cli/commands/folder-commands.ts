/** Commands on folders of machines: trash, move, folder. */
import { resolve } from 'node:path'
import { usageError } from '../failure.ts'
import { type JsonFlag, print, table } from '../output.ts'
import { findMachine, withClient } from '../session.ts'

const TRASH_ACTIONS = ['list', 'restore', 'empty']

/** `trash`, `trash restore ENTRY...`, `trash empty [ENTRY...]`: entries by their number or by the name of the machine. */
export async function trash(action: string | undefined, names: string[], flags: JsonFlag): Promise<void> {
  if (action !== undefined && !TRASH_ACTIONS.includes(action))
    throw usageError(`trash knows ${TRASH_ACTIONS.join(', ')}, not ${JSON.stringify(action)}`)
  await withClient(async ({ api }) => {
    const entries = await api.library.trash({})
    const find = (name: string) => {
      const found = entries.find((entry) => entry.entry === name) ?? entries.find((entry) => entry.name === name)
      if (!found) throw usageError(`Nothing in the trash is called ${JSON.stringify(name)}`)
      return found.entry
    }
    if (action === 'restore') {
      if (names.length === 0) throw usageError('trash restore needs the name of what is to come back')
      const cards = []
      for (const entry of names.map(find)) cards.push(await api.library.restoreFromTrash({ entry }))
      return print(flags, cards, cards.map(({ folder }) => `Restored ${folder}`).join('\n'))
    }
    if (action === 'empty') {
      await api.library.emptyTrash(names.length > 0 ? { entries: names.map(find) } : {})
      return print(flags, await api.library.trash({}), '')
    }
    const rows = entries.map(({ entry, name, deletedAt, sizeBytes }) => [
      name,
      deletedAt,
      `${Math.ceil(sizeBytes / 2 ** 20)} MiB`,
      entry,
    ])
    print(flags, entries, rows.length === 0 ? '' : table(rows))
  })
}

/** Without a folder the machine comes back into the library's own. */
export async function move(name: string, folder: string | undefined, flags: JsonFlag): Promise<void> {
  await withClient(async (client) => {
    const { id, spec } = await findMachine(client, name)
    const card = await client.api.library.move({ id, into: folder === undefined ? null : resolve(folder) })
    print(flags, card, `${spec.name} is in ${card.folder}`)
  })
}

export async function folder(action: string, path: string, flags: JsonFlag): Promise<void> {
  await withClient(async ({ api }) => {
    if (action === 'add') return print(flags, await api.library.addFolder({ path: resolve(path) }), `Added ${path}`)
    if (action === 'forget') {
      await api.library.forgetFolder({ folder: resolve(path) })
      return print(flags, { folder: resolve(path) }, '')
    }
    if (action === 'renew') {
      const card = await api.library.renewIdentity({ folder: path })
      return print(flags, card, `${card.spec.name} has an identity of its own`)
    }
    throw usageError(`folder knows add, forget and renew, not ${JSON.stringify(action)}`)
  })
}
