/** Why compiled code is left, as a profile counts it. */
import { EXIT_COUNTS } from '../../memory/layout.ts'

/**
 * `fault`: an instruction faulted; `slice`: the slice is used up or something waits for the run loop; `dispatch`: a return or another
 * indirect jump; `link`: to a block that is not part of the region; `page`: the same in another page; `code-changed`: a write has
 * changed the region's code; `slow-path`: a service in TypeScript, behind which the region goes on.
 */
export const EXIT_REASONS = ['fault', 'slice', 'dispatch', 'link', 'page', 'code-changed', 'slow-path'] as const
export type ExitReason = (typeof EXIT_REASONS)[number]

/** Address of a reason's counter (i64). */
export function exitCounter(reason: ExitReason): number {
  return EXIT_COUNTS + EXIT_REASONS.indexOf(reason) * 8
}
