import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { connect, openFakeHost } from '../support/fake-host.ts'
import { describeWith } from '../support/needs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const demo = join(import.meta.dirname, '../../assets/demo/demo.img')

describeWith([{ what: 'assets/demo/demo.img', path: existsSync(demo) ? demo : undefined }], 'a first start', () => {
  test('shows a machine made from the demo disk, once', async () => {
    const libraryFolder = join(temporaryFolder(), 'new')
    const names = async () => {
      const host = await openFakeHost({ libraryFolder, welcome: true })
      const client = connect(host)
      const cards = await client.api.library.list({})
      return { host, client, cards }
    }
    const first = await names()
    expect(first.cards).toMatchObject([{ kind: 'machine', folder: 'Vitrine Demo', spec: { template: 'demo' } }])
    const [card] = first.cards
    if (card?.kind !== 'machine') throw new Error('broken')
    expect((await first.client.api.machine.start({ id: card.id })).state).toBe('running')
    await first.client.api.machine.powerOff({ id: card.id })
    await first.client.api.library.delete({ id: card.id })
    await first.host.dispose()
    expect((await names()).cards).toEqual([])
  })
})
