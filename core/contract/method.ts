/** A method of the contract: its argument and result schemas. Client types, host validation and the call log derive from it. */
import type { z } from '../base/schema.ts'

export interface Method<Params extends z.ZodType, Result extends z.ZodType> {
  readonly params: Params
  readonly result: Result
  /** Calls are not logged: too many of them, or they carry what the user types. */
  readonly quiet: boolean
}

/** Declares a method. */
export function method<Params extends z.ZodType, Result extends z.ZodType>(
  params: Params,
  result: Result,
  options: { quiet?: boolean } = {},
): Method<Params, Result> {
  return { params, result, quiet: options.quiet ?? false }
}
