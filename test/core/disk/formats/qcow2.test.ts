import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createImageFile, openImageFile, SectorModel, writeRandomly } from '../../../support/disk-images.ts'
import { describeWith } from '../../../support/needs.ts'
import { checkWithQemu, qemuImg, qemuIo, runQemuImg } from '../../../support/qemu-img.ts'
import { Random } from '../../../support/random.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'

const CLUSTER_BITS = Array.from({ length: 13 }, (_, i) => 9 + i)

describeWith([qemuImg, qemuIo], 'qcow2 images and qemu-img', () => {
  it.each(CLUSTER_BITS.flatMap((bits) => [2, 3].map((version) => [bits, version] as const)))(
    'agree on images made here with clusters of 2^%i bytes, version %i',
    (bits, version) => {
      const folder = temporaryFolder()
      const path = join(folder, 'a.qcow2')
      const sectors = 40_000
      createImageFile(path, 'qcow2', sectors * 512, { version, clusterBytes: 2 ** bits })
      const model = new SectorModel(sectors)
      const random = new Random(bits * 10 + version)
      for (let round = 0; round < 3; round++) {
        const disk = openImageFile(path)
        writeRandomly(disk, model, random, 60)
        expect(model.difference(disk)).toBe(-1)
        disk.close()
        expect(checkWithQemu('qcow2', path)).toEqual({ corruptions: 0, leaks: 0 })
      }
      runQemuImg('convert', '-O', 'raw', path, join(folder, 'a.raw'))
      expect(model.differenceOfFile(join(folder, 'a.raw'))).toBe(-1)
    },
  )
})
