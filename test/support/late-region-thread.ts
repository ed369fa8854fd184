/** In the place of the thread that compiles: orders are carried out when they are given, when they are fetched, or in between, and come late. */
import type { Form } from '../../core/cpu/decode/forms.ts'
import type { FinishedOrder, RegionThread } from '../../core/cpu/jit/compiler.ts'
import { RegionMaker, type RegionOrder } from '../../core/cpu/jit/region-maker.ts'

interface Waiting {
  readonly order: RegionOrder
  /** Looks until it is carried out, and until it is handed over. */
  made: number
  taken: number
  result?: FinishedOrder
}

/** `delays`: looks until it comes, in turns. */
export function lateRegionThread(
  memory: SharedArrayBuffer,
  forms: readonly Form[],
  delays: readonly number[] = [0, 3, 1, 7],
): RegionThread {
  const maker = new RegionMaker(memory, forms)
  const waiting: Waiting[] = []
  let turn = 0
  const work = () => {
    for (const one of waiting)
      if (!one.result && one.made-- <= 0) {
        const { serial } = one.order
        try {
          one.result = { serial, made: maker.make(one.order), ns: 0 }
        } catch {
          one.result = { serial, made: undefined, ns: 0 }
        }
      }
  }
  return {
    order(order) {
      const taken = delays[turn++ % delays.length]!
      waiting.push({ order, made: turn % (taken + 1), taken })
      work()
    },
    take() {
      work()
      const at = waiting.findIndex((one) => one.result && one.taken-- <= 0)
      return at < 0 ? undefined : waiting.splice(at, 1)[0]!.result
    },
  }
}
