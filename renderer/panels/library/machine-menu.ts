/** What can be done to a machine, as a menu; what its state does not allow is left out. */

import type { MachineCard } from '../../../core/contract/machine-card.ts'
import type { AppModel } from '../../app/app-model.svelte.ts'
import type { MachinePanelId } from '../../app/routes.ts'
import type { MenuEntry, MenuItem } from '../../parts/menu.ts'
import { strings } from '../../strings/en.ts'

/** What only the panel can do: it has the dialogs. */
export interface MenuOpeners {
  rename(card: MachineCard): void
}

export function isOn({ state }: MachineCard): boolean {
  return state !== 'off' && state !== 'crashed'
}

function powerEntries(app: AppModel, card: MachineCard): MenuEntry[] {
  const { library } = app
  const { actions } = strings
  const entry = (label: string, icon: MenuEntry['icon'] & string, run: () => unknown): MenuEntry => ({
    kind: 'entry',
    label,
    icon,
    run,
  })
  if (!isOn(card))
    return [
      entry(actions.start, 'play', () => app.startAndOpen(card)),
      entry(actions.startDiscarding, 'play', () => app.startDiscarding(card)),
    ]
  return [
    ...(card.state === 'paused'
      ? [entry(actions.resume, 'play', () => library.act(card, 'resume'))]
      : [entry(actions.pause, 'pause', () => library.act(card, 'pause'))]),
    entry(actions.reset, 'reset', () => app.reset(card)),
    entry(actions.powerButton, 'power', () => library.act(card, 'pressPowerButton')),
    entry(actions.powerOff, 'plug', () => app.powerOff(card)),
  ]
}

export function machineMenu(app: AppModel, card: MachineCard, { rename }: MenuOpeners): MenuItem[] {
  const { actions } = strings
  const on = isOn(card)
  const open = (panel: MachinePanelId) => () => app.router.open({ panel, machineId: card.id })
  return [
    ...powerEntries(app, card),
    { kind: 'line' },
    { kind: 'entry', label: actions.openConsole, icon: 'view', run: open('console') },
    { kind: 'entry', label: actions.takeSnapshot, icon: 'snapshot', run: () => app.takeSnapshot(card) },
    { kind: 'entry', label: actions.snapshots, icon: 'clock', run: open('snapshots') },
    { kind: 'entry', label: actions.settings, icon: 'settings', run: open('settings') },
    { kind: 'entry', label: actions.log, icon: 'log', run: open('log') },
    { kind: 'line' },
    { kind: 'entry', label: actions.rename, icon: 'pen', run: () => rename(card) },
    { kind: 'entry', label: actions.duplicate, icon: 'copy', disabled: on, run: () => app.library.duplicate(card) },
    { kind: 'entry', label: actions.delete, icon: 'trash', danger: true, disabled: on, run: () => app.remove(card) },
  ]
}
