import { describe, expect, it } from 'vitest'
import { debugExit } from '../../../../core/devices/debug/debug-exit.ts'
import { portE9 } from '../../../../core/devices/debug/port-e9.ts'
import { createFakeContext } from '../../../support/fake-context.ts'

describe('debug console', () => {
  it('hands every byte to the host and answers with its own number', () => {
    const context = createFakeContext()
    const bytes: number[] = []
    portE9.create(context, {}).onByte = (byte) => bytes.push(byte)
    for (const character of 'ok\n') context.ports.write8(0xe9, character.charCodeAt(0))
    expect([String.fromCharCode(...bytes), context.ports.read8(0xe9)]).toEqual(['ok\n', 0xe9])
  })
})

describe('debug exit port', () => {
  it('asks the machine to end with the value written, at any width', () => {
    const context = createFakeContext()
    const device = debugExit.create(context, { port: 0xf4 })
    context.ports.write8(0xf4, 0x10)
    context.ports.write16(0xf4, 0x1234)
    context.ports.write32(0xf4, 0xdead_beef)
    expect(context.actions).toEqual([
      { kind: 'exit', value: 0x10 },
      { kind: 'exit', value: 0x1234 },
      { kind: 'exit', value: 0xdead_beef },
    ])
    device.dispose()
    context.ports.write8(0xf4, 1)
    expect(context.actions.length).toBe(3)
  })

  it('sits at another port when told to', () => {
    const context = createFakeContext()
    debugExit.create(context, debugExit.options.parse({ port: 0x501 }))
    context.ports.write8(0xf4, 1)
    expect(context.actions).toEqual([])
    context.ports.write8(0x501, 1)
    expect(context.actions).toEqual([{ kind: 'exit', value: 1 }])
  })
})
