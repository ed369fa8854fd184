import { expect, it } from 'vitest'
import { fuzzDiskImages } from './disk-images.ts'

it('refuses damaged disk images, or reads them', () => {
  const { refused, read } = fuzzDiskImages(2000, 1)
  // Neither all refused nor none: the damage hits tables and data alike.
  expect(refused).toBeGreaterThan(200)
  expect(read).toBeGreaterThan(200)
})
