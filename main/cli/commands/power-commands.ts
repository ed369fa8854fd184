/** Commands that switch machines on and off: start, stop, pause, resume, reset. */
import { AppError } from '../../../core/base/errors.ts'
import type { Client } from '../../../core/contract/client.ts'
import type { MachineCard } from '../../../core/contract/machine-card.ts'
import { type JsonFlag, print } from '../output.ts'
import { findMachine, withClient, withLastingClient } from '../session.ts'

/** A guest that was asked to shut down has this long. */
const SHUTDOWN_TIMEOUT_MS = 60_000

export async function start(
  name: string,
  flags: JsonFlag & { readonly headless?: boolean; readonly snapshot?: boolean },
): Promise<void> {
  await withLastingClient(async (client) => {
    const { id, spec } = await findMachine(client, name)
    const card = await client.api.machine.start({ id, discardWrites: flags.snapshot ?? false })
    if (!flags.headless) await client.api.app.openConsole({ id })
    print(flags, card, `Started ${spec.name}`)
  })
}

export async function stop(name: string, flags: JsonFlag & { readonly force?: boolean }): Promise<void> {
  await withClient(async (client) => {
    const { id, spec } = await findMachine(client, name)
    if (flags.force) await client.api.machine.powerOff({ id })
    else await shutDown(client, id, spec.name)
    print(flags, await client.api.library.get({ id }), `Stopped ${spec.name}`)
  })
}

/** Presses the power button and waits for the machine to be off. */
async function shutDown(client: Client, id: string, name: string): Promise<void> {
  const off = Promise.withResolvers<void>()
  const unsubscribe = client.on('machine-state', ({ id: changed, state }) => {
    if (changed === id && (state === 'off' || state === 'crashed')) off.resolve()
  })
  const timer = setTimeout(
    () =>
      off.reject(
        new AppError(
          'vm/invalid-state',
          `${name} has not shut down within ${SHUTDOWN_TIMEOUT_MS / 1000} s; --force pulls the plug`,
        ),
      ),
    SHUTDOWN_TIMEOUT_MS,
  )
  try {
    await client.api.machine.pressPowerButton({ id })
    await off.promise
  } finally {
    clearTimeout(timer)
    unsubscribe()
  }
}

/** A command that is one call on a running machine. */
function single(
  call: (client: Client, id: string) => Promise<MachineCard>,
): (name: string, flags: JsonFlag) => Promise<void> {
  return (name, flags) =>
    withClient(async (client) => {
      const { id } = await findMachine(client, name)
      print(flags, await call(client, id), '')
    })
}

export const pause = single(({ api }, id) => api.machine.pause({ id }))
export const resume = single(({ api }, id) => api.machine.resume({ id }))
export const reset = single(({ api }, id) => api.machine.reset({ id }))
