/** Names of folders and files made from what users type, valid on every platform. */

/** Source: Microsoft, "Naming Files, Paths, and Namespaces". */
const reserved = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i

const MAX_CHARACTERS = 100

/** A name for a folder or file near to `name`. */
export function safeFileName(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it replaces
  const replaced = name.normalize('NFC').replaceAll(/[\u0000-\u001f\u007f<>:"/\\|?*]/g, '-')
  // Neither hidden nor ending in what Windows drops.
  const trimmed = [...replaced]
    .slice(0, MAX_CHARACTERS)
    .join('')
    .replace(/^[. ]+/, '')
    .replace(/[. ]+$/, '')
  if (trimmed === '') return 'machine'
  return reserved.test(trimmed) ? `_${trimmed}` : trimmed
}

/** `wanted`, or "wanted 2", "wanted 3", … for the first that is not taken (compared without case, as some file systems do). */
export function firstFree(wanted: string, taken: Iterable<string>): string {
  const lower = new Set([...taken].map((name) => name.toLowerCase()))
  if (!lower.has(wanted.toLowerCase())) return wanted
  for (let number = 2; ; number++) if (!lower.has(`${wanted} ${number}`.toLowerCase())) return `${wanted} ${number}`
}
