/** A file on its way to a machine: the user's own where it lies, or one of ours that goes away when it is not used. */
import { rm } from 'node:fs/promises'

export interface StagedFile {
  /** As the user knows it; within an archive, that of the member. */
  readonly fileName: string
  readonly path: string
  /** The archive that it came out of. */
  readonly archive: string | null
  /** Whether it is ours: it may be moved, and is removed otherwise. */
  readonly isOurs: boolean
}

/** Removes the file, if it is ours. */
export async function discardStaged({ path, isOurs }: StagedFile): Promise<void> {
  if (isOurs) await rm(path, { force: true })
}
