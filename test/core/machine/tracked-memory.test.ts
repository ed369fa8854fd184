/** While a guest runs, every page it writes is handed out with its old content first: by processor, DMA, firmware and display. */
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { demoImage } from '../../../assets/demo/build.ts'
import { describeWith, pathOf } from '../../support/needs.ts'
import {
  powerOn,
  readImage,
  runSlices,
  type SavedMachine,
  type SavedMachineOptions,
} from '../../support/saved-machine.ts'
import { shared } from '../../support/shared.ts'

const PAGE = 4096
const kernel = shared('guests/vmlinuz-686')
const initrd = shared('guests/initrd-686-small.gz')

/** Runs `work` and expects that nothing escaped the tracker. */
function expectTracked(on: SavedMachine, work: () => void): number {
  const { saved, writes } = on.machine.memory
  const pages = saved.length / PAGE
  const before = saved.slice()
  const old = new Map<number, Uint8Array>()
  writes.begin(pages)
  writes.beforeFirstWrite = (page) => {
    expect(old.has(page)).toBe(false)
    old.set(page, saved.slice(page * PAGE, (page + 1) * PAGE))
  }
  work()
  const dirty = writes.dirtyPages(pages)
  const escaped: number[] = []
  for (let page = 0; page < pages; page++) {
    const then = before.subarray(page * PAGE, (page + 1) * PAGE)
    const kept = old.get(page) ?? saved.subarray(page * PAGE, (page + 1) * PAGE)
    expect(dirty[page] === 1, `page ${page} is dirty`).toBe(old.has(page))
    if (Buffer.compare(then, kept) !== 0) escaped.push(page)
  }
  expect(escaped).toEqual([])
  return old.size
}

describe.each(['interpreter', 'compiler'] as const)('under the %s', (engine) => {
  it('the demo disk writes nothing unseen, in POST, in text and in graphics modes', () => {
    const on = powerOn({ engine, images: { hda: readImage(demoImage) } })
    expect(expectTracked(on, () => runSlices(on, 100))).toBeGreaterThan(20)
    expectTracked(on, () => runSlices(on, 1400))
    for (const key of ['Digit1', 'Digit2', 'Digit3', 'Digit4'] as const) {
      expectTracked(on, () => {
        for (const down of [true, false]) on.machine.keyboard.key(key, down)
        runSlices(on, 150)
      })
      expectTracked(on, () => {
        for (const down of [true, false]) on.machine.keyboard.key('Escape', down)
        runSlices(on, 60)
      })
    }
  })

  describeWith([kernel, initrd], 'Linux', () => {
    it('writes nothing unseen', () => {
      const options: SavedMachineOptions = {
        engine,
        images: {},
        memoryMib: 64,
        kernel: {
          image: readImage(pathOf(kernel)),
          initrd: new Uint8Array(gunzipSync(readImage(pathOf(initrd)))),
          append: 'console=ttyS0 quiet cryptomgr.notests selftest',
        },
      }
      const on = powerOn(options)
      for (let round = 0; round < 6; round++) expect(expectTracked(on, () => runSlices(on, 250))).toBeGreaterThan(20)
    }, 300_000)
  })
})
