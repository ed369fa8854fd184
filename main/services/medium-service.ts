/** Media made of ordinary files, behind the contract. */
import { rm } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { AppError } from '../../core/base/errors.ts'
import type { Service } from '../../core/contract/api.ts'
import type { ComposeSource } from '../../core/contract/import-tasks.ts'
import type { FilesSource } from '../../core/contract/medium-api.ts'
import type { HostEvents } from '../host-events.ts'
import type { CallContext } from '../ipc/call-context.ts'
import { safeFileName } from '../library/folder-name.ts'
import { freeFilePath } from '../library/media-files.ts'
import type { Machines } from '../vm/machines.ts'
import type { ThreadPools } from '../vm/vm-pool.ts'
import { requirePath } from './path-permission.ts'

/** Where the files are, and the upload among them that goes away afterwards. */
async function openFiles(
  files: FilesSource,
  { grants, uploads }: CallContext,
): Promise<{ source: ComposeSource; uploaded: string | null }> {
  if (files.kind === 'upload') {
    const { uploadId, entries } = files
    const uploaded = uploadId === null ? null : (await uploads.take(uploadId)).path
    return { source: { kind: 'pack', path: uploaded, entries }, uploaded }
  }
  for (const path of files.paths) {
    if (!isAbsolute(path)) throw new AppError('ipc/invalid-argument', `The path of a file is absolute: ${path}`)
    requirePath(grants, path)
  }
  return { source: { kind: 'paths', paths: files.paths }, uploaded: null }
}

export function createMediumService(
  machines: Machines,
  pools: ThreadPools,
  events: HostEvents,
): Service<'medium', CallContext> {
  return {
    async insertFiles({ id, slot, label, files }, context) {
      const { path: folder, spec } = machines.library.machine(id)
      const drive = spec.drives.find((each) => each.slot === slot)
      if (!drive || drive.kind === 'disk')
        throw new AppError('ipc/invalid-argument', `The machine has no drive for media called ${slot}`)
      const medium = drive.kind
      const { source, uploaded } = await openFiles(files, context)
      const name = `${safeFileName(label)}.${medium === 'floppy' ? 'img' : 'iso'}`
      try {
        const target = await freeFilePath(join(folder, 'media'), name)
        const onProgress = (doneBytes: number, totalBytes: number) => {
          if (totalBytes > 0) events.emit('import-progress', { fileName: label, uploadId: null, doneBytes, totalBytes })
        }
        await pools.runImportTask('compose', { source, medium, label, target }, { onProgress })
        try {
          await machines.insert(id, slot, target, false)
        } catch (error) {
          await rm(target, { force: true })
          throw error
        }
      } finally {
        if (uploaded !== null) await rm(uploaded, { force: true })
      }
      return machines.card(id)
    },
  }
}
