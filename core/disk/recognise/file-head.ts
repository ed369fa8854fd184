/** What a file probably is by its beginning and its size: for files in archives, before all of one is unpacked. */
import { exactFloppyFormat } from '../floppy-formats.ts'
import { probeFormat } from '../formats/catalogue.ts'
import { hasCdFileSystem } from '../image-signatures.ts'
import { isRawCd } from '../iso.ts'
import { BytesStore } from './bytes-store.ts'
import { kernelFileOf } from './kernel-file.ts'
import type { Recognised } from './recognise.ts'

/** As much of a file as `kindOfHead` needs: the volume descriptors of a CD are in it. */
export const HEAD_BYTES = 0x9800

const SECTOR_BYTES = 512

/** The kind of a file that begins with `head`; undefined when it does not look like any image. */
export function kindOfHead(head: Uint8Array, sizeBytes: number): Recognised['kind'] | undefined {
  const store = new BytesStore(head, sizeBytes)
  if (probeFormat(store).id !== 'raw') return 'disk'
  if (hasCdFileSystem(store) || isRawCd(store)) return 'cdrom'
  if (sizeBytes % SECTOR_BYTES === 0 && exactFloppyFormat(sizeBytes / SECTOR_BYTES)) return 'floppy'
  const kernel = kernelFileOf(store)
  if (kernel) return kernel.kind === 'initrd' ? 'initrd' : 'kernel'
  const isBootSector = head[SECTOR_BYTES - 2] === 0x55 && head[SECTOR_BYTES - 1] === 0xaa
  return isBootSector && sizeBytes % SECTOR_BYTES === 0 ? 'disk' : undefined
}
