/**
 * A machine with its snapshots as one file: a tar archive compressed with zstd, whose checksum covers everything in it. Images that
 * lie outside of the machine's folder come along, and lie inside it where the file is imported.
 *
 *   vitrine.json    what this is: version, the machine's name and identity, images from elsewhere
 *   machine/...     the machine's folder, without logs and without what is half-made
 */
import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import { create, Unpack } from 'tar'
import { AppError } from '../../core/base/errors.ts'
import { parseWith, z } from '../../core/base/schema.ts'
import { encodeMachineFile, parseMachineFile } from '../../core/contract/machine-file.ts'
import { isAbsolutePath, type MachineSpec, machineIdSchema } from '../../core/contract/machine-spec.ts'
import { syncFolder } from '../library/atomic-file.ts'
import { firstFree } from '../library/folder-name.ts'
import { libraryError, mapPaths } from '../library/machine-folder.ts'

const ARCHIVE_VERSION = 1
const MANIFEST = 'vitrine.json'
const MACHINE = 'machine'
/** A machine's own files beside folders. */
const MAX_MANIFEST_BYTES = 1 << 20

const manifestSchema = z.strictObject({
  archive: z.literal('vitrine-machine'),
  version: z.int(),
  id: machineIdSchema,
  name: z.string(),
  /** Where an image lay, and where in the machine's folder it lies now. */
  images: z.array(z.strictObject({ from: z.string(), to: z.string() })),
})
type Manifest = z.infer<typeof manifestSchema>

export type ArchiveProgress = (doneBytes: number, totalBytes: number) => void

/** A file of the archive: where it is, and its name in there. */
interface Member {
  readonly path: string
  readonly name: string
  readonly bytes: number
}

const isLeftOut = (name: string): boolean => name === 'logs' || name.startsWith('.')

async function membersOf(folder: string, prefix: string): Promise<Member[]> {
  const members: Member[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (isLeftOut(entry.name)) continue
    const path = join(folder, entry.name)
    const name = `${prefix}/${entry.name}`
    if (entry.isDirectory()) members.push(...(await membersOf(path, name)))
    else if (entry.isFile()) members.push({ path, name, bytes: (await stat(path)).size })
  }
  return members
}

/** Every absolute path of the specs that is a file, and what backing files lie elsewhere (`chains`), with a place in the folder for each. */
async function outsideImages(
  folder: string,
  specs: readonly MachineSpec[],
  chains: readonly string[],
): Promise<Manifest['images']> {
  const paths = new Set<string>()
  for (const spec of specs)
    mapPaths({ ...spec, serialPorts: [] }, (path) => {
      if (isAbsolutePath(path)) paths.add(path)
      return path
    })
  for (const path of chains) if (relative(folder, path).startsWith('..')) paths.add(path)
  const taken: string[] = await readdir(join(folder, 'disks')).catch(() => [])
  const images: Manifest['images'] = []
  for (const from of paths) {
    const extension = extname(from)
    const stems = taken.map((name) => (extname(name) === extension ? basename(name, extension) : name))
    const name = firstFree(basename(from, extension), stems) + extension
    taken.push(name)
    images.push({ from, to: `disks/${name}` })
  }
  return images
}

export interface ExportRequest {
  readonly folder: string
  readonly spec: MachineSpec
  /** Of the snapshots, too. */
  readonly specs: readonly MachineSpec[]
  /** All images that its disks stand on. */
  readonly chains: readonly string[]
  readonly file: string
}

/** Writes `file`, which appears when it is whole. Returns its size. */
export async function writeArchive(request: ExportRequest, onProgress: ArchiveProgress): Promise<number> {
  const { folder, spec, file } = request
  const temporary = join(dirname(file), `.${basename(file)}.${randomUUID()}.tmp`)
  const staging = `${temporary}.json`
  try {
    const images = await outsideImages(folder, request.specs, request.chains)
    const manifest: Manifest = {
      archive: 'vitrine-machine',
      version: ARCHIVE_VERSION,
      id: spec.id,
      name: spec.name,
      images,
    }
    await writeFile(staging, JSON.stringify(manifest))
    const members: Member[] = [
      { path: staging, name: MANIFEST, bytes: 0 },
      ...(await membersOf(folder, MACHINE)),
      ...(await Promise.all(
        images.map(async ({ from, to }) => ({ path: from, name: `${MACHINE}/${to}`, bytes: (await stat(from)).size })),
      )),
    ]
    const totalBytes = members.reduce((sum, { bytes }) => sum + bytes, 0)
    const names = new Map(members.map(({ path, name }) => [path, name]))
    const pack = create(
      {
        cwd: '/',
        portable: true,
        follow: true,
        preservePaths: true,
        onWriteEntry: (entry) => {
          entry.path = names.get(resolve('/', entry.path)) ?? entry.path
        },
      },
      members.map(({ path }) => path),
    )
    const compress = createZstdCompress({
      params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 },
    })
    let doneBytes = 0
    const count = new Transform({
      transform(chunk: Buffer, _, done) {
        doneBytes += chunk.length
        onProgress(Math.min(doneBytes, totalBytes), totalBytes)
        done(null, chunk)
      },
    })
    await pipeline(pack, count, compress, createWriteStream(temporary, { flags: 'wx' }))
    const handle = await open(temporary, 'r+')
    await handle.sync().finally(() => handle.close())
    await rename(temporary, file)
    await syncFolder(dirname(file))
    onProgress(totalBytes, totalBytes)
    return (await stat(file)).size
  } catch (cause) {
    await rm(temporary, { force: true })
    throw archiveError(`Cannot write ${file}`, cause)
  } finally {
    await rm(staging, { force: true })
  }
}

function archiveError(message: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new AppError('disk/full', `${message}: no space is left`, { cause })
  return libraryError(message, cause)
}

/** What an imported machine is, with its files in `folder`. */
export interface ImportedMachine {
  readonly spec: MachineSpec
  /** Images that lay elsewhere, with their new absolute paths: overlays that name them have to be told. */
  readonly moved: readonly { readonly from: string; readonly to: string }[]
}

/** Unpacks `file` into `folder`, which exists and is empty. Throws `disk/unsupported-format` for other files, `state/corrupt` for damage. */
export async function readArchive(file: string, folder: string, onProgress: ArchiveProgress): Promise<ImportedMachine> {
  const total = await stat(file).catch((cause) => {
    throw new AppError('disk/not-found', `There is no such file: ${file}`, { context: { path: file }, cause })
  })
  await requireZstd(file)
  const staging = join(folder, '.import')
  await mkdir(staging)
  let doneBytes = 0
  const count = new Transform({
    transform(chunk: Buffer, _, done) {
      doneBytes += chunk.length
      onProgress(doneBytes, total.size)
      done(null, chunk)
    },
  })
  const unpack = new Unpack({
    cwd: staging,
    strict: true,
    chmod: false,
    preserveOwner: false,
    // Files and folders, never links or devices; the archive's own two names at the top.
    filter: (path, entry) => {
      const type = 'type' in entry ? entry.type : undefined
      const isPlain = type === 'File' || type === 'OldFile' || type === 'Directory'
      const [top, ...rest] = path.split('/')
      return isPlain && !rest.includes('..') && (path === MANIFEST || top === MACHINE)
    },
  })
  try {
    await pipeline(createReadStream(file), count, createZstdDecompress(), unpack)
    const manifest = await readManifest(join(staging, MANIFEST), file)
    const machine = join(staging, MACHINE)
    const text = await readFile(join(machine, 'machine.json'), 'utf8')
    for (const name of await readdir(machine)) await rename(join(machine, name), join(folder, name))
    const moved = new Map(manifest.images.map(({ from, to }) => [from, inside(to)]))
    const place = (path: string) => moved.get(path) ?? path
    const spec = mapPaths(parseMachineFile(text), place)
    await movePathsInRecords(folder, place)
    return { spec, moved: [...moved].map(([from, to]) => ({ from, to: join(folder, to) })) }
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT') throw archiveError(`Cannot import ${file}`, cause)
    throw new AppError('state/corrupt', `${file} is damaged, or no machine that Vitrine has exported`, {
      context: { path: file },
      cause,
    })
  } finally {
    // What was being unpacked when it failed is still being written for a moment.
    await rm(staging, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
  }
}

/** A place in the machine's folder that does not lead out of it. */
function inside(path: string): string {
  const plain = resolve('/', path)
  return plain.slice(1).split(sep).join('/')
}

async function requireZstd(file: string): Promise<void> {
  const handle = await open(file, 'r')
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0)
    if (buffer.readUInt32LE(0) === 0xfd2f_b528) return
  } finally {
    await handle.close()
  }
  throw new AppError('disk/unsupported-format', `${file} is no machine that Vitrine has exported`, {
    context: { path: file },
  })
}

async function readManifest(path: string, file: string): Promise<Manifest> {
  const { size } = await stat(path)
  if (size > MAX_MANIFEST_BYTES) throw new AppError('state/corrupt', `${file} is damaged: its list is too long`)
  const content: unknown = JSON.parse(await readFile(path, 'utf8'))
  const version = (content as { version?: unknown } | null)?.version
  if (typeof version === 'number' && version > ARCHIVE_VERSION)
    throw new AppError(
      'state/newer-version',
      `${file} has version ${version}; this app reads up to version ${ARCHIVE_VERSION}. Import it with a newer Vitrine`,
      { context: { version, supported: ARCHIVE_VERSION } },
    )
  return parseWith(manifestSchema, content, 'The list of the exported machine', 'state/corrupt')
}

async function movePathsInRecords(folder: string, place: (path: string) => string): Promise<void> {
  const snapshots = join(folder, 'snapshots')
  for (const id of await readdir(snapshots).catch(() => [])) {
    const path = join(snapshots, id, 'record.json')
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text === undefined) continue
    const record = JSON.parse(text) as { spec: unknown }
    const spec = mapPaths(parseMachineFile(JSON.stringify(record.spec)), place)
    await writeFile(path, `${JSON.stringify({ ...record, spec: JSON.parse(encodeMachineFile(spec)) }, undefined, 2)}\n`)
  }
}
