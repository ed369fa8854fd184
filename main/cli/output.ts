/** What commands print: text for people, or one JSON value with --json. */
import type { Card, MachineCard } from '../../core/contract/machine-card.ts'
import type { Template } from '../../core/contract/template.ts'

/** Every command has it. */
export interface JsonFlag {
  readonly json?: boolean
}

/** Prints `value` as JSON with --json, otherwise `text` (nothing when it is empty). */
export function print(flags: JsonFlag, value: unknown, text: string): void {
  if (flags.json) process.stdout.write(`${JSON.stringify(value)}\n`)
  else if (text !== '') process.stdout.write(`${text}\n`)
}

/** Rows with columns as wide as their widest entry. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export function cardRow(card: Card): string[] {
  if (card.kind === 'broken') return [card.folder, 'broken', card.error.message]
  const { name, cpu, memoryMib } = card.spec
  return [name, card.state, `${cpu.profile}, ${memoryMib} MiB`]
}

/** A machine in full. */
export function describeCard({ id, folder, state, crash, spec }: MachineCard): string {
  const drives = spec.drives.map(({ slot, kind, file, writeProtected, discardWrites }) => [
    slot,
    `${kind}, ${file ?? 'empty'}${writeProtected ? ', write-protected' : ''}${discardWrites ? ', writes are discarded' : ''}`,
  ])
  const rows = [
    ['name', spec.name],
    ['id', id],
    ['folder', folder],
    ['state', crash ? `${state}: ${crash.message}` : state],
    [
      'processor',
      spec.cpu.profile +
        (spec.cpu.limitMips === null ? '' : `, at most ${spec.cpu.limitMips} MIPS`) +
        (spec.cpu.capPercent < 100 ? `, ${spec.cpu.capPercent} % of a core` : ''),
    ],
    ['memory', `${spec.memoryMib} MiB`],
    ['boot', spec.boot.order.join(', ')],
    ...drives,
    ...(spec.tags.length > 0 ? [['tags', spec.tags.join(', ')]] : []),
    ...(spec.notes === '' ? [] : [['notes', spec.notes]]),
  ]
  return table(rows)
}

export function templateRow({ id, name, years, cpu, memoryMib }: Template): string[] {
  return [id, name, `${years.first} to ${years.last ?? 'today'}`, `${cpu.profile}, ${memoryMib.good} MiB`]
}

/** A template in full, with the reasons for what is unusual. */
export function describeTemplate(template: Template): string {
  const { id, name, summary, cpu, memoryMib, disk, rtc, acpi, bootOrder, hints, reasons } = template
  const rows = [
    ['id', id],
    ['name', name],
    ['', summary],
    ['processor', cpu.profile + (cpu.limitMips === null ? '' : `, at most ${cpu.limitMips} MIPS`)],
    ['memory', `${memoryMib.good} MiB (from ${memoryMib.min} to ${memoryMib.max})`],
    ['disk', disk ? `${disk.goodMib} MiB (at most ${disk.maxMib})` : 'none'],
    ['clock', rtc === 'utc' ? 'universal time' : 'local time'],
    ['ACPI', acpi ? 'on' : 'off'],
    ['boot', bootOrder.join(', ')],
    ...reasons.map(({ text }) => ['why', text]),
    ...hints.map((hint) => ['hint', hint]),
  ]
  return table(rows)
}
