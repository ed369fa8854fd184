/** Errors as people read them: a title by the error's code, and the host's own sentence below it. */
import { strings } from './en.ts'

export interface ErrorText {
  readonly title: string
  readonly detail: string
  /** Both in one line. */
  readonly whole: string
}

interface CodedError {
  readonly code: string
  readonly message: string
}

function isCoded(error: unknown): error is CodedError {
  if (typeof error !== 'object' || error === null) return false
  const { code, message } = error as Record<string, unknown>
  return typeof code === 'string' && typeof message === 'string'
}

/** Titles by code; a code of a newer host has none. */
function titleOf(code: string): string {
  const titles: Readonly<Record<string, string>> = strings.errors
  return Object.hasOwn(titles, code) ? (titles[code] ?? strings.errors.unknown) : strings.errors.unknown
}

export function errorText(error: unknown): ErrorText {
  const message = error instanceof Error || isCoded(error) ? error.message : String(error)
  const title = isCoded(error) ? titleOf(error.code) : strings.errors['internal/bug']
  return { title, detail: message, whole: `${title}: ${message}` }
}
