/** One machine's folder on disk: machine.json, the last thumbnail, and paths of its files. */
import { readFile, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { AppError, type ErrorCode } from '../../core/base/errors.ts'
import type { Thumbnail } from '../../core/contract/machine-card.ts'
import { encodeMachineFile, parseMachineFile } from '../../core/contract/machine-file.ts'
import type { MachineSettings, MachineSpec } from '../../core/contract/machine-spec.ts'
import { writeFileAtomically } from './atomic-file.ts'

const MACHINE_FILE = 'machine.json'
const THUMBNAIL_FILE = 'thumbnail.png'

/** What people can do about the commonest failures of file systems, and the code by which callers know them. */
const FAILURES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  EROFS: [
    'library/read-only',
    'the file system is read-only; make it writable, or choose another place for the library',
  ],
  EACCES: [
    'library/read-only',
    'this user has no right to it; change its permissions, or choose another place for the library',
  ],
  EPERM: [
    'library/read-only',
    'this user has no right to it; change its permissions, or choose another place for the library',
  ],
  ENOSPC: ['library/full', 'no space is left on the disk; make room and try again'],
  EDQUOT: ['library/full', 'no space is left for this user; make room and try again'],
}

/** A failed file operation of the library as an AppError. */
export function libraryError(message: string, cause: unknown): AppError {
  const errno = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
  const [code, advice] = FAILURES[errno] ?? ['library/io', undefined]
  return new AppError(code, advice ? `${message}: ${advice} (${errno})` : `${message} (${errno})`, {
    context: { errno },
    cause,
  })
}

/** What says whether machine.json has changed since it was read; undefined where there is none. */
export async function machineFileStamp(folder: string): Promise<string | undefined> {
  try {
    const { mtimeMs, size, ino } = await stat(join(folder, MACHINE_FILE))
    return `${mtimeMs} ${size} ${ino}`
  } catch {
    return undefined
  }
}

/** When machine.json was made: of two folders with one identity, the later is the copy. */
export async function machineFileBirthMs(folder: string): Promise<number> {
  return (await stat(join(folder, MACHINE_FILE))).birthtimeMs
}

/** Throws `spec/…` for contents, `library/io` for the file itself. */
export async function readMachineFile(folder: string): Promise<MachineSpec> {
  let text: string
  try {
    text = await readFile(join(folder, MACHINE_FILE), 'utf8')
  } catch (cause) {
    throw libraryError('Cannot read the machine file', cause)
  }
  return parseMachineFile(text)
}

export async function writeMachineFile(folder: string, spec: MachineSpec): Promise<void> {
  try {
    await writeFileAtomically(join(folder, MACHINE_FILE), encodeMachineFile(spec))
  } catch (cause) {
    throw libraryError(`Cannot save the machine ${spec.name}`, cause)
  }
}

export async function readThumbnail(folder: string): Promise<Thumbnail | null> {
  try {
    const png = await readFile(join(folder, THUMBNAIL_FILE))
    // Signature, then the IHDR chunk: length, type, width, height. Source: PNG specification, 11.2.1.
    if (png.length < 24 || png.toString('latin1', 12, 16) !== 'IHDR') return null
    return { widthPx: png.readUInt32BE(16), heightPx: png.readUInt32BE(20), pngBase64: png.toString('base64') }
  } catch {
    return null
  }
}

export async function writeThumbnail(folder: string, png: Uint8Array): Promise<void> {
  await writeFileAtomically(join(folder, THUMBNAIL_FILE), png)
}

/** The log of a machine's runs. */
export function machineLogFile(folder: string): string {
  return join(folder, 'logs', 'machine.log')
}

/** `spec` with every path made absolute. */
export function withAbsolutePaths(spec: MachineSpec, folder: string): MachineSpec {
  return mapPaths(spec, (path) => resolve(folder, path))
}

/** The same settings with every path passed through `map`. */
export function mapPaths<T extends MachineSettings>(spec: T, map: (path: string) => string): T {
  const optional = (path: string | null) => (path === null ? null : map(path))
  const { kernel } = spec.boot
  const { firmware } = spec
  return {
    ...spec,
    drives: spec.drives.map((drive) => ({ ...drive, file: optional(drive.file) })),
    serialPorts: spec.serialPorts.map((port) => ({ ...port, file: optional(port.file) })),
    boot: { ...spec.boot, kernel: kernel && { ...kernel, file: map(kernel.file), initrd: optional(kernel.initrd) } },
    firmware:
      firmware.kind === 'external'
        ? { ...firmware, bios: map(firmware.bios), vgaBios: optional(firmware.vgaBios) }
        : firmware,
  }
}

/** `path` relative to `folder` where it is inside, with forward slashes; otherwise as it is. */
export function storedPath(folder: string, path: string): string {
  const inside = relative(folder, path)
  if (inside === '' || inside.startsWith('..') || isAbsolute(inside)) return path
  return inside.split(sep).join('/')
}
