/** The media that were in drives lately, in a file of the library's own. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { z } from '../../core/base/schema.ts'
import { type DriveKind, driveKindSchema } from '../../core/contract/machine-spec.ts'
import type { RecentMedium } from '../../core/contract/media-api.ts'
import { writeFileAtomically } from './atomic-file.ts'

/** Of each kind of drive. */
const MOST = 30

const mediaSchema = z.array(z.object({ path: z.string(), kind: driveKindSchema, usedAt: z.iso.datetime() }))
type Remembered = z.infer<typeof mediaSchema>[number]

export class RecentMedia {
  readonly #file: string
  #media: Remembered[]
  #saving: Promise<void> = Promise.resolve()

  /** What is not readable is as if nothing had been used yet. */
  constructor(file: string) {
    this.#file = file
    try {
      this.#media = mediaSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
    } catch {
      this.#media = []
    }
  }

  /** The latest first. */
  list(kind: DriveKind | undefined): RecentMedium[] {
    return this.#media
      .filter((medium) => kind === undefined || medium.kind === kind)
      .map((medium) => ({ ...medium, fileName: basename(medium.path), exists: existsSync(medium.path) }))
  }

  has(path: string): boolean {
    return this.#media.some((medium) => medium.path === path)
  }

  used(path: string, kind: DriveKind): void {
    const others = this.#media.filter((medium) => medium.path !== path)
    const same = others.filter((medium) => medium.kind === kind).slice(0, MOST - 1)
    this.#media = [
      { path, kind, usedAt: new Date().toISOString() },
      ...others.filter((medium) => medium.kind !== kind || same.includes(medium)),
    ]
    this.#save()
  }

  forget(path: string): void {
    this.#media = this.#media.filter((medium) => medium.path !== path)
    this.#save()
  }

  /** Resolves when everything is on disk. A list that cannot be saved is forgotten with the host. */
  settled(): Promise<void> {
    return this.#saving
  }

  #save(): void {
    this.#saving = this.#saving
      .then(() => {
        mkdirSync(dirname(this.#file), { recursive: true })
        return writeFileAtomically(this.#file, `${JSON.stringify(this.#media, undefined, 1)}\n`)
      })
      .catch(() => {})
  }
}
