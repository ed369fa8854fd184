/** Machine folders that belong to the library and lie elsewhere: on another disk, in another folder. */
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from '../../core/base/schema.ts'
import { writeFileAtomically } from './atomic-file.ts'

const placesSchema = z.object({ machines: z.array(z.string()) })

/** Absolute paths of those folders. A list that cannot be read is empty. */
export async function readPlaces(file: string): Promise<string[]> {
  try {
    return placesSchema.parse(JSON.parse(await readFile(file, 'utf8'))).machines
  } catch {
    return []
  }
}

export async function writePlaces(file: string, machines: readonly string[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFileAtomically(file, `${JSON.stringify({ machines }, undefined, 2)}\n`)
}
