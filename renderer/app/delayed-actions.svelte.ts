/**
 * What is done only when nobody takes it back for some seconds: deletions that nothing could undo afterwards. A page that is closed
 * meanwhile has done nothing.
 */
import { SvelteSet } from 'svelte/reactivity'
import { strings } from '../strings/en.ts'
import type { Notices } from './notices.svelte.ts'

const UNDO_MS = 8000

export class DelayedActions {
  /** What is as good as done: lists leave it out. */
  readonly pending = new SvelteSet<string>()
  readonly #notices: Notices

  constructor(notices: Notices) {
    this.#notices = notices
  }

  /** Does `run` after a while, unless it is taken back. `key` names it; `title` says that it is done. */
  later(key: string, title: string, run: () => Promise<unknown>): void {
    if (this.pending.has(key)) return
    this.pending.add(key)
    const end = () => {
      clearTimeout(timer)
      this.#notices.dismiss(notice)
    }
    const timer = setTimeout(async () => {
      end()
      await this.#notices.guard(run)
      this.pending.delete(key)
    }, UNDO_MS)
    const undo = () => {
      end()
      this.pending.delete(key)
    }
    const notice = this.#notices.offer(title, { label: strings.actions.undo, run: undo }, { stays: true })
  }
}
