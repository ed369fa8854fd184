/** The disk formats there are. */
import type { ByteStore } from '../block-device.ts'
import type { ImageFormatId } from '../disk-image.ts'
import type { ImageFormat } from './image-format.ts'
import { qcow2 } from './qcow2/qcow2.ts'
import { raw } from './raw.ts'
import { vdi } from './vdi.ts'
import { vhd } from './vhd/vhd.ts'
import { vmdk } from './vmdk/vmdk.ts'

const IMAGE_FORMATS: readonly ImageFormat[] = [raw, qcow2, vdi, vmdk, vhd]

/** The format called `id`. */
export function imageFormat(id: ImageFormatId): ImageFormat {
  return IMAGE_FORMATS.find((format) => format.id === id) as ImageFormat
}

/** The format of the content, which is raw when it is none of the others. */
export function probeFormat(store: ByteStore): ImageFormat {
  return IMAGE_FORMATS.find((format) => format.probe(store)) ?? raw
}
