import { describe, expect, test } from 'vitest'
import { parseScript } from '../../../main/cli/run/script-parser.ts'

const steps = (source: string) => parseScript(source, 's').map(({ step }) => step)

describe('a script', () => {
  test('is one step a line', () => {
    const source = `# what a person does
wait "A:\\\\>" 12.5
wait "Password:"   # the default time
type "dir \\"x\\"\\r\\n\\t\\x41"

key ctrl-alt-del
move 10 20
click 1 2
click 3 4 right\r
sleep 0.5
screenshot "a b.png"
screenshot plain.png
serial "root\\n"
quit`
    expect(steps(source)).toEqual([
      { kind: 'wait', text: 'A:\\>', timeoutSeconds: 12.5 },
      { kind: 'wait', text: 'Password:', timeoutSeconds: 60 },
      { kind: 'type', text: 'dir "x"\r\n\tA' },
      { kind: 'key', codes: ['ControlLeft', 'AltLeft', 'Delete'] },
      { kind: 'move', x: 10, y: 20 },
      { kind: 'click', x: 1, y: 2, button: 'left' },
      { kind: 'click', x: 3, y: 4, button: 'right' },
      { kind: 'sleep', seconds: 0.5 },
      { kind: 'screenshot', file: 'a b.png' },
      { kind: 'screenshot', file: 'plain.png' },
      { kind: 'serial', text: 'root\n' },
      { kind: 'quit' },
    ])
    expect(parseScript(source, 's').map(({ line }) => line)).toEqual([2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14])
  })

  test.each([
    'dance',
    'constructor',
    'wait',
    'wait prompt',
    'wait "a',
    'wait ""',
    'wait "a" soon',
    'wait "a" 1 2',
    'wait "a"5',
    'type "\\q"',
    'type "\\x4"',
    'key ctrl-foo',
    'key',
    'move 1',
    'move 1.5 2',
    'move -1 2',
    'click 1 2 middle',
    'sleep',
    'sleep -1',
    'screenshot',
    'quit now',
    '"quit"',
  ])('refuses %s, naming the line', (line) => {
    expect(() => steps(`quit\n${line}`)).toThrow(/^s, line 2: /)
  })
})
