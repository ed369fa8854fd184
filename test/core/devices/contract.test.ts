import { describe, expect, it } from 'vitest'
import { deviceCatalogue } from '../../../core/devices/catalogue.ts'
import type { Device, DeviceDescriptor } from '../../../core/devices/device.ts'
import { createSpecimen, expectPlainData, outputs, randomStep, restoreTwin } from '../../support/contracts.ts'
import { Random } from '../../support/random.ts'

const SEEDS = [1, 0x5eed, 0xc0ffee]
const STEPS = 10_000

const descriptors: readonly DeviceDescriptor<unknown, Device>[] = deviceCatalogue

it('gives every device of the catalogue an id of its own', () => {
  const ids = descriptors.map((descriptor) => descriptor.id)
  expect(new Set(ids).size).toBe(ids.length)
})

describe.each(descriptors.map((descriptor) => [descriptor.id, descriptor] as const))('%s', (_id, descriptor) => {
  it('has a title and a description for every option, and a default', () => {
    const options = descriptor.options as unknown as {
      shape: Record<string, { meta(): { title?: string; description?: string } | undefined }>
    }
    for (const [name, option] of Object.entries(options.shape)) {
      expect(option.meta()?.title, `${name} title`).toBeTruthy()
      expect(option.meta()?.description, `${name} description`).toBeTruthy()
    }
    expect(descriptor.options.safeParse({}).success).toBe(true)
  })

  it.each(SEEDS)('survives ten thousand random register accesses (seed %i)', (seed) => {
    const specimen = createSpecimen(descriptor)
    const random = new Random(seed)
    for (let i = 0; i < STEPS; i++) randomStep(specimen, random)
    specimen.device.reset()
    specimen.device.dispose?.()
    expect(specimen.context.ports.claimed().filter((port) => port < 0xcf8 || port > 0xcff)).toEqual([])
  })

  it.each(SEEDS)('is restored from its record exactly as it was, and goes on in the same way (seed %i)', (seed) => {
    const original = createSpecimen(descriptor)
    const random = new Random(seed)
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 250; i++) randomStep(original, random)
      const twin = restoreTwin(descriptor, original)
      const record = original.device.save()
      expectPlainData(record)
      expect(twin.device.save()).toEqual(record)
      expect(outputs(twin)).toEqual(outputs(original))
      const continuation = random.next()
      const [left, right] = [new Random(continuation), new Random(continuation)]
      for (let i = 0; i < 100; i++) expect(randomStep(twin, left)).toBe(randomStep(original, right))
      expect(twin.device.save()).toEqual(original.device.save())
      expect(outputs(twin)).toEqual(outputs(original))
    }
  })

  it('comes back from any state to the one after power-on', () => {
    const [fresh, worn] = [createSpecimen(descriptor), createSpecimen(descriptor)]
    const random = new Random(7)
    for (let i = 0; i < STEPS; i++) randomStep(worn, random)
    worn.device.reset()
    worn.device.reset()
    expect(outputs(worn)).toEqual(outputs(fresh))
  })
})
