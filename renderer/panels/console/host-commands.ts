/** What the host key (Right Ctrl) does together with another key. */
import type { KeyCode } from '../../../core/contract/key-codes.ts'
import type { MachineCard } from '../../../core/contract/machine-card.ts'
import type { AppModel } from '../../app/app-model.svelte.ts'
import type { ConsoleModel } from './console-model.svelte.ts'
import { saveScreenshot } from './save-file.ts'

export interface CommandContext {
  readonly app: AppModel
  readonly card: MachineCard
  readonly model: ConsoleModel
  fullScreen(): unknown
}

export const hostCommands: { readonly [K in KeyCode]?: (context: CommandContext) => unknown } = {
  Delete: ({ model }) => model.sendChord('ctrl-alt-del'),
  KeyE: ({ model, card }) => saveScreenshot(model, card.spec.name),
  KeyF: ({ fullScreen }) => fullScreen(),
  KeyP: ({ app, card }) => app.library.act(card, card.state === 'paused' ? 'resume' : 'pause'),
  KeyR: ({ app, card }) => app.reset(card),
  KeyT: ({ app, card }) => app.takeSnapshot(card),
  KeyU: ({ app, card }) => app.library.act(card, 'pressPowerButton'),
}
