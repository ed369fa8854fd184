/** A log file that begins anew when it is full, keeping a few older ones as `.1`, `.2`, … */
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { LogLevel } from '../../core/contract/library-api.ts'

const MAX_BYTES = 1 << 20
const OLDER_FILES = 3
/** A guest that floods the log must not fill the disk or stall the host. */
const LINES_PER_SECOND = 200
/** After the time, "2026-01-31T12:00:00.000Z ". */
const LEVEL_COLUMN = 25

export class RotatingLog {
  readonly #path: string
  #sizeBytes = 0
  #second = 0
  #linesThisSecond = 0

  constructor(path: string) {
    this.#path = path
    try {
      mkdirSync(dirname(path), { recursive: true })
      this.#sizeBytes = existsSync(path) ? statSync(path).size : 0
    } catch {
      // Said by whoever tries to write something that matters.
    }
  }

  /** Appends a line. A log that cannot be written stops nothing. */
  write(level: LogLevel, message: string): void {
    const now = new Date()
    const second = Math.floor(now.getTime() / 1000)
    if (second !== this.#second) {
      const lost = this.#linesThisSecond - LINES_PER_SECOND
      this.#second = second
      this.#linesThisSecond = 0
      if (lost > 0) this.#append(`${now.toISOString()} warn  ${lost} more lines were dropped\n`)
    }
    if (++this.#linesThisSecond > LINES_PER_SECOND) return
    this.#append(`${now.toISOString()} ${level.padEnd(5)} ${message.replaceAll(/[\r\n]+/g, ' ')}\n`)
  }

  /** The last `count` lines that contain `search`, case aside, and have one of `levels`; from older files where the present one is short. */
  tail(count: number, search = '', levels?: readonly LogLevel[]): string[] {
    const wanted = search.toLowerCase()
    const matches = (line: string) =>
      (wanted === '' || line.toLowerCase().includes(wanted)) &&
      (levels === undefined || levels.some((level) => line.startsWith(level, LEVEL_COLUMN)))
    let lines: string[] = []
    for (let age = 0; age <= OLDER_FILES && lines.length < count; age++) {
      const path = age === 0 ? this.#path : `${this.#path}.${age}`
      if (!existsSync(path)) break
      lines = [...readFileSync(path, 'utf8').split('\n').slice(0, -1).filter(matches), ...lines]
    }
    return lines.slice(-count)
  }

  #append(line: string): void {
    try {
      if (this.#sizeBytes > MAX_BYTES) this.#rotate()
      appendFileSync(this.#path, line)
      this.#sizeBytes += Buffer.byteLength(line)
    } catch {
      // See `write`.
    }
  }

  #rotate(): void {
    for (let age = OLDER_FILES - 1; age >= 1; age--)
      if (existsSync(`${this.#path}.${age}`)) renameSync(`${this.#path}.${age}`, `${this.#path}.${age + 1}`)
    renameSync(this.#path, `${this.#path}.1`)
    this.#sizeBytes = 0
  }
}
