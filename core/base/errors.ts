/**
 * The one error class that crosses module and process borders. `code` comes from a small closed union and is what callers
 * match on; detail (path, offset, register) goes into `context`, never into new codes. Messages are for people: they begin
 * with a capital letter, say what to do where that helps, and do not repeat the cause.
 */
export type ErrorCode =
  | 'disk/corrupt-image'
  | 'disk/unsupported-format'
  | 'disk/io'
  | 'disk/full'
  | 'disk/read-only'
  | 'disk/too-large'
  | 'disk/not-bootable'
  | 'disk/not-found'
  | 'firmware/bad-image'
  | 'spec/invalid'
  | 'spec/newer-version'
  | 'spec/older-version'
  | 'state/corrupt'
  | 'state/newer-version'
  | 'vm/invalid-state'
  | 'vm/not-found'
  | 'vm/crashed'
  | 'task/cancelled'
  | 'library/io'
  | 'library/locked'
  | 'library/duplicate-identity'
  | 'library/missing'
  | 'library/full'
  | 'library/read-only'
  | 'ipc/invalid-argument'
  | 'ipc/forbidden'
  | 'ipc/unknown-method'
  | 'ipc/closed'
  | 'usage/invalid'
  | 'internal/bug'

/** Values that may stand in an error's context: plain data that survives structured cloning and JSON. */
export type ErrorContext = Readonly<Record<string, string | number | boolean | undefined>>

/** An error with a stable code. Safe to show to the user; `toJSON` is its form between processes. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly context: ErrorContext

  constructor(code: ErrorCode, message: string, options: { context?: ErrorContext; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.context = options.context ?? {}
  }

  toJSON(): { code: ErrorCode; message: string; context: ErrorContext } {
    return { code: this.code, message: this.message, context: this.context }
  }
}

/** Stops at our own bugs. Never used for what a guest, a file or a user can cause. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AppError('internal/bug', message)
}
