/** Commands that act on a running machine like a person at it: type, key, mouse, attach, eject. */
import { readdirSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { chordEvents, parseKeyChord } from '../../../core/contract/key-codes.ts'
import type { KeyboardLayout } from '../../../core/contract/keyboard-layouts.ts'
import type { MouseEventRecord } from '../../../core/contract/machine-api.ts'
import { DRIVE_SLOTS, type DriveSlot } from '../../../core/contract/machine-spec.ts'
import { usageError } from '../failure.ts'
import { filePath } from '../machine-flags.ts'
import { type JsonFlag, print } from '../output.ts'
import { findMachine, withClient } from '../session.ts'

export interface TypeFlags extends JsonFlag {
  readonly keyboard?: KeyboardLayout
  readonly skipMissing?: boolean
}

export async function type(name: string, text: string, flags: TypeFlags): Promise<void> {
  await withClient(async (client) => {
    const { id } = await findMachine(client, name)
    const { keyboard, skipMissing = false } = flags
    await client.api.machine.typeText({ id, text, skipMissing, ...(keyboard && { layout: keyboard }) })
    print(flags, { id }, '')
  })
}

export async function key(name: string, chords: string[], flags: JsonFlag): Promise<void> {
  if (chords.length === 0) throw usageError('key needs keys, such as ctrl-alt-del')
  const events = chords.flatMap((chord) => chordEvents(parseKeyChord(chord)))
  await withClient(async (client) => {
    const { id } = await findMachine(client, name)
    await client.api.machine.keys({ id, events })
    print(flags, { id }, '')
  })
}

/** Verbs of `mouse` with the arguments they take. */
const mouseVerbs: Readonly<Record<string, (args: string[]) => MouseEventRecord[]>> = {
  move: (args) => [{ kind: 'move', dx: whole(args[0], -4096, 4096), dy: whole(args[1], -4096, 4096) }],
  to: (args) => [position(args)],
  click: (args) => clickEvents(args),
  down: (args) => [{ kind: 'button', button: button(args[0]), down: true }],
  up: (args) => [{ kind: 'button', button: button(args[0]), down: false }],
  wheel: (args) => [{ kind: 'wheel', detents: whole(args[0], -64, 64) }],
}

export async function mouse(name: string, verb: string, args: string[], flags: JsonFlag): Promise<void> {
  const parse = Object.hasOwn(mouseVerbs, verb) ? mouseVerbs[verb] : undefined
  if (!parse) throw usageError(`mouse knows ${Object.keys(mouseVerbs).join(', ')}, not ${JSON.stringify(verb)}`)
  const events = parse(args)
  await withClient(async (client) => {
    const { id } = await findMachine(client, name)
    await client.api.machine.mouse({ id, events })
    print(flags, { id }, '')
  })
}

/** `click [X Y] [BUTTON]`: where the pointer is, or at a place. */
function clickEvents(args: string[]): MouseEventRecord[] {
  const placed = args.length >= 2
  const pressed = button(args[placed ? 2 : 0])
  const click: MouseEventRecord[] = [
    { kind: 'button', button: pressed, down: true },
    { kind: 'button', button: pressed, down: false },
  ]
  return placed ? [position(args), ...click] : click
}

function position(args: string[]): MouseEventRecord {
  return { kind: 'position', x: whole(args[0], 0, 16_383), y: whole(args[1], 0, 16_383) }
}

function whole(text: string | undefined, min: number, max: number): number {
  const value = Number(text ?? Number.NaN)
  if (!Number.isInteger(value) || value < min || value > max)
    throw usageError(`mouse needs a whole number from ${min} to ${max}, not ${JSON.stringify(text ?? '')}`)
  return value
}

function button(text: string | undefined): 'left' | 'right' | 'middle' {
  if (text === undefined) return 'left'
  if (text === 'left' || text === 'right' || text === 'middle') return text
  throw usageError(`A mouse button is left, right or middle, not ${JSON.stringify(text)}`)
}

export async function attach(
  name: string,
  slot: string,
  file: string,
  flags: JsonFlag & { readonly writeProtected?: boolean },
): Promise<void> {
  const drive = slotOf(slot)
  const folder = statSync(resolve(file), { throwIfNoEntry: false })?.isDirectory() ? resolve(file) : undefined
  const path = folder ?? filePath(file)
  await withClient(async (client) => {
    const { id } = await findMachine(client, name)
    if (folder !== undefined) {
      const paths = readdirSync(folder).toSorted()
      if (paths.length === 0) throw usageError(`The folder is empty: ${file}`)
      const files = { kind: 'paths' as const, paths: paths.map((each) => join(folder, each)) }
      const label = basename(folder).slice(0, 32).trim() || 'FILES'
      return print(flags, await client.api.medium.insertFiles({ id, slot: drive, label, files }), '')
    }
    const card = await client.api.machine.insertMedia({
      id,
      slot: drive,
      source: { kind: 'path', path },
      writeProtected: flags.writeProtected ?? false,
    })
    print(flags, card, '')
  })
}

export interface DriveFlags extends JsonFlag {
  readonly writeProtected?: boolean
  readonly writable?: boolean
  readonly discardWrites?: boolean
  readonly keepWrites?: boolean
}

/** One of two opposite flags; undefined when neither is given. */
function eitherFlag(yes: boolean | undefined, no: boolean | undefined, flags: string): boolean | undefined {
  if (yes && no) throw usageError(`${flags}: only one of them`)
  return yes ? true : no ? false : undefined
}

export async function drive(name: string, slot: string, flags: DriveFlags): Promise<void> {
  const writeProtected = eitherFlag(flags.writeProtected, flags.writable, '--write-protected and --writable')
  const discardWrites = eitherFlag(flags.discardWrites, flags.keepWrites, '--discard-writes and --keep-writes')
  if (writeProtected === undefined && discardWrites === undefined) throw usageError('drive needs something to change')
  await withClient(async (client) => {
    const { id } = await findMachine(client, name)
    const change = {
      ...(writeProtected !== undefined && { writeProtected }),
      ...(discardWrites !== undefined && { discardWrites }),
    }
    print(flags, await client.api.machine.setDrive({ id, slot: slotOf(slot), ...change }), '')
  })
}

export async function eject(name: string, slot: string, flags: JsonFlag): Promise<void> {
  const drive = slotOf(slot)
  await withClient(async (client) => {
    const { id } = await findMachine(client, name)
    print(flags, await client.api.machine.ejectMedia({ id, slot: drive }), '')
  })
}

function slotOf(text: string): DriveSlot {
  const slot = text === 'cdrom' ? 'hdc' : text
  const found = DRIVE_SLOTS.find((candidate) => candidate === slot)
  if (!found)
    throw usageError(`A drive is one of ${DRIVE_SLOTS.join(', ')} or cdrom (hdc), not ${JSON.stringify(text)}`)
  return found
}
