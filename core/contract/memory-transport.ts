/** A connection within one process: the command line to a host of its own. Messages arrive later, in order, as over any other. */
import type { Transport } from './transport.ts'

/** Two ends of a new connection. */
export function createTransportPair(): [Transport, Transport] {
  let open = true
  const end = (other: () => Transport): Transport => ({
    onMessage: () => {},
    onClose: () => {},
    backlogBytes: 0,
    send(message) {
      void Promise.resolve().then(() => {
        if (open) other().onMessage(message)
      })
    },
    close() {
      if (!open) return
      open = false
      a.onClose()
      b.onClose()
    },
  })
  const a: Transport = end(() => b)
  const b: Transport = end(() => a)
  return [a, b]
}
