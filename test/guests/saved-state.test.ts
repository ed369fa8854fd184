/** FreeDOS and Linux, saved at work and restored: the same as the machine that never stopped. */
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { describeWith, pathOf } from '../support/needs.ts'
import {
  fingerprint,
  powerOn,
  readImage,
  restore,
  runSlices,
  runToSavePoint,
  type SavedMachineOptions,
  take,
} from '../support/saved-machine.ts'
import { shared } from '../support/shared.ts'

const freedos = shared('guests/freedos722.img')
const kernel = shared('guests/vmlinuz-686')
const initrd = shared('guests/initrd-686-small.gz')

/** Saves at each of `moments` (in slices) and compares with machines that go on. */
function expectSame(options: SavedMachineOptions, moments: readonly number[], then: number): void {
  const original = powerOn(options)
  const untouched = powerOn(options)
  for (const [i, moment] of moments.entries()) {
    for (const on of [original, untouched]) {
      runSlices(on, moment - (moments[i - 1] ?? 0))
      runToSavePoint(on)
    }
    const twin = restore(options, take(original))
    expect(fingerprint(twin)).toEqual(fingerprint(original))
    const twinOfTwin = restore(options, take(twin))
    for (const on of [original, untouched, twin, twinOfTwin]) {
      runSlices(on, then)
      runToSavePoint(on)
    }
    const expected = fingerprint(original)
    expect(fingerprint(twin)).toEqual(expected)
    expect(fingerprint(twinOfTwin)).toEqual(expected)
    expect(fingerprint(untouched)).toEqual(expected)
  }
}

describeWith([freedos], 'FreeDOS', () => {
  it('goes on as if it had never stopped', () => {
    expectSame({ images: { fda: readImage(pathOf(freedos)) } }, [800, 2000, 4500], 200)
  })
})

describeWith([kernel, initrd], 'Linux', () => {
  it('goes on as if it had never stopped', () => {
    const options: SavedMachineOptions = {
      images: { hda: new Uint8Array(4 << 20) },
      memoryMib: 64,
      kernel: {
        image: readImage(pathOf(kernel)),
        initrd: new Uint8Array(gunzipSync(readImage(pathOf(initrd)))),
        append: 'console=ttyS0 quiet cryptomgr.notests selftest',
      },
    }
    expectSame(options, [500, 2500, 6000], 300)
  })
})
