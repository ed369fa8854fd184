/** Plays a script on a running machine, step by step. */
import { writeFileSync } from 'node:fs'
import { AppError } from '../../../core/base/errors.ts'
import { chordEvents } from '../../../core/contract/key-codes.ts'
import { encodePng } from '../../vm/png-picture.ts'
import type { VmHost } from '../../vm/vm-host.ts'
import type { ScriptLine, ScriptStep } from './script-parser.ts'

/** Guest time that a mouse button stays down. */
const CLICK_SECONDS = 0.05

/** How it went: to its end, by `quit`, or a step that failed, with what was on the screen. */
export type ScriptResult =
  | { readonly kind: 'done' | 'quit' }
  | { readonly kind: 'failed'; readonly message: string; readonly screen: string }

/** Plays `lines`; `name` is the script's, for messages. A machine that ends early fails what still had to come. */
export async function runScript(vm: VmHost, lines: readonly ScriptLine[], name: string): Promise<ScriptResult> {
  for (const [index, { line, source, step }] of lines.entries()) {
    if (step.kind === 'quit') return { kind: 'quit' }
    const place = `${name}, line ${line}: ${source}`
    try {
      if (await play(vm, step)) continue
      return { kind: 'failed', message: `Did not come: ${place}`, screen: await screenOf(vm) }
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      if (vm.isAlive) return { kind: 'failed', message: `${place}: ${error.message}`, screen: await screenOf(vm) }
      // The last step may be what switches the machine off.
      const complete = step.kind !== 'wait' && lines.slice(index + 1).every((later) => later.step.kind === 'quit')
      return complete ? { kind: 'done' } : { kind: 'failed', message: `The machine ended before: ${place}`, screen: '' }
    }
  }
  return { kind: 'done' }
}

async function screenOf(vm: VmHost): Promise<string> {
  const { lines, mode, columns, rows } = await vm.call({ type: 'screen-text' })
  return mode === 'text' ? lines.join('\n') : `(graphics, ${columns} × ${rows} characters)`
}

/** Returns false for a wait in vain. */
async function play(vm: VmHost, step: Exclude<ScriptStep, { kind: 'quit' }>): Promise<boolean> {
  switch (step.kind) {
    case 'wait': {
      const { text, timeoutSeconds } = step
      const { seen } = await vm.call({ type: 'wait-text', text, timeoutSeconds, background: false })
      return seen !== 'nowhere'
    }
    case 'type':
      await vm.call({ type: 'type-text', text: step.text, layout: vm.spec.keyboardLayout })
      return true
    case 'key':
      vm.send({ type: 'keys', events: chordEvents(step.codes) })
      await vm.call({ type: 'input-read' })
      return true
    case 'move':
      vm.send({ type: 'mouse', events: [{ kind: 'position', x: step.x, y: step.y }] })
      await vm.call({ type: 'input-read' })
      return true
    case 'click':
      await click(vm, step)
      return true
    case 'sleep':
      await vm.call({ type: 'sleep', seconds: step.seconds })
      return true
    case 'screenshot':
      await vm.call({ type: 'draw' })
      writeFileSync(step.file, encodePng(vm.picture).png)
      return true
    case 'serial':
      vm.send({ type: 'serial', port: 1, bytes: Buffer.from(step.text, 'utf8') })
      return true
  }
}

async function click(vm: VmHost, { x, y, button }: Extract<ScriptStep, { kind: 'click' }>): Promise<void> {
  vm.send({
    type: 'mouse',
    events: [
      { kind: 'position', x, y },
      { kind: 'button', button, down: true },
    ],
  })
  await vm.call({ type: 'input-read' })
  await vm.call({ type: 'sleep', seconds: CLICK_SECONDS })
  vm.send({ type: 'mouse', events: [{ kind: 'button', button, down: false }] })
  await vm.call({ type: 'input-read' })
}
