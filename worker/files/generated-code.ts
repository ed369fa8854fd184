/**
 * The generated interpreter, kept between processes in the folder where Node keeps its compiled scripts. It belongs to one
 * version of the program: the file's name has a hash of the names, sizes and times of everything the program consists of.
 *
 *   u32 length of the names, u32 CRC-32 of all that follows, both little-endian; names (JSON, a list); WebAssembly module
 */
import { createHash, randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { GeneratedCodeStore, GeneratedInterpreter } from '../../core/cpu/exec/image.ts'

const PREFIX = 'vitrine-interpreter-'
const HEADER_BYTES = 8

/** The store of this program, or undefined where Node keeps no compiled scripts. */
export function generatedCodeStore(folder = getCompileCacheDir()): GeneratedCodeStore | undefined {
  if (folder === undefined) return undefined
  const file = () => join(folder, `${PREFIX}${programHash()}.bin`)
  return {
    load() {
      try {
        return unpack(readFileSync(file()))
      } catch {
        // Not there, or not to be read: it is made anew.
        return undefined
      }
    },
    save(code) {
      const temporary = join(folder, `${PREFIX}${randomUUID()}.tmp`)
      try {
        writeFileSync(temporary, pack(code))
        renameSync(temporary, file())
        for (const old of readdirSync(folder))
          if (old.startsWith(PREFIX) && old.endsWith('.bin') && old !== basename(file()))
            rmSync(join(folder, old), { force: true })
      } catch {
        // A full or read-only disk: the next process makes its own, too.
        rmSync(temporary, { force: true })
      }
    },
  }
}

/** Changes with any source, or any part of a bundle. */
function programHash(): string {
  const here = import.meta.dirname
  const isSource = basename(here) === 'files'
  const root = isSource ? join(dirname(dirname(here)), 'core') : here
  const hash = createHash('sha256').update(process.version)
  const extension = isSource ? '.ts' : '.js'
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!name.endsWith(extension)) continue
    const { size, mtimeMs } = statSync(join(root, name))
    hash.update(`${name}\0${size}\0${mtimeMs}\0`)
  }
  return hash.digest('hex').slice(0, 32)
}

function pack({ bytes, slowPaths }: GeneratedInterpreter): Uint8Array {
  const names = Buffer.from(JSON.stringify(slowPaths))
  const body = Buffer.concat([names, bytes])
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32LE(names.length, 0)
  header.writeUInt32LE(crc32(body), 4)
  return Buffer.concat([header, body])
}

function unpack(file: Buffer): GeneratedInterpreter | undefined {
  if (file.length < HEADER_BYTES) return undefined
  const body = file.subarray(HEADER_BYTES)
  const names = file.readUInt32LE(0)
  if (names > body.length || crc32(body) !== file.readUInt32LE(4)) return undefined
  const slowPaths = JSON.parse(body.subarray(0, names).toString()) as string[]
  return { bytes: new Uint8Array(body.subarray(names)), slowPaths }
}
