/** From a file to what a machine can be made of: unpacks it, as often as it is packed, until something is recognised. */
import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import type { ArchiveMember, Packing, RecognisedFile } from '../../core/contract/import-tasks.ts'
import type { DiskTaskWatch, ThreadPools } from '../vm/vm-pool.ts'
import { discardStaged, type StagedFile } from './staged-file.ts'

/** A zip with an image that is compressed, in a zip: more is nobody's intention. */
const MAX_DEPTH = 3

/** What came out: an image or the like, or an archive with several. */
export type Inspected =
  | { readonly staged: StagedFile; readonly file: RecognisedFile }
  | { readonly staged: StagedFile; readonly members: readonly ArchiveMember[] }

export interface InspectOptions extends DiskTaskWatch {
  readonly pools: ThreadPools
  /** Where unpacked files are put: on the file system of the library. */
  readonly stagingFolder: string
}

/** Looks into `first`, which is discarded unless it comes out again. Throws for what is nothing we know. */
export async function inspectFile(first: StagedFile, options: InspectOptions): Promise<Inspected> {
  const { pools } = options
  let staged = first
  try {
    for (let depth = 0; depth <= MAX_DEPTH; depth++) {
      const { path, fileName: name } = staged
      const look = await pools.runImportTask('look', { path, name }, options)
      if ('file' in look) return { staged, file: look.file }
      if (depth === MAX_DEPTH) break
      const member = look.packed === 'zip' ? await chooseMember(staged, options) : null
      if (typeof member === 'object' && member) return { staged, members: member.several }
      const inner = await unpackStaged(staged, look.packed, member, options)
      await discardStaged(staged)
      staged = inner
    }
    throw new AppError('disk/unsupported-format', `${first.fileName} is packed more than ${MAX_DEPTH} times`)
  } catch (error) {
    await discardStaged(staged)
    throw error
  }
}

/** The one image of a zip, or all when there are several. */
async function chooseMember(
  { path, fileName: name }: StagedFile,
  options: InspectOptions,
): Promise<string | { several: readonly ArchiveMember[] }> {
  const members = await options.pools.runImportTask('members', { path, name }, options)
  const [only, ...others] = members
  if (!only) throw new AppError('disk/unsupported-format', `${name} holds no disk image`)
  return others.length === 0 ? only.name : { several: members }
}

/** Unpacks a staged file, which stays, into another. */
export async function unpackStaged(
  { path, fileName, archive }: StagedFile,
  packing: Packing,
  member: string | null,
  options: InspectOptions,
): Promise<StagedFile> {
  const target = join(options.stagingFolder, `${randomUUID()}.unpacked`)
  await mkdir(options.stagingFolder, { recursive: true })
  await options.pools.runImportTask('unpack', { path, name: fileName, packing, member, target }, options)
  return {
    fileName: member === null ? withoutPacking(fileName) : basename(member.replaceAll('\\', '/')),
    path: target,
    archive: archive ?? fileName,
    isOurs: true,
  }
}

/** "disk.img.gz" as "disk.img". */
function withoutPacking(fileName: string): string {
  const extension = extname(fileName).toLowerCase()
  return ['.gz', '.xz', '.zst', '.bz2', '.gzip'].includes(extension)
    ? fileName.slice(0, fileName.length - extension.length)
    : fileName
}
