/** Addresses within the page: what follows the #. `#/console/<id>` is also what the command line opens. */

export const MACHINE_PANELS = ['console', 'snapshots', 'settings', 'activity', 'log', 'profiler'] as const
export type MachinePanelId = (typeof MACHINE_PANELS)[number]

/** Panels of the app as a whole. */
export const APP_PANELS = ['library', 'host'] as const
export type AppPanelId = (typeof APP_PANELS)[number]

export type Route = { readonly panel: AppPanelId } | { readonly panel: MachinePanelId; readonly machineId: string }

/** Ends the address of a window that one machine has for itself. */
const ALONE = 'alone'

const LIBRARY: Route = { panel: 'library' }

/** The route that `hash` names; the library for anything else. */
export function parseRoute(hash: string): Route {
  const [, panel, machineId, ...rest] = hash.replace(/^#/, '').split('/')
  if (panel === 'host' && machineId === undefined) return { panel }
  const known = MACHINE_PANELS.find((id) => id === panel)
  if (!known || !machineId || (rest.length > 0 && rest.join() !== ALONE) || !/^[0-9a-f-]{36}$/i.test(machineId))
    return LIBRARY
  return { panel: known, machineId }
}

export function routeHash(route: Route, alone = false): string {
  if ('machineId' in route) return `#/${route.panel}/${route.machineId}${alone ? `/${ALONE}` : ''}`
  return route.panel === 'library' ? '#/' : `#/${route.panel}`
}

/** Whether `hash` is that of a machine's own window. */
export function isAlone(hash: string): boolean {
  return 'machineId' in parseRoute(hash) && hash.endsWith(`/${ALONE}`)
}
