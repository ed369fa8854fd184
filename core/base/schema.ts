/**
 * Schemas of everything that crosses a border: machine specs, device options, contract arguments, saved records. This is the
 * only file of the core that knows the schema library, so that it stays replaceable.
 */
import { z } from 'zod'
import { AppError, type ErrorCode } from './errors.ts'

export { z }

/** A schema that yields `T` from unknown input. */
export type Schema<T> = z.ZodType<T>

/** Checks `value`; throws an AppError that names the first wrong place. `what` begins the message: "Machine file". */
export function parseWith<T>(
  schema: Schema<T>,
  value: unknown,
  what: string,
  code: ErrorCode = 'ipc/invalid-argument',
): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const place = issue?.path.length ? ` at ${issue.path.join('.')}` : ''
  throw new AppError(code, `${what} is not valid${place}: ${issue?.message ?? 'unknown reason'}`, {
    context: { path: issue?.path.join('.') },
  })
}
