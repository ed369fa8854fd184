/**
 * From the bytes of a file that somebody has dropped to what it is: the drive that it belongs into, or a kernel, and the system
 * on it. Reads only, and of every structure no more than a bound, so that foreign bytes can do no harm.
 */
import { AppError } from '../../base/errors.ts'
import type { ByteStore } from '../block-device.ts'
import { isBootable } from '../bootable.ts'
import type { ImageHost } from '../disk-image.ts'
import { exactFloppyFormat } from '../floppy-formats.ts'
import { probeFormat } from '../formats/catalogue.ts'
import { ImageByteStore } from '../image-byte-store.ts'
import { hasCdFileSystem } from '../image-signatures.ts'
import { isRawCd } from '../iso.ts'
import { type MediumKind, mediumKindOf, openMedium } from '../open.ts'
import { collectEvidence } from './evidence.ts'
import { guessSystem, obstacleOf, type SystemGuess } from './guess-system.ts'
import { kernelFileOf } from './kernel-file.ts'

export interface Recognised {
  readonly kind: MediumKind | 'kernel' | 'initrd'
  /** Format of the image: raw, qcow2, ...; `bzImage` or `Multiboot` for kernels. */
  readonly format: string
  /** Of the medium as the guest sees it. */
  readonly sizeBytes: number
  readonly bootable: boolean
  readonly label: string
  readonly system: SystemGuess | undefined
  /** Why it probably does not start, although it says that it does. */
  readonly obstacle: string | undefined
}

export interface RecogniseOptions {
  /** Named in error messages. */
  readonly name: string
  /** Where the file is, and the other files that it may name. */
  readonly image: { readonly path: string; readonly host: ImageHost }
}

/**
 * Says what the file is. Throws `disk/unsupported-format` for what no drive takes, `disk/corrupt-image` for damage and empty files,
 * and what opening its backing files throws. `store` stays open.
 */
export function recognise(store: ByteStore, options: RecogniseOptions): Recognised {
  const kernel = isMediumForSure(store) ? undefined : kernelFileOf(store)
  if (kernel) {
    const version = kernel.kind === 'linux' ? kernel.version : ''
    const format = { linux: 'bzImage', multiboot: 'Multiboot', initrd: 'cpio' }[kernel.kind]
    const why = `It is a Linux kernel${version === '' ? '' : `, version ${version}`}`
    return {
      kind: kernel.kind === 'initrd' ? 'initrd' : 'kernel',
      format,
      sizeBytes: store.sizeBytes,
      bootable: kernel.kind !== 'initrd',
      label: '',
      system: kernel.kind === 'linux' ? { system: 'linux', strength: 'certain', reasons: [why], version } : undefined,
      obstacle: undefined,
    }
  }
  return recogniseMedium(store, options)
}

/** A kernel that stands on a floppy of its own, or a CD that begins with one, is started from its medium. */
function isMediumForSure(store: ByteStore): boolean {
  return (
    probeFormat(store).id !== 'raw' ||
    hasCdFileSystem(store) ||
    isRawCd(store) ||
    exactFloppyFormat(store.sizeBytes / 512) !== undefined
  )
}

function recogniseMedium(store: ByteStore, { name, image }: RecogniseOptions): Recognised {
  const kind = mediumKindOf(store)
  const format = probeFormat(store).id
  const medium = openMedium(store, { kind, writeProtected: true, name, image })
  try {
    const bootable = isBootable(medium, kind)
    // Any other file would pass for a hard disk with nothing on it.
    if (kind === 'disk' && !bootable && format === 'raw' && store.sizeBytes % medium.sectorBytes !== 0)
      throw new AppError('disk/unsupported-format', `${name} is no disk image: its size is no whole number of sectors`)
    const evidence = collectEvidence(new ImageByteStore(medium), kind)
    return {
      kind,
      format: kind === 'cdrom' && format === 'raw' ? 'iso' : format,
      sizeBytes: medium.sectors * medium.sectorBytes,
      bootable,
      label: evidence.label,
      system: guessSystem(evidence),
      obstacle: obstacleOf(evidence),
    }
  } finally {
    medium.close()
  }
}
