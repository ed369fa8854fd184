/** What can be done to a machine, as a menu; what its state does not allow is left out. */

import type { MachineCard } from '../../../core/contract/machine-card.ts'
import type { AppModel } from '../../app/app-model.svelte.ts'
import type { MachinePanelId } from '../../app/routes.ts'
import type { MenuEntry, MenuItem } from '../../parts/menu.ts'
import { strings } from '../../strings/en.ts'

/** What only the panel can do: it has the dialogs. */
export interface MenuOpeners {
  properties(card: MachineCard): void
  group(cards: readonly MachineCard[]): void
  move(card: MachineCard): void
}

export function isOn({ state }: MachineCard): boolean {
  return state !== 'off' && state !== 'crashed'
}

function entry(label: string, icon: MenuEntry['icon'] & string, run: () => unknown, disabled = false): MenuEntry {
  return { kind: 'entry', label, icon, run, disabled }
}

function powerEntries(app: AppModel, card: MachineCard): MenuEntry[] {
  const { library } = app
  const { actions } = strings
  if (!isOn(card))
    return [
      entry(actions.start, 'play', () => app.startAndOpen(card)),
      entry(actions.startDiscarding, 'play', () => app.startDiscarding(card)),
    ]
  return [
    ...(card.state === 'paused'
      ? [entry(actions.resume, 'play', () => library.act(card, 'resume'))]
      : [entry(actions.pause, 'pause', () => library.act(card, 'pause'))]),
    entry(actions.saveState, 'save', () => library.actions.save(card), card.discardsWrites),
    entry(actions.reset, 'reset', () => app.reset(card)),
    entry(actions.powerButton, 'power', () => library.act(card, 'pressPowerButton')),
    entry(actions.powerOff, 'plug', () => app.powerOff(card)),
  ]
}

export function machineMenu(app: AppModel, card: MachineCard, { properties, group, move }: MenuOpeners): MenuItem[] {
  const { actions } = strings
  const on = isOn(card)
  const open = (panel: MachinePanelId) => () => app.router.open({ panel, machineId: card.id })
  return [
    ...powerEntries(app, card),
    { kind: 'line' },
    entry(actions.openConsole, 'view', open('console')),
    entry(actions.takeSnapshot, 'snapshot', () => app.takeSnapshot(card), card.discardsWrites),
    entry(actions.snapshots, 'clock', open('snapshots')),
    entry(actions.settings, 'settings', open('settings')),
    entry(actions.activity, 'chart', open('activity')),
    { kind: 'line' },
    entry(actions.rename, 'pen', () => properties(card)),
    entry(actions.group, 'folder', () => group([card])),
    entry(actions.duplicate, 'copy', () => app.library.actions.duplicate(card), on),
    entry(actions.showFolder, 'search', () => app.library.actions.showFolder(card)),
    ...(app.info.hostPaths ? [entry(actions.move, 'move', () => move(card), on)] : []),
    { kind: 'entry', label: actions.delete, icon: 'trash', danger: true, disabled: on, run: () => app.remove([card]) },
  ]
}

/** What can be done to several at once. */
export function selectionMenu(app: AppModel, cards: readonly MachineCard[], openers: MenuOpeners): MenuItem[] {
  const { actions } = strings
  const { library } = app
  const off = cards.filter((card) => !isOn(card))
  const on = cards.filter(isOn)
  const each = (list: readonly MachineCard[], run: (card: MachineCard) => Promise<unknown>) => async () => {
    for (const card of list) await run(card)
  }
  return [
    entry(
      actions.start,
      'play',
      each(off, (card) => library.act(card, 'start')),
      off.length === 0,
    ),
    entry(
      actions.pause,
      'pause',
      each(on, (card) => library.act(card, 'pause')),
      on.length === 0,
    ),
    entry(
      actions.saveState,
      'save',
      each(on, (card) => library.actions.save(card)),
      on.length === 0,
    ),
    entry(actions.powerOff, 'plug', () => app.powerOffAll(on), on.length === 0),
    { kind: 'line' },
    entry(
      actions.takeSnapshot,
      'snapshot',
      each(cards, (card) => app.takeSnapshot(card)),
    ),
    entry(actions.group, 'folder', () => openers.group(cards)),
    entry(
      actions.duplicate,
      'copy',
      each(off, (card) => library.actions.duplicate(card)),
      off.length === 0,
    ),
    {
      kind: 'entry',
      label: actions.delete,
      icon: 'trash',
      danger: true,
      disabled: off.length === 0,
      run: () => app.remove(off),
    },
  ]
}
