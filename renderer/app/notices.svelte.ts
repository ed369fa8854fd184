/** Short messages that do not block. Errors stay until they are dismissed; what merely informs goes by itself. */
import { errorText } from '../strings/error-text.ts'

export type NoticeLevel = 'info' | 'warning' | 'error'

export interface Notice {
  readonly id: number
  readonly level: NoticeLevel
  readonly title: string
  readonly detail: string
  /** The machine it is about. */
  readonly machineId: string | null
}

const MAX_NOTICES = 5

export class Notices {
  list = $state<Notice[]>([])
  #lastId = 0

  add(level: NoticeLevel, title: string, detail = '', machineId: string | null = null): number {
    // Saying the same twice helps nobody: a guest on a full disk fails at every write.
    const same = this.list.find((notice) => notice.title === title && notice.detail === detail)
    if (same) return same.id
    const id = ++this.#lastId
    this.list.push({ id, level, title, detail, machineId })
    if (this.list.length > MAX_NOTICES) this.list.shift()
    return id
  }

  /** Tells an error of the host, or our own. `title` says what was tried. */
  fail(error: unknown, title?: string, machineId: string | null = null): void {
    const text = errorText(error)
    this.add('error', title ?? text.title, title === undefined ? text.detail : text.whole, machineId)
  }

  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id)
  }

  /** Runs `work`; what it throws becomes a notice. Resolves with its result, or undefined. */
  async guard<T>(work: () => Promise<T>, title?: string, machineId: string | null = null): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      this.fail(error, title, machineId)
      return undefined
    }
  }
}
