/** Closing the console of a machine that runs: what becomes of it is asked, or done as the user has said before. */
import type { Client } from '../../core/contract/client.ts'
import type { MachineCard } from '../../core/contract/machine-card.ts'
import { strings } from '../strings/en.ts'
import type { Notices } from './notices.svelte.ts'
import type { CloseAction, Preferences } from './preferences.svelte.ts'

export type Ending = Exclude<CloseAction, 'ask'>

export interface ClosingParts {
  readonly client: Client
  readonly notices: Notices
  readonly preferences: Preferences
  /** Closes the tab, or the window, of the machine. */
  close(machineId: string): void
}

export class ConsoleClosing {
  /** The machine that is asked about. */
  current = $state.raw<MachineCard | null>(null)
  /** What was chosen is being done. */
  busy = $state(false)
  readonly #parts: ClosingParts

  constructor(parts: ClosingParts) {
    this.#parts = parts
  }

  /** The user wants to close the console of `card`. */
  async request(card: MachineCard): Promise<void> {
    const { closeAction } = this.#parts.preferences.values
    if (card.state === 'off' || card.state === 'crashed') this.#parts.close(card.id)
    else if (closeAction === 'ask') this.current = card
    else await this.#end(card, closeAction)
  }

  /** The user's answer. */
  async answer(ending: Ending, remember: boolean): Promise<void> {
    const card = this.current
    if (!card || this.busy) return
    if (remember) this.#parts.preferences.set('closeAction', ending)
    this.busy = true
    await this.#end(card, ending)
    this.busy = false
    this.current = null
  }

  cancel(): void {
    if (!this.busy) this.current = null
  }

  /** The console stays when it could not be done. */
  async #end({ id, spec }: MachineCard, ending: Ending): Promise<void> {
    const { api } = this.#parts.client
    const works: Readonly<Record<Ending, () => Promise<unknown>>> = {
      goOn: async () => null,
      save: () => api.snapshot.save({ id }),
      shutDown: () => api.machine.pressPowerButton({ id }),
      powerOff: () => api.machine.powerOff({ id }),
    }
    const title = strings.failed.action(strings.console.close[ending], spec.name)
    const done = await this.#parts.notices.guard(() => works[ending]().then(() => true), title, id)
    if (done) this.#parts.close(id)
  }
}
