/** What a foreign file is: packed, an exported machine, or something that a machine is made from. */
import { createReadStream } from 'node:fs'
import { basename, resolve } from 'node:path'
import { pipeline } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { AppError } from '../../core/base/errors.ts'
import type { FileLook, Packing } from '../../core/contract/import-tasks.ts'
import type { ByteStore } from '../../core/disk/block-device.ts'
import type { ImageHost } from '../../core/disk/disk-image.ts'
import { foreignFormat } from '../../core/disk/image-signatures.ts'
import { latin1 } from '../../core/disk/recognise/field-reader.ts'
import { recognise } from '../../core/disk/recognise/recognise.ts'
import { openFileByteStore } from '../files/file-byte-store.ts'
import { fileImageHost } from '../files/image-host.ts'

/** By the names that image-signatures.ts gives them. */
const PACKINGS: Readonly<Record<string, Packing>> = {
  gzip: 'gzip',
  xz: 'xz',
  Zstandard: 'zstd',
  bzip2: 'bzip2',
  ZIP: 'zip',
}

/** The first member of an archive that `vitrine export` has written. */
const MANIFEST = 'vitrine.json'

/** Looks into `path`. Throws what recognition throws, and `disk/corrupt-image` for an empty file. */
export async function look(path: string, name: string): Promise<FileLook> {
  const store = openFileByteStore(path, true)
  try {
    const packing = packingOf(store)
    if (!packing) return { file: recognise(store, { name, image: { path: resolve(path), host: loneHost(name) } }) }
    if (packing === 'zstd' && (await unpackedStart(path, packing, MANIFEST.length)) === MANIFEST)
      return { file: { ...ONE_FILE, kind: 'machine', format: 'vitrine', sizeBytes: store.sizeBytes } }
    // Kernels read their initial file system packed.
    if (
      packing !== 'zip' &&
      packing !== 'xz' &&
      packing !== 'bzip2' &&
      /^07070[12]$/.test(await unpackedStart(path, packing, 6))
    )
      return { file: { ...ONE_FILE, kind: 'initrd', format: packing, sizeBytes: store.sizeBytes } }
    return { packed: packing }
  } finally {
    store.close()
  }
}

const ONE_FILE = { bootable: false, label: '', system: undefined, obstacle: undefined } as const

function packingOf(store: ByteStore): Packing | undefined {
  const foreign = foreignFormat(store)
  return foreign?.kind === 'archive' ? PACKINGS[foreign.name] : undefined
}

/** Opens no other file that an image may name, which comes from anywhere and could name any file of this computer. */
export function loneHost(name: string): ImageHost {
  return {
    ...fileImageHost,
    open: (path) => {
      const message = `${name} needs another file, ${basename(path)}; make one file of both with: vitrine disk convert`
      throw new AppError('disk/unsupported-format', message, { context: { path } })
    },
  }
}

/** The first bytes of what is packed, as text; "" when they cannot be unpacked. */
async function unpackedStart(path: string, packing: 'gzip' | 'zstd', lengthBytes: number): Promise<string> {
  const unpacker = packing === 'gzip' ? createGunzip() : createZstdDecompress()
  // What is damaged further on is told when it is unpacked.
  pipeline(createReadStream(path), unpacker, () => {})
  try {
    for await (const piece of unpacker as AsyncIterable<Uint8Array>) return latin1(piece.subarray(0, lengthBytes))
  } catch {
    // Damaged from the beginning, which unpacking will say.
  }
  return ''
}
