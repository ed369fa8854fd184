/** Errors as they cross process borders, both ways. */
import { AppError, type ErrorCode } from '../base/errors.ts'
import type { ErrorRecord } from './machine-card.ts'

/** What an error is between processes. What is no AppError is our own bug and is told as such, with its message. */
export function toErrorRecord(error: unknown): ErrorRecord {
  if (!(error instanceof AppError)) {
    return { code: 'internal/bug', message: error instanceof Error ? error.message : String(error), context: {} }
  }
  const context = Object.entries(error.context).filter(
    (entry): entry is [string, string | number | boolean] => entry[1] !== undefined,
  )
  return { code: error.code, message: error.message, context: Object.fromEntries(context) }
}

/** The error that a record tells of. */
export function fromErrorRecord(record: ErrorRecord): AppError {
  return new AppError(record.code as ErrorCode, record.message, { context: record.context })
}
