/** The panels. Adding one: its folder, one line here, its id among the routes, its test. */
import type { Component } from 'svelte'
import type { MachineCard } from '../../core/contract/machine-card.ts'
import type { MachinePanelId } from '../app/routes.ts'
import type { IconName } from '../parts/icons.ts'
import type { strings } from '../strings/en.ts'
import ActivityPanel from './activity/ActivityPanel.svelte'
import ConsolePanel from './console/ConsolePanel.svelte'
import LogPanel from './log/LogPanel.svelte'
import ProfilerPanel from './profiler/ProfilerPanel.svelte'
import SettingsPanel from './settings/SettingsPanel.svelte'
import SnapshotsPanel from './snapshots/SnapshotsPanel.svelte'

/** A panel about one machine. */
export interface PanelDescriptor {
  readonly id: MachinePanelId
  readonly titleKey: keyof typeof strings.panels
  readonly icon: IconName
  readonly component: Component<{ card: MachineCard }>
  /** Whether the machine has this panel at the moment. */
  readonly when: (card: MachineCard) => boolean
}

const always = () => true

export const panels: readonly PanelDescriptor[] = [
  { id: 'console', titleKey: 'console', icon: 'view', component: ConsolePanel, when: always },
  { id: 'snapshots', titleKey: 'snapshots', icon: 'snapshot', component: SnapshotsPanel, when: always },
  { id: 'settings', titleKey: 'settings', icon: 'settings', component: SettingsPanel, when: always },
  { id: 'activity', titleKey: 'activity', icon: 'chart', component: ActivityPanel, when: always },
  { id: 'log', titleKey: 'log', icon: 'log', component: LogPanel, when: always },
  { id: 'profiler', titleKey: 'profiler', icon: 'gauge', component: ProfilerPanel, when: always },
]
