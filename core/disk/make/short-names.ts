/** Names of eight characters and three, unique in their folder. Source: ECMA-119 7.4.1 (d-characters), which DOS takes as well. */

export interface ShortName {
  readonly base: string
  readonly extension: string
}

/** Letters without what stands on them, in upper case; anything else becomes an underscore. */
function plain(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toUpperCase()
    .replaceAll(/[^A-Z0-9_]/g, '_')
}

/** The name as it is, where it is short enough and free; else its beginning with a number: LONGFI~1, or LONGFI_1 where `mark` says so. */
export function shortNames(names: readonly string[], mark: '~' | '_'): ShortName[] {
  const taken = new Set<string>()
  const lastNumber = new Map<string, number>()
  // Names that fit as they are keep their places before others are shortened.
  const fitting = names.map((name) => {
    const short = splitName(name)
    const fits = short.base.length <= 8 && short.extension.length <= 3 && short.base !== '' && isSame(name, short)
    const key = keyOf(short)
    if (!fits || taken.has(key)) return undefined
    taken.add(key)
    return short
  })
  return names.map((name, i) => {
    const fit = fitting[i]
    if (fit) return fit
    const { base, extension } = splitName(name)
    const whole = base || 'FILE'
    const cut = extension.slice(0, 3)
    for (let number = (lastNumber.get(`${whole.slice(0, 2)}.${cut}`) ?? 0) + 1; ; number++) {
      const tail = `${mark}${number}`
      const short = { base: whole.slice(0, 8 - tail.length) + tail, extension: cut }
      if (taken.has(keyOf(short))) continue
      taken.add(keyOf(short))
      // Thousands of files with one beginning must not try every number anew.
      if (number > 99) lastNumber.set(`${whole.slice(0, 2)}.${cut}`, number - 1)
      return short
    }
  })
}

function splitName(name: string): ShortName {
  const dot = name.lastIndexOf('.')
  // A dot at the beginning starts a name, not an extension.
  if (dot <= 0) return { base: plain(name.replaceAll('.', '')), extension: '' }
  return { base: plain(name.slice(0, dot).replaceAll('.', '_')), extension: plain(name.slice(dot + 1)) }
}

/** Whether nothing but case was lost. */
function isSame(name: string, short: ShortName): boolean {
  return name.toUpperCase() === textOf(short)
}

export function textOf({ base, extension }: ShortName): string {
  return extension === '' ? base : `${base}.${extension}`
}

function keyOf({ base, extension }: ShortName): string {
  return `${base}.${extension}`
}
