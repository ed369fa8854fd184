/**
 * From a method's name and raw arguments to its result: the only way into the services. Arguments are checked against the
 * method's schema before anything runs; what fails is told as an error record, never as a broken connection.
 */
import { AppError } from '../../core/base/errors.ts'
import { parseWith } from '../../core/base/schema.ts'
import { type AreaName, findMethod, type Service } from '../../core/contract/api.ts'
import { toErrorRecord } from '../../core/contract/error-record.ts'
import type { HostMessage } from '../../core/contract/transport.ts'
import type { CallContext } from './call-context.ts'

/** An implementation of every area. */
export type Services = { readonly [A in AreaName]: Service<A, CallContext> }

/** Where calls and failures are told. */
export interface CallLog {
  write(level: 'info' | 'warn' | 'error', message: string): void
}

export class Dispatcher {
  readonly #services: Services
  readonly #log: CallLog

  constructor(services: Services, log: CallLog) {
    this.#services = services
    this.#log = log
  }

  /** Calls `name` with `params` as they came; throws AppError. */
  async call(name: string, params: unknown, context: CallContext): Promise<unknown> {
    const method = findMethod(name)
    if (!method) throw new AppError('ipc/unknown-method', `There is no method ${JSON.stringify(name.slice(0, 100))}`)
    const checked = parseWith(method.params, params, `The argument of ${name}`)
    if (!method.quiet) this.#log.write('info', `${name} ${JSON.stringify(checked)}`)
    const [area, methodName] = name.split('.') as [AreaName, string]
    const service = this.#services[area] as unknown as Record<
      string,
      (params: unknown, context: CallContext) => unknown
    >
    // `Services` has an entry for every method that `findMethod` finds
    return service[methodName]!(checked, context)
  }

  /** Answers request `id` by what `work` comes to. */
  async answer(id: number, what: string, work: () => Promise<unknown>): Promise<HostMessage> {
    try {
      return { type: 'result', id, result: await work() }
    } catch (error) {
      const record = toErrorRecord(error)
      if (record.code !== 'internal/bug') this.#log.write('warn', `${what} failed: ${record.code} ${record.message}`)
      else this.#log.write('error', `${what} failed: ${error instanceof Error ? error.stack : String(error)}`)
      return { type: 'error', id, error: record }
    }
  }
}
