/** Where the page is, and which machines have a tab. */
import { isAlone, parseRoute, type Route, routeHash } from './routes.ts'

export class Router {
  route = $state.raw<Route>({ panel: 'library' })
  /** Machines whose tab is open, in the order they were opened. */
  tabs = $state<string[]>([])
  /** The window is that of one machine: there is no library and there are no tabs. */
  alone = $state(false)
  readonly #setHash: (hash: string) => void

  /** `setHash` writes the address; whoever owns it calls `follow` when it has changed. */
  constructor(setHash: (hash: string) => void) {
    this.#setHash = setHash
  }

  follow(hash: string): void {
    this.route = parseRoute(hash)
    if (isAlone(hash)) this.alone = true
    if ('machineId' in this.route && !this.tabs.includes(this.route.machineId)) this.tabs.push(this.route.machineId)
  }

  open(route: Route): void {
    const hash = routeHash(route, this.alone)
    this.#setHash(hash)
    this.follow(hash)
  }

  /** Closes the tab of a machine; its neighbour comes to the front, and the library after the last one. */
  closeTab(machineId: string): void {
    const index = this.tabs.indexOf(machineId)
    if (index < 0) return
    this.tabs.splice(index, 1)
    if (!('machineId' in this.route) || this.route.machineId !== machineId) return
    const next = this.tabs[Math.min(index, this.tabs.length - 1)]
    this.open(next === undefined ? { panel: 'library' } : { panel: 'console', machineId: next })
  }
}
