/**
 * A library of 500 machines with 2,000 snapshots in the window: everything is there, found and reached. How long it takes and how
 * smoothly it scrolls is written to `.cache/large-library.json`.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chromiumNeed, launchChromium, openPage } from '../support/chromium.ts'
import { serveFakeApp } from '../support/fake-app.ts'
import { describeWith } from '../support/needs.ts'
import { writePicturedLibrary } from '../support/pictured-library.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const MACHINES = 500
const SNAPSHOTS = 4
const cache = join(import.meta.dirname, '../../.cache')

describeWith([chromiumNeed], 'a large library', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  test('opens, scrolls to its end, is searched, and shows the past of any machine', async () => {
    const libraryFolder = join(temporaryFolder(), 'library')
    writePicturedLibrary(libraryFolder, MACHINES, SNAPSHOTS)
    const { url, client } = await serveFakeApp({ libraryFolder })
    const { page, picture } = await openPage(browser, 'about:blank')
    await page.addInitScript(() => {
      const marks = window as unknown as { longTasks: number[] }
      marks.longTasks = []
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) marks.longTasks.push(duration)
      }).observe({ type: 'longtask', buffered: true })
    })
    // In the time of the page's own thread: what else this computer does counts for nothing.
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' })
    const busyMs = async () => {
      const { metrics } = await devtools.send('Performance.getMetrics')
      return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1000
    }
    await page.goto(url, { waitUntil: 'commit' })
    // Every card is there, and a frame has been drawn with them.
    const openedMs = await page.evaluate(async (count) => {
      const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve))
      while (document.querySelectorAll('[data-machine]').length < count) await nextFrame()
      await nextFrame()
      return performance.now()
    }, MACHINES)
    const openedBusyMs = await busyMs()
    await picture('large-1-open')
    expect(await page.locator('[data-group]').count()).toBe(11)
    const opening = await page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks.splice(0))

    const before = await busyMs()
    const frames = await page.evaluate(async () => {
      const box = document.querySelector('[data-scroll]')
      if (!box) throw new Error('There is nothing to scroll')
      const times: number[] = []
      let before = performance.now()
      while (box.scrollTop + box.clientHeight < box.scrollHeight - 1) {
        box.scrollTop += 120
        await new Promise((resolve) => requestAnimationFrame(resolve))
        const now = performance.now()
        times.push(now - before)
        before = now
      }
      return times.toSorted((a, b) => a - b)
    })
    const scrolledBusyMs = (await busyMs()) - before
    await page.locator('[data-machine]').last().waitFor()
    await picture('large-2-end')
    const scrolling = await page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks.splice(0))

    await page.getByRole('searchbox').fill('number 321')
    await expect.poll(() => page.locator('[data-machine]').count()).toBe(1)
    await page.getByRole('button', { name: 'Actions for Machine 321' }).click()
    await page.getByRole('menuitem', { name: 'Snapshots', exact: true }).click()
    await page
      .locator('[data-snapshot]')
      .nth(SNAPSHOTS - 1)
      .waitFor()
    expect(await page.locator('[data-snapshot]').count()).toBe(SNAPSHOTS)
    expect((await client.api.library.list({})).length).toBe(MACHINES)

    const at = (part: number) => Math.round((frames[Math.floor((frames.length - 1) * part)] ?? 0) * 10) / 10
    const round = (list: number[]) => list.map(Math.round)
    mkdirSync(cache, { recursive: true })
    writeFileSync(
      join(cache, 'large-library.json'),
      JSON.stringify(
        {
          machines: MACHINES,
          snapshots: MACHINES * SNAPSHOTS,
          openedMs: Math.round(openedMs),
          openedBusyMs: Math.round(openedBusyMs),
          longTasksWhileOpeningMs: round(opening),
          frames: frames.length,
          busyMsPerFrame: Math.round((scrolledBusyMs / frames.length) * 10) / 10,
          frameMs: { median: at(0.5), p95: at(0.95), p99: at(0.99), longest: at(1) },
          longTasksWhileScrollingMs: round(scrolling),
        },
        undefined,
        2,
      ),
    )
  })
})
