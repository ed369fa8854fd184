/** `set N key=value`: settings by their place in machine.json, such as memoryMib=128, cpu.profile=486, tags=games,dos. */
import { parseWith } from '../../../core/base/schema.ts'
import { type MachinePatch, type MachineSpec, machinePatchSchema } from '../../../core/contract/machine-spec.ts'
import { usageError } from '../failure.ts'

/** The patch that `assignments` make of `spec`. Throws `usage/invalid` naming the first one that is wrong. */
export function patchOf(spec: MachineSpec, assignments: readonly string[]): MachinePatch {
  const { schemaVersion: _, id: __, present: ___, pending, ...settings } = spec
  // What waits for the next power-on is what the user has said last.
  const changed: Record<string, unknown> = structuredClone({ ...settings, ...pending?.settings })
  const keys = new Set<string>()
  for (const assignment of assignments) keys.add(assign(changed, assignment))
  const patch = Object.fromEntries([...keys].map((key) => [key, changed[key]]))
  return parseWith(machinePatchSchema, patch, 'The setting', 'usage/invalid')
}

/** Puts one value into place and returns the setting it belongs to. */
function assign(settings: Record<string, unknown>, assignment: string): string {
  const at = assignment.indexOf('=')
  if (at <= 0) throw usageError(`A setting is changed by key=value, not ${JSON.stringify(assignment)}`)
  const path = assignment.slice(0, at).split('.')
  const last = path.at(-1) ?? ''
  let place: Record<string, unknown> = settings
  for (const key of path.slice(0, -1)) {
    const next = Object.hasOwn(place, key) ? place[key] : undefined
    if (typeof next !== 'object' || next === null) throw usageError(`There is no setting ${path.join('.')}`)
    place = next as Record<string, unknown>
  }
  if (!Object.hasOwn(place, last)) throw usageError(`There is no setting ${path.join('.')}`)
  place[last] = parseValue(assignment.slice(at + 1), place[last])
  return path[0] ?? ''
}

/** Text is text where text was; a list may be written with commas; everything else is JSON. */
function parseValue(text: string, before: unknown): unknown {
  if (typeof before === 'string') return text
  if (Array.isArray(before) && !text.startsWith('[')) return text === '' ? [] : text.split(',')
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
