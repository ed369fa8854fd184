/** Text of the guest's screen for the clipboard. */
import type { Notices } from '../../app/notices.svelte.ts'
import { strings } from '../../strings/en.ts'
import type { ConsoleModel } from './console-model.svelte.ts'

/** Puts `text` into the clipboard, and says so. */
export async function toClipboard(text: string, notices: Notices): Promise<void> {
  const done = await notices.guard(() => navigator.clipboard.writeText(text).then(() => true))
  if (done) notices.add('info', strings.console.copiedLines(text.split('\n').length))
}

/** Copies everything on a text screen. */
export async function copyText(model: ConsoleModel, notices: Notices): Promise<void> {
  const screen = await model.textScreen()
  if (screen) await toClipboard(screen.lines.join('\n').trimEnd(), notices)
  else notices.add('info', strings.console.noText)
}
