/** The log of one machine: what of it is shown, searched by the host, read again while the machine goes on. */
import type { Client } from '../../../core/contract/client.ts'
import { LOG_LEVELS, type LogLevel } from '../../../core/contract/library-api.ts'
import type { Notices } from '../../app/notices.svelte.ts'

const LINES = 3000

/** The level of a line as the log writes it, after its time; "info" for what goes on from the line before. */
export function levelOf(line: string): LogLevel {
  const word = /^\S+\s+(\w+)/.exec(line)?.[1]?.toLowerCase()
  return LOG_LEVELS.find((level) => level === word) ?? 'info'
}

export class LogModel {
  lines = $state.raw<readonly string[]>([])
  search = $state('')
  levels = $state<LogLevel[]>(['info', 'warn', 'error'])
  loaded = $state(false)
  readonly #client: Client
  readonly #notices: Notices
  readonly #id: string
  #asked = 0

  constructor(client: Client, notices: Notices, id: string) {
    this.#client = client
    this.#notices = notices
    this.#id = id
  }

  toggle(level: LogLevel): void {
    const others = this.levels.filter((other) => other !== level)
    this.levels = others.length < this.levels.length ? others : [...others, level]
  }

  /** Reads what matches. An answer that a later question has overtaken is not shown. */
  async read(): Promise<void> {
    const asked = ++this.#asked
    const { search, levels } = this
    const question = { id: this.#id, lines: LINES, search, levels: [...levels] }
    const log = await this.#notices.guard(() => this.#client.api.library.logs(question))
    if (!log || asked !== this.#asked) return
    this.lines = log.lines
    this.loaded = true
  }
}
