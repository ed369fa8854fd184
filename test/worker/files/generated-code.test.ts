import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { loadInterpreterImage } from '../../../core/cpu/exec/image.ts'
import { generatedCodeStore } from '../../../worker/files/generated-code.ts'

const folder = mkdtempSync(join(tmpdir(), 'vitrine-generated-'))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('the interpreter is made once, and again when what was kept is damaged', () => {
  const store = generatedCodeStore(folder)!
  expect(store.load()).toBeUndefined()
  const made = loadInterpreterImage(store)
  const kept = store.load()!
  expect(kept.slowPaths).toEqual(made.slowPaths.map(({ name }) => name))
  const again = loadInterpreterImage({ load: () => kept, save: () => expect.unreachable('nothing is to be made') })
  expect(WebAssembly.Module.imports(again.module)).toEqual(WebAssembly.Module.imports(made.module))
  expect(again.slowPaths).toEqual(made.slowPaths)

  const [name, ...others] = readdirSync(folder)
  expect(others).toEqual([])
  const file = join(folder, name!)
  const bytes = readFileSync(file)
  bytes[bytes.length >> 1]! ^= 1
  writeFileSync(file, bytes)
  expect(store.load()).toBeUndefined()
  for (const size of [0, 5, 9, bytes.length - 1]) {
    truncateSync(file, size)
    expect(store.load()).toBeUndefined()
  }
})

test('a slow path that no longer exists makes the interpreter anew', () => {
  let saved = 0
  const code = { bytes: new Uint8Array(), slowPaths: ['no such path'] }
  loadInterpreterImage({ load: () => code, save: () => saved++ })
  expect(saved).toBe(1)
})
