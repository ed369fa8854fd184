/** What happened to a machine: one line of JSON each in `logs/history.jsonl`, the older half dropped when it grows long. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type HistoryEntry, type HistoryKind, historyEntrySchema } from '../../core/contract/history.ts'

const MAX_BYTES = 1 << 20

function historyFile(machineFolder: string): string {
  return join(machineFolder, 'logs', 'history.jsonl')
}

/** Appends what has happened. A history that cannot be written stops nothing. */
export function recordHistory(machineFolder: string, kind: HistoryKind, detail: string): HistoryEntry {
  const entry: HistoryEntry = { at: new Date().toISOString(), kind, detail: detail.slice(0, 2000) }
  const file = historyFile(machineFolder)
  try {
    // A folder that is gone does not come back for this.
    if (!existsSync(machineFolder)) return entry
    mkdirSync(dirname(file), { recursive: true })
    appendFileSync(file, `${JSON.stringify(entry)}\n`)
    if (statSync(file).size > MAX_BYTES) halve(file)
  } catch {
    // Said by whoever writes something that matters.
  }
  return entry
}

function halve(file: string): void {
  const lines = readFileSync(file, 'utf8').split('\n')
  const half = `${file}.tmp`
  writeFileSync(half, lines.slice(lines.length >> 1).join('\n'))
  renameSync(half, file)
}

/** The last `count` entries, the last first; lines that are none are left out. */
export function readHistory(machineFolder: string, count: number): HistoryEntry[] {
  let lines: string[]
  try {
    lines = readFileSync(historyFile(machineFolder), 'utf8').split('\n')
  } catch {
    return []
  }
  const entries: HistoryEntry[] = []
  for (let i = lines.length - 1; i >= 0 && entries.length < count; i--) {
    const entry = parse(lines[i] ?? '')
    if (entry) entries.push(entry)
  }
  return entries
}

function parse(line: string): HistoryEntry | undefined {
  try {
    return historyEntrySchema.parse(JSON.parse(line))
  } catch {
    return undefined
  }
}
