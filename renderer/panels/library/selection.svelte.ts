/** Which machines are selected, as in a file manager: one by one, as a range, all. */
import { SvelteSet } from 'svelte/reactivity'

export class Selection {
  readonly ids = new SvelteSet<string>()
  #anchor: string | undefined

  get count(): number {
    return this.ids.size
  }

  toggle(id: string): void {
    if (!this.ids.delete(id)) this.ids.add(id)
    this.#anchor = id
  }

  /** Everything from where the selection began to `id`, in the `order` that is shown. */
  extendTo(id: string, order: readonly string[]): void {
    const from = order.indexOf(this.#anchor ?? id)
    const to = order.indexOf(id)
    if (from < 0 || to < 0) {
      this.toggle(id)
      return
    }
    for (const between of order.slice(Math.min(from, to), Math.max(from, to) + 1)) this.ids.add(between)
  }

  setAll(ids: readonly string[]): void {
    for (const id of ids) this.ids.add(id)
  }

  clear(): void {
    this.ids.clear()
    this.#anchor = undefined
  }

  /** What is dragged, or acted upon, with `id`: the selection if it is part of it, else it alone. */
  with(id: string): readonly string[] {
    return this.ids.has(id) ? [...this.ids] : [id]
  }

  /** Forgets machines that are gone. */
  keepOnly(existing: ReadonlySet<string>): void {
    for (const id of [...this.ids]) if (!existing.has(id)) this.ids.delete(id)
  }
}
