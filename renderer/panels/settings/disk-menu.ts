/** What can be done to a hard disk of a machine, and why not where it cannot. */
import type { MachineDisk } from '../../../core/contract/disk-api.ts'
import type { MachineCard } from '../../../core/contract/machine-card.ts'
import type { AppModel } from '../../app/app-model.svelte.ts'
import type { MenuEntry, MenuItem } from '../../parts/menu.ts'
import { strings } from '../../strings/en.ts'
import { formatBytes } from '../../strings/format.ts'

export interface DiskMenuHandlers {
  resize(): void
  /** Something of the disk is another. */
  changed(): void
}

/** Work on a disk; what it found or failed with becomes a message. */
async function report(app: AppModel, card: MachineCard, title: string, work: () => Promise<string>): Promise<void> {
  const found = await app.notices.guard(work, strings.failed.action(title, card.spec.name), card.id)
  if (found !== undefined) app.notices.add('info', found)
}

export function diskMenu(app: AppModel, card: MachineCard, disk: MachineDisk, handlers: DiskMenuHandlers): MenuItem[] {
  const texts = strings.settings.disk
  const { api } = app.client
  const target = { kind: 'drive', id: card.id, slot: disk.slot } as const
  const entry = (label: string, refusal: string | null, run: () => unknown): MenuEntry => ({
    kind: 'entry',
    label: refusal === null ? label : `${label}: ${refusal}`,
    disabled: refusal !== null,
    run,
  })
  return [
    entry(texts.check, disk.refusals.check, () =>
      report(app, card, texts.check, async () => {
        const { isCheckable, errors, leaks, messages } = await api.disk.check({ disk: target })
        if (!isCheckable) return texts.notCheckable
        return errors + leaks === 0 ? texts.sound : texts.unsound(errors, leaks, messages[0] ?? '')
      }),
    ),
    entry(texts.repair, disk.refusals.check, () =>
      report(app, card, texts.repair, async () => {
        const { remainingErrors, remainingLeaks } = await api.disk.check({ disk: target, repair: true })
        return remainingErrors + remainingLeaks === 0 ? texts.sound : texts.unsound(remainingErrors, remainingLeaks, '')
      }),
    ),
    entry(texts.compact, disk.refusals.compact, () =>
      report(app, card, texts.compact, async () => {
        const { beforeBytes, afterBytes } = await api.disk.compact({ disk: target })
        handlers.changed()
        return texts.compacted(formatBytes(Math.max(0, beforeBytes - afterBytes)))
      }),
    ),
    entry(texts.resize, disk.refusals.resize, handlers.resize),
  ]
}
