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
  /** What can be done about it, as a button. */
  readonly action: NoticeAction | null
  /** It stays until it is dismissed. */
  readonly stays: boolean
}

export interface NoticeAction {
  readonly label: string
  readonly run: () => unknown
}

const MAX_NOTICES = 5

export class Notices {
  list = $state<Notice[]>([])
  #lastId = 0

  add(level: NoticeLevel, title: string, detail = '', machineId: string | null = null): number {
    return this.#push({ level, title, detail, machineId, action: null, stays: level !== 'info' })
  }

  /** Says something with a button that does something about it. */
  offer(title: string, action: NoticeAction, options: { detail?: string; stays?: boolean } = {}): number {
    const { detail = '', stays = false } = options
    return this.#push({ level: 'info', title, detail, machineId: null, action, stays })
  }

  #push(notice: Omit<Notice, 'id'>): number {
    const { title, detail, action } = notice
    // Saying the same twice helps nobody: a guest on a full disk fails at every write.
    const same = this.list.find((other) => other.title === title && other.detail === detail)
    if (same && !action) return same.id
    const id = ++this.#lastId
    this.list.push({ id, ...notice })
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
