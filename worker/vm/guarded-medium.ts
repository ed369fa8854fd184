/**
 * Media that stop the machine when the host's disk fails under them, so that the guest loses nothing: a write that found no room is
 * done again when somebody says so, and the guest has noticed nothing.
 */
import { AppError } from '../../core/base/errors.ts'
import type { BlockDevice } from '../../core/disk/block-device.ts'

/** Stands still until somebody says how to go on. False: the failure is the guest's to deal with. */
export type FailureGuard = (error: AppError) => boolean

/** Passes everything on to `medium`. */
export class GuardedMedium implements BlockDevice {
  readonly sectorBytes: number
  readonly sectors: number
  readonly readOnly: boolean
  readonly #medium: BlockDevice
  readonly #failed: FailureGuard

  constructor(medium: BlockDevice, failed: FailureGuard) {
    this.#medium = medium
    this.#failed = failed
    this.sectorBytes = medium.sectorBytes
    this.sectors = medium.sectors
    this.readOnly = medium.readOnly
  }

  readSectors(lba: number, count: number, into: Uint8Array, offset = 0): void {
    // What cannot be read a second time cannot be read: drives have bad sectors, and guests know what to do about them.
    this.#attempt(() => this.#medium.readSectors(lba, count, into, offset), 2)
  }

  writeSectors(lba: number, count: number, from: Uint8Array, offset = 0): void {
    this.#attempt(() => this.#medium.writeSectors(lba, count, from, offset))
  }

  flush(): void {
    this.#attempt(() => this.#medium.flush())
  }

  settle(): void {
    this.#attempt(() => this.#medium.settle?.())
  }

  close(): void {
    this.#medium.close()
  }

  #attempt(access: () => void, attempts = Number.POSITIVE_INFINITY): void {
    for (let number = 1; ; number++) {
      try {
        access()
        return
      } catch (error) {
        if (!(error instanceof AppError) || number >= attempts || !this.#failed(error)) throw error
      }
    }
  }
}
