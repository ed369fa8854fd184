/**
 * Tests that need something from outside the repository: outside data, a program. Where it is missing the suite is
 * skipped, and its name says for want of what.
 */
import { describe } from 'vitest'

/** Something that a test needs and this computer may not have. */
export interface Need {
  /** As it is named in the report of a skipped suite. */
  readonly what: string
  /** Absolute path, or undefined when it is missing. */
  readonly path: string | undefined
}

/** `describe` that is skipped, visibly, when one of `needs` is missing. */
export function describeWith(needs: readonly Need[], name: string, body: () => void): void {
  const missing = needs.filter(({ path }) => path === undefined).map(({ what }) => what)
  if (missing.length > 0) describe.skip(`${name} (needs ${missing.join(', ')})`, body)
  else describe(name, body)
}

/**
 * Path of something that is there.
 *
 * @throws Error when it is missing: use it in tests below `describeWith`, which are skipped then
 */
export function pathOf(need: Need): string {
  if (need.path === undefined) throw new Error(`${need.what} is missing`)
  return need.path
}
