/** Everything that panels share, made once the page is connected. */
import { getContext, setContext } from 'svelte'
import type { ResultOf } from '../../core/contract/api.ts'
import type { Client } from '../../core/contract/client.ts'
import type { MachineCard } from '../../core/contract/machine-card.ts'
import { ImportFlow } from '../panels/import/import-flow.svelte.ts'
import { FileSender } from '../panels/library/dropped-files.ts'
import { LibraryModel } from '../panels/library/library-model.svelte.ts'
import { strings } from '../strings/en.ts'
import { errorText } from '../strings/error-text.ts'
import { shellBridge } from './connect.ts'
import { ConsoleClosing } from './console-closing.svelte.ts'
import { DelayedActions } from './delayed-actions.svelte.ts'
import { Notices } from './notices.svelte.ts'
import type { Preferences } from './preferences.svelte.ts'
import { Questions } from './questions.svelte.ts'
import type { Router } from './router.svelte.ts'
import { routeHash } from './routes.ts'
import { WorkModel } from './work-model.svelte.ts'

export class AppModel {
  readonly client: Client
  readonly info: ResultOf<'app', 'info'>
  readonly router: Router
  readonly preferences: Preferences
  readonly notices = new Notices()
  readonly delayed = new DelayedActions(this.notices)
  readonly questions = new Questions()
  readonly closing: ConsoleClosing
  readonly work: WorkModel
  readonly library: LibraryModel
  readonly imports: ImportFlow
  readonly sender: FileSender

  constructor(client: Client, info: ResultOf<'app', 'info'>, router: Router, preferences: Preferences) {
    this.client = client
    this.info = info
    this.router = router
    this.preferences = preferences
    this.library = new LibraryModel(client, this.notices)
    this.closing = new ConsoleClosing({
      client,
      notices: this.notices,
      preferences,
      close: (machineId) => this.#closeConsole(machineId),
    })
    this.work = new WorkModel(client)
    this.sender = new FileSender(client, (file) => (info.hostPaths ? (shellBridge()?.pathOfFile(file) ?? '') : ''))
    this.imports = new ImportFlow(client, this.notices, this.sender)
    client.on('open-console', ({ card }) => {
      // The window of one machine shows no other.
      if (!this.router.alone) this.router.open({ panel: 'console', machineId: card.id })
    })
    shellBridge()?.onCloseAsked(() => this.#closeAsked())
    client.on('notification', ({ level, machineId, error }) => {
      // A crash of the machine that is looked at stands over its screen already.
      if (error.code === 'vm/crashed' && this.#isConsoleOf(machineId)) return
      const { title, detail } = errorText(error)
      const name = machineId === null ? undefined : this.library.machine(machineId)?.spec.name
      this.notices.add(level, name === undefined ? title : `${name}: ${title}`, detail, machineId)
    })
  }

  /** The user closes the window of one machine. */
  #closeAsked(): void {
    const { route } = this.router
    const card = 'machineId' in route ? this.library.machine(route.machineId) : undefined
    if (card) void this.closing.request(card)
    else shellBridge()?.closeWindow()
  }

  #closeConsole(machineId: string): void {
    if (!this.router.alone) this.router.closeTab(machineId)
    else if (shellBridge()) shellBridge()?.closeWindow()
    else window.close()
  }

  /** Moves a machine's console from its tab into a window of its own. */
  openOwnWindow({ id }: MachineCard): void {
    const hash = routeHash({ panel: 'console', machineId: id }, true)
    const bridge = shellBridge()
    if (bridge) bridge.openWindow(id)
    else if (!window.open(`${window.location.pathname}${hash}`, `vitrine-${id}`, 'popup,width=1100,height=860')) {
      this.notices.add('warning', strings.shell.noWindow)
      return
    }
    this.router.closeTab(id)
  }

  #isConsoleOf(machineId: string | null): boolean {
    const { route } = this.router
    return route.panel === 'console' && 'machineId' in route && route.machineId === machineId
  }

  openConsole(card: MachineCard): void {
    this.router.open({ panel: 'console', machineId: card.id })
  }

  /** What a double-click does: the console comes up, and the machine runs. */
  async startAndOpen(card: MachineCard): Promise<void> {
    this.openConsole(card)
    await this.library.ensureRunning(card)
  }

  /** A run of which nothing stays. */
  async startDiscarding(card: MachineCard): Promise<void> {
    this.openConsole(card)
    await this.library.actions.startDiscarding(card)
  }

  /** Keeps the machine as it is now, and says so. */
  async takeSnapshot(card: MachineCard): Promise<void> {
    const { id } = card
    const take = () => this.client.api.snapshot.take({ id })
    const snapshot = await this.notices.guard(take, strings.snapshots.failed.take, id)
    if (!snapshot) return
    const show = () => this.router.open({ panel: 'snapshots', machineId: id })
    this.notices.offer(strings.snapshots.taken(snapshot.name), { label: strings.actions.show, run: show })
  }

  /** Pulls the plug, if the user says so. */
  async powerOff(card: MachineCard): Promise<void> {
    const { name } = card.spec
    const question = {
      title: strings.library.powerOffTitle(name),
      why: strings.library.powerOffWhy,
      action: strings.actions.powerOff,
    }
    if (await this.questions.ask(question)) await this.library.act(card, 'powerOff')
  }

  async reset(card: MachineCard): Promise<void> {
    const { name } = card.spec
    const question = {
      title: strings.library.resetTitle(name),
      why: strings.library.resetWhy,
      action: strings.actions.reset,
    }
    if (await this.questions.ask(question)) await this.library.act(card, 'reset')
  }

  async powerOffAll(cards: readonly MachineCard[]): Promise<void> {
    const question = {
      title: strings.library.powerOffMany(cards.length),
      why: strings.library.powerOffWhy,
      action: strings.actions.powerOff,
    }
    if (!(await this.questions.ask(question))) return
    for (const card of cards) await this.library.act(card, 'powerOff')
  }

  /** Into the trash, from where they can be had back. */
  async remove(cards: readonly MachineCard[]): Promise<void> {
    for (const { id } of await this.library.actions.trash(cards)) this.router.closeTab(id)
  }
}

const KEY = Symbol('app')

export function provideApp(app: AppModel): void {
  setContext(KEY, app)
}

export function useApp(): AppModel {
  return getContext<AppModel>(KEY)
}
