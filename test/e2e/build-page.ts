/** Builds the page once before the tests that open it. */
import { buildRenderer } from '../../main/setup/build.ts'

export async function setup(): Promise<void> {
  await buildRenderer()
}
