/** The app itself behind the contract. */
import { availableParallelism, totalmem } from 'node:os'
import type { Service } from '../../core/contract/api.ts'
import type { CallContext } from '../ipc/call-context.ts'

export interface AppOptions {
  readonly version: string
  readonly libraryFolder: string
  /** Ends the host, after the answer has been given. */
  quit(): void
}

export function createAppService(options: AppOptions): Service<'app', CallContext> {
  return {
    info: (_, { grants }) => ({
      version: options.version,
      shell: grants.shell,
      platform: process.platform,
      libraryFolder: options.libraryFolder,
      hostPaths: grants.hostPaths,
      hostMemoryMib: Math.floor(totalmem() / 2 ** 20),
      hostCores: availableParallelism(),
    }),
    watch({ events }, context) {
      context.watch(events)
      return null
    },
    quit() {
      setImmediate(() => options.quit())
      return null
    },
  }
}
