/** Sections of a saved state as their owners ask for them: versions checked and migrated, what nobody asked for refused. */
import { AppError } from '../base/errors.ts'
import { decodeStateFile, encodeStateFile, type StateSection } from './state-file.ts'
import { decodeRecord, encodeRecord, type StateRecord } from './state-value.ts'

/** `migrations[n]` makes a record of version n + 1 from one of version n. Pure. */
export type StateMigrations = Readonly<Record<number, (record: StateRecord) => StateRecord>>

/** What a part of the machine that is saved has: the version of its record and how older ones become it. */
export interface StateFormat {
  readonly version: number
  readonly migrations?: StateMigrations | undefined
}

/** Gathers records and gives the state file. */
export class StateWriter {
  readonly #sections: StateSection[] = []

  /** Adds the record of the part called `name`. */
  add(name: string, { version }: StateFormat, record: StateRecord): void {
    this.#sections.push({ name, version, optional: false, bytes: encodeRecord(record) })
  }

  finish(): Uint8Array<ArrayBuffer> {
    return encodeStateFile(this.#sections)
  }
}

/** The sections of one state file, to be taken one by one. */
export class StateReader {
  readonly #sections: Map<string, StateSection>

  /** Throws `state/corrupt` or `state/newer-version`. */
  constructor(file: Uint8Array) {
    this.#sections = new Map(decodeStateFile(file).map((section) => [section.name, section]))
  }

  has(name: string): boolean {
    return this.#sections.has(name)
  }

  /** Names of the sections that have not been taken. */
  get names(): string[] {
    return [...this.#sections.keys()]
  }

  /** Takes the record of the part called `name` in its present version. Throws `state/corrupt` where there is none. */
  take(name: string, format: StateFormat): StateRecord {
    const section = this.#sections.get(name)
    if (!section)
      throw new AppError('state/corrupt', `The saved state lacks its section ${name}`, { context: { name } })
    this.#sections.delete(name)
    return migrateSection(section, format)
  }

  /** Throws when a section is left that somebody must know. */
  finish(): void {
    for (const { name, version, optional } of this.#sections.values()) {
      if (optional) continue
      throw new AppError(
        'state/newer-version',
        `The saved state has a section ${name} (version ${version}) that this machine does not know. Open it with a newer Vitrine`,
        { context: { name, version } },
      )
    }
  }
}

function migrateSection({ name, version, bytes }: StateSection, format: StateFormat): StateRecord {
  if (version > format.version)
    throw new AppError(
      'state/newer-version',
      `Section ${name} of the saved state has version ${version}; this app reads up to version ${format.version}. Open it with a newer Vitrine`,
      { context: { name, version, supported: format.version } },
    )
  let record = decodeRecord(bytes, `Section ${name} of the saved state`)
  for (let from = version; from < format.version; from++) {
    const step = format.migrations?.[from]
    if (!step)
      throw new AppError(
        'state/corrupt',
        `Section ${name} of the saved state has version ${version}, which this app can no longer read`,
        { context: { name, version, supported: format.version } },
      )
    record = step(record)
  }
  return record
}
