/** How many snapshots a machine has and when the last was taken, told fast: records hold pictures, of which nothing is read here. */
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { MachineCard } from '../../core/contract/machine-card.ts'
import { snapshotIdSchema } from '../../core/contract/machine-spec.ts'

/** In records these come before anything that is long, except for descriptions. */
const HEAD_BYTES = 4096
const CREATED_AT = /"createdAt":\s*"([^"]+)"/
const KIND = /"kind":\s*"([^"]+)"/

interface Head {
  readonly createdAt: string
  readonly kind: string
}

export class SnapshotSummaries {
  /** By folder: the time at which something in it changed, and what was found. */
  readonly #known = new Map<string, { readonly changedMs: number; readonly summary: MachineCard['snapshots'] }>()
  /** Of records, which never change in these. */
  readonly #heads = new Map<string, Head>()

  /** Of the machine in `folder`. What cannot be read counts as a snapshot without a time. */
  async of(folder: string): Promise<MachineCard['snapshots']> {
    const path = join(folder, 'snapshots')
    const changedMs = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    )
    if (changedMs === undefined) return { count: 0, lastAt: null }
    const known = this.#known.get(path)
    if (known?.changedMs === changedMs) return known.summary
    const ids = (await readdir(path).catch(() => [])).filter((name) => snapshotIdSchema.safeParse(name).success)
    const heads = await Promise.all(ids.map((id) => this.#head(join(path, id))))
    const shown = heads.filter((head) => head?.kind !== 'saved')
    const times = shown.flatMap((head) => (head ? [head.createdAt] : [])).toSorted()
    const summary = { count: shown.length, lastAt: times.at(-1) ?? null }
    this.#known.set(path, { changedMs, summary })
    return summary
  }

  async #head(folder: string): Promise<Head | undefined> {
    const known = this.#heads.get(folder)
    if (known) return known
    try {
      const file = await open(join(folder, 'record.json'))
      try {
        const { size } = await file.stat()
        const head = (await readHead(file, HEAD_BYTES)) ?? (await readHead(file, size))
        if (head) this.#heads.set(folder, head)
        return head
      } finally {
        await file.close()
      }
    } catch {
      return undefined
    }
  }
}

async function readHead(file: Awaited<ReturnType<typeof open>>, bytes: number): Promise<Head | undefined> {
  const buffer = Buffer.alloc(bytes)
  const { bytesRead } = await file.read(buffer, 0, bytes, 0)
  const text = buffer.toString('utf8', 0, bytesRead)
  const [createdAt, kind] = [CREATED_AT.exec(text)?.[1], KIND.exec(text)?.[1]]
  return createdAt && kind ? { createdAt, kind } : undefined
}
