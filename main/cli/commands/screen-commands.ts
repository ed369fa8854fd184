/** Commands that look at a running machine: screen, screenshot, serial. */
import { writeFileSync } from 'node:fs'
import { AppError } from '../../../core/base/errors.ts'
import { usageError } from '../failure.ts'
import { type JsonFlag, print } from '../output.ts'
import { openSerialTerminal } from '../serial-terminal.ts'
import { findMachine, withClient } from '../session.ts'

export async function screen(name: string, flags: JsonFlag & { readonly text?: boolean }): Promise<void> {
  await withClient(async (client) => {
    const { id } = await findMachine(client, name)
    const text = await client.api.machine.screenText({ id })
    if (text.mode === 'graphics' && !flags.json)
      throw new AppError('vm/invalid-state', 'The screen shows graphics: `screenshot` saves it as a picture')
    print(flags, text, text.lines.join('\n'))
  })
}

export async function screenshot(name: string, file: string, flags: JsonFlag): Promise<void> {
  await withClient(async (client) => {
    const { id } = await findMachine(client, name)
    const { widthPx, heightPx, pngBase64 } = await client.api.machine.screenshot({ id })
    try {
      writeFileSync(file, Buffer.from(pngBase64, 'base64'))
    } catch (cause) {
      throw new AppError('usage/invalid', `Cannot write ${file} (${(cause as NodeJS.ErrnoException).code})`, { cause })
    }
    print(flags, { file, widthPx, heightPx }, '')
  })
}

/** This terminal as a serial port of the machine, until Ctrl-A x, the end of the connection, or the end of piped input. */
export async function serial(name: string, flags: JsonFlag & { readonly port?: string }): Promise<void> {
  const port = Number(flags.port ?? 1)
  if (![1, 2, 3, 4].includes(port)) throw usageError('--port is 1, 2, 3 or 4')
  await withClient(async (client) => {
    const { id, state } = await findMachine(client, name)
    if (state === 'off' || state === 'crashed') throw new AppError('vm/invalid-state', `The machine is ${state}`)
    const ended = Promise.withResolvers<void>()
    client.onClose = () => ended.resolve()
    client.on('machine-state', (change) => {
      if (change.id === id && (change.state === 'off' || change.state === 'crashed')) ended.resolve()
    })
    const console = await client.openConsole({
      id,
      maxFramesPerSecond: 0,
      serialPorts: [port],
      onFrame: () => {},
      onSerial: (_, bytes) => {
        const text = Buffer.from(bytes).toString('latin1')
        process.stdout.write(flags.json ? `${JSON.stringify({ port, text })}\n` : bytes)
      },
    })
    const send = (data: string) => client.api.console.sendSerial({ id, port, data, binary: true })
    const terminal = openSerialTerminal({
      onInput: (bytes) => void send(Buffer.from(bytes).toString('latin1')).catch(() => ended.resolve()),
      onEscape: () => ended.resolve(),
      // Calls are answered in their order: when this one is, everything before has been sent.
      onInputEnd: () =>
        void send('').then(
          () => ended.resolve(),
          () => ended.resolve(),
        ),
    })
    try {
      await ended.promise
    } finally {
      terminal.close()
      console.close()
    }
  })
}
