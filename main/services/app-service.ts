/** The app itself behind the contract. */
import { availableParallelism, totalmem } from 'node:os'
import type { Service } from '../../core/contract/api.ts'
import type { MachineCard } from '../../core/contract/machine-card.ts'
import type { HostEvents } from '../host-events.ts'
import type { CallContext } from '../ipc/call-context.ts'
import { readAppSettings, writeAppSettings } from '../library/app-settings-file.ts'
import type { Machines } from '../vm/machines.ts'
import type { FolderHooks } from './library-service.ts'
import { requirePath } from './path-permission.ts'

/** What the shell around the host does for it. */
export interface ShellHooks extends FolderHooks {
  /** Shows a machine's console; `watched` when a page that is open has been told to. */
  openConsole(card: MachineCard, watched: boolean): void | Promise<void>
  /** The address of the page, if there is one. */
  pageUrl(): string | null
  /** Ends the app. */
  quit(): void
}

export interface AppOptions {
  readonly version: string
  readonly libraryFolder: string
  readonly shell: ShellHooks
}

export function createAppService(
  options: AppOptions,
  machines: Machines,
  events: HostEvents,
): Service<'app', CallContext> {
  return {
    info: (_, { grants }) => ({
      version: options.version,
      shell: grants.shell,
      platform: process.platform,
      libraryFolder: options.libraryFolder,
      hostPaths: grants.hostPaths,
      hostMemoryMib: Math.floor(totalmem() / 2 ** 20),
      hostCores: availableParallelism(),
      pageUrl: grants.shell === 'local' ? options.shell.pageUrl() : null,
    }),
    settings: () => readAppSettings(),
    async changeSettings(change, { grants }) {
      if (change.libraryFolder) requirePath(grants, change.libraryFolder)
      const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
      const settings = { ...readAppSettings(), ...given }
      await writeAppSettings(settings)
      return settings
    },
    watch({ events }, context) {
      context.watch(events)
      return null
    },
    async openConsole({ id }) {
      const card = await machines.card(id)
      await options.shell.openConsole(card, events.isWatched('open-console'))
      events.emit('open-console', { card })
      return null
    },
    quit() {
      // After the answer has been given.
      setImmediate(() => options.shell.quit())
      return null
    },
  }
}
