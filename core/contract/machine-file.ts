/**
 * Reading and writing the text of machine.json: version first, then migrations, then the strict schema. A file of a newer app
 * is refused with the version it needs, never half-read; one from before the oldest known version is refused differently.
 */
import { AppError } from '../base/errors.ts'
import { parseWith } from '../base/schema.ts'
import { MACHINE_SCHEMA_VERSION, type MachineSpec, machineSpecSchema } from './machine-spec.ts'

/** The oldest version that can still be migrated. */
const OLDEST_MACHINE_SCHEMA_VERSION = 1

/** `migrations[n]` makes version n + 1 from version n. Pure: takes and returns plain JSON. */
export type MigrationTable = Readonly<Record<number, (file: Record<string, unknown>) => Record<string, unknown>>>
const migrations: MigrationTable = {
  // Version 2 has snapshots; what is absent has its default.
  1: (file) => file,
  // Version 3 has groups, settings that wait for the next start, ACPI as a choice, serial ports on sockets, and the keyboard layout of the guest.
  2: (file) => file,
}

/** A machine.json is a few KiB; more is not one. */
const MAX_CHARACTERS = 1 << 20

/** Applies migrations until `to`. Exported for tests of the mechanism with a table of their own. */
export function migrate(
  file: Record<string, unknown>,
  from: number,
  to: number,
  table: MigrationTable,
): Record<string, unknown> {
  let migrated = file
  for (let version = from; version < to; version++) {
    const step = table[version]
    if (!step)
      throw new AppError(
        'spec/older-version',
        `This machine is from version ${version} of the machine file, which this app can no longer read`,
      )
    migrated = { ...step(migrated), schemaVersion: version + 1 }
  }
  return migrated
}

/** The spec in `text`. Throws `spec/invalid`, `spec/older-version` or `spec/newer-version`. */
export function parseMachineFile(text: string): MachineSpec {
  if (text.length > MAX_CHARACTERS) throw new AppError('spec/invalid', 'The machine file is too large to be one')
  let file: unknown
  try {
    file = JSON.parse(text)
  } catch (cause) {
    throw new AppError('spec/invalid', 'The machine file is not JSON', { cause })
  }
  if (typeof file !== 'object' || file === null || Array.isArray(file))
    throw new AppError('spec/invalid', 'The machine file is not a JSON object')
  const record = file as Record<string, unknown>
  const version = record['schemaVersion']
  if (typeof version !== 'number' || !Number.isInteger(version))
    throw new AppError('spec/invalid', 'The machine file has no schemaVersion')
  if (version > MACHINE_SCHEMA_VERSION)
    throw new AppError(
      'spec/newer-version',
      `The machine file has version ${version}; this app reads up to version ${MACHINE_SCHEMA_VERSION}. Open it with a newer Vitrine`,
      {
        context: { version, supported: MACHINE_SCHEMA_VERSION },
      },
    )
  if (version < OLDEST_MACHINE_SCHEMA_VERSION)
    throw new AppError(
      'spec/older-version',
      `The machine file has version ${version}; this app reads version ${OLDEST_MACHINE_SCHEMA_VERSION} and later`,
      {
        context: { version, supported: OLDEST_MACHINE_SCHEMA_VERSION },
      },
    )
  return parseWith(
    machineSpecSchema,
    migrate(record, version, MACHINE_SCHEMA_VERSION, migrations),
    'The machine file',
    'spec/invalid',
  )
}

/** The text of machine.json for `spec`, one key a line, with a final line feed. */
export function encodeMachineFile(spec: MachineSpec): string {
  return `${JSON.stringify(spec, undefined, 2)}\n`
}
