import { describe, expect, test } from 'vitest'
import { Router } from '../../../renderer/app/router.svelte.ts'
import { parseRoute, type Route, routeHash } from '../../../renderer/app/routes.ts'

const A = '11111111-2222-4333-8444-555555555555'
const B = '21111111-2222-4333-8444-555555555555'

describe('addresses within the page', () => {
  test('are read as they are written', () => {
    const routes: Route[] = [
      { panel: 'library' },
      { panel: 'console', machineId: A },
      { panel: 'settings', machineId: B },
      { panel: 'log', machineId: A },
      { panel: 'profiler', machineId: B },
    ]
    expect(routes.map((route) => parseRoute(routeHash(route)))).toEqual(routes)
  })

  test.each(['', '#', '#/', '#/console', '#/console/', '#/nowhere/x', `#/console/${A}/more`, '#/console/../../etc'])(
    'lead to the library where they name nothing: %s',
    (hash) => {
      expect(parseRoute(hash)).toEqual({ panel: 'library' })
    },
  )
})

describe('tabs', () => {
  function openRouter() {
    const hashes: string[] = []
    const router = new Router((hash) => hashes.push(hash))
    router.open({ panel: 'console', machineId: A })
    router.open({ panel: 'console', machineId: B })
    return { router, hashes }
  }

  test('open once for each machine and stay when the library comes up', () => {
    const { router, hashes } = openRouter()
    router.open({ panel: 'settings', machineId: A })
    router.open({ panel: 'library' })
    expect(router.tabs).toEqual([A, B])
    expect(hashes.at(-1)).toBe('#/')
  })

  test('give their place to a neighbour when the front one is closed, and to the library after the last', () => {
    const { router } = openRouter()
    router.closeTab(B)
    expect(router.route).toEqual({ panel: 'console', machineId: A })
    router.closeTab(A)
    expect([router.route, router.tabs]).toEqual([{ panel: 'library' }, []])
  })

  test('that are not in front close without a change of place', () => {
    const { router } = openRouter()
    router.closeTab(A)
    expect(router.route).toEqual({ panel: 'console', machineId: B })
  })
})
