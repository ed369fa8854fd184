/** How the command line ends when something goes wrong: one line on standard error and a status that scripts can use. */
import { AppError, type ErrorCode } from '../../core/base/errors.ts'

/** The command was given wrong, or names a file that is none of what it should be. Nothing has been changed. */
const STATUS_USAGE = 2
const STATUS_FAILURE = 1

/** Errors of what was asked for, rather than of what happened. */
const usageCodes: ReadonlySet<ErrorCode> = new Set([
  'usage/invalid',
  'ipc/invalid-argument',
  'spec/invalid',
  'disk/not-found',
  'disk/corrupt-image',
  'disk/unsupported-format',
  'disk/too-large',
  'disk/not-bootable',
  'disk/read-only',
  'firmware/bad-image',
] satisfies ErrorCode[])

export function usageError(message: string): AppError {
  return new AppError('usage/invalid', message)
}

/** Prints `error` as one line and returns the status for it. VITRINE_DEBUG adds where our own bugs came from. */
export function reportFailure(error: unknown): number {
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`vitrine: ${message.split('\n')[0]}\n`)
  if (process.env['VITRINE_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  return error instanceof AppError && usageCodes.has(error.code) ? STATUS_USAGE : STATUS_FAILURE
}
