/** The language of `--script`: one step a line, like what a person does at the machine. Empty lines and lines with # are skipped. */
import { AppError } from '../../../core/base/errors.ts'
import { type KeyCode, parseKeyChord } from '../../../core/contract/key-codes.ts'
import { usageError } from '../failure.ts'

export type ScriptStep =
  | { readonly kind: 'wait'; readonly text: string; readonly timeoutSeconds: number }
  | { readonly kind: 'type'; readonly text: string }
  | { readonly kind: 'key'; readonly codes: readonly KeyCode[] }
  | { readonly kind: 'move'; readonly x: number; readonly y: number }
  | { readonly kind: 'click'; readonly x: number; readonly y: number; readonly button: 'left' | 'right' }
  | { readonly kind: 'sleep'; readonly seconds: number }
  | { readonly kind: 'screenshot'; readonly file: string }
  | { readonly kind: 'serial'; readonly text: string }
  | { readonly kind: 'quit' }

/** A step and where it stands, for messages. */
export interface ScriptLine {
  readonly line: number
  readonly source: string
  readonly step: ScriptStep
}

/** How long `wait` waits when it does not say. */
const DEFAULT_WAIT_SECONDS = 60

interface Word {
  readonly text: string
  readonly quoted: boolean
}

const simpleEscapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' }

/** Words of a line: bare ones, and quoted ones with \n \r \t \" \\ and \xNN. A bare # begins a comment. */
function wordsOf(line: string): Word[] {
  const words: Word[] = []
  let rest = line.trim()
  while (rest !== '' && !rest.startsWith('#')) {
    const match = /^"((?:[^"\\]|\\.)*)"(?=\s|$)/.exec(rest) ?? /^([^\s"]+)(?=\s|$)/.exec(rest)
    if (!match) throw usageError(`a quote is not closed, or touches another word: ${rest}`)
    const quoted = rest.startsWith('"')
    words.push({ text: quoted ? withoutEscapes(match[1] ?? '') : (match[1] ?? ''), quoted })
    rest = rest.slice(match[0].length).trim()
  }
  return words
}

function withoutEscapes(text: string): string {
  return text.replaceAll(
    /\\(?:x([0-9A-Fa-f]{2})|(.))/g,
    (whole, hex: string | undefined, character: string | undefined) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
      const simple = simpleEscapes[character ?? '']
      if (simple === undefined) throw usageError(`there is no escape ${whole}`)
      return simple
    },
  )
}

/** The arguments of one step, taken in order. */
class Arguments {
  readonly #verb: string
  readonly #words: Word[]

  constructor(verb: string, words: Word[]) {
    this.#verb = verb
    this.#words = words
  }

  text(): string {
    const word = this.#words.shift()
    if (!word?.quoted) throw usageError(`${this.#verb} needs a text in quotes`)
    return word.text
  }

  word(what: string): string {
    const word = this.#words.shift()
    if (!word || word.text === '') throw usageError(`${this.#verb} needs ${what}`)
    return word.text
  }

  number(what: string, max: number): number {
    const text = this.word(what)
    const value = Number(text)
    if (!/^[0-9]+(?:\.[0-9]+)?$/.test(text) || value > max)
      throw usageError(`${this.#verb} needs ${what} from 0 to ${max}, not ${text}`)
    return value
  }

  pixel(what: string): number {
    const value = this.number(what, 16_383)
    if (!Number.isInteger(value)) throw usageError(`${this.#verb} needs ${what} as a whole number`)
    return value
  }

  get more(): boolean {
    return this.#words.length > 0
  }

  end(): void {
    const word = this.#words[0]
    if (word) throw usageError(`${this.#verb} does not take ${JSON.stringify(word.text)}`)
  }
}

const DAY_SECONDS = 86_400

const verbs: Readonly<Record<string, (args: Arguments) => ScriptStep>> = {
  wait: (args) => ({
    kind: 'wait',
    text: nonEmpty(args.text()),
    timeoutSeconds: args.more ? args.number('seconds', DAY_SECONDS) : DEFAULT_WAIT_SECONDS,
  }),
  type: (args) => ({ kind: 'type', text: args.text() }),
  key: (args) => ({ kind: 'key', codes: parseKeyChord(args.word('keys, such as ctrl-alt-del')) }),
  move: (args) => ({ kind: 'move', x: args.pixel('X'), y: args.pixel('Y') }),
  click: (args) => ({
    kind: 'click',
    x: args.pixel('X'),
    y: args.pixel('Y'),
    button: args.more ? buttonOf(args.word('a button')) : 'left',
  }),
  sleep: (args) => ({ kind: 'sleep', seconds: args.number('seconds', DAY_SECONDS) }),
  screenshot: (args) => ({ kind: 'screenshot', file: args.word('a file') }),
  serial: (args) => ({ kind: 'serial', text: args.text() }),
  quit: () => ({ kind: 'quit' }),
}

function nonEmpty(text: string): string {
  if (text === '') throw usageError('wait needs a text that is not empty')
  return text
}

function buttonOf(word: string): 'left' | 'right' {
  if (word !== 'left' && word !== 'right') throw usageError(`click takes left or right, not ${word}`)
  return word
}

function parseLine(line: string): ScriptStep | undefined {
  const [verb, ...words] = wordsOf(line)
  if (!verb) return undefined
  const parse = !verb.quoted && Object.hasOwn(verbs, verb.text) ? verbs[verb.text] : undefined
  if (!parse) throw usageError(`there is no step ${JSON.stringify(verb.text)}`)
  const args = new Arguments(verb.text, words)
  const step = parse(args)
  args.end()
  return step
}

/** The steps of a script. `name` begins error messages; throws `usage/invalid` naming the line. */
export function parseScript(source: string, name: string): ScriptLine[] {
  return source.split(/\r?\n/).flatMap((text, index): ScriptLine[] => {
    try {
      const step = parseLine(text)
      return step ? [{ line: index + 1, source: text.trim(), step }] : []
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      throw usageError(`${name}, line ${index + 1}: ${error.message}`)
    }
  })
}
