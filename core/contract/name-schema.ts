/** Names that people give: of machines, of snapshots. */
import { z } from '../base/schema.ts'

/** Trimmed, one line, no control characters, at most `longest` characters. */
export function nameSchema(longest: number) {
  return (
    z
      .string()
      .trim()
      .min(1)
      .max(longest)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
      .refine((name) => !/[\u0000-\u001f\u007f]/.test(name), { message: 'A name has no control characters' })
  )
}
