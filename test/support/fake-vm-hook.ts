/**
 * Puts the fake machine in the place of the real one, for tests that start the command line as its users do:
 * `node --import test/support/fake-vm-hook.ts main/cli/vitrine.mjs …`. Threads inherit the hook.
 */
import { registerHooks } from 'node:module'

const real = new URL('../../worker/vm-thread.ts', import.meta.url).href
const fake = new URL('./fake-vm-thread.ts', import.meta.url).href

registerHooks({
  resolve(specifier, context, next) {
    const isReal = specifier === real || (specifier.startsWith('/') && new URL(specifier, 'file:///').href === real)
    return next(isReal ? fake : specifier, context)
  },
})
