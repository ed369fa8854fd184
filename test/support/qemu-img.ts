/** The program that images are compared with. */
import { spawnSync } from 'node:child_process'
import { pathOf } from './needs.ts'
import { tool } from './tools.ts'

export const qemuImg = tool('qemu-img')

/** Runs qemu-img; throws with what it said when it fails. */
export function runQemuImg(...argv: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(pathOf(qemuImg), argv, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`qemu-img ${argv.join(' ')}: ${stderr}${stdout}`)
  return stdout
}

export interface QemuCheck {
  readonly corruptions: number
  readonly leaks: number
}

/** What `qemu-img check` finds. Throws when it cannot check at all. */
export function checkWithQemu(format: string, path: string): QemuCheck {
  const { status, stdout, stderr } = spawnSync(pathOf(qemuImg), ['check', '--output=json', '-f', format, path], {
    encoding: 'utf8',
  })
  // So damaged that it gives up on the way.
  if (status === 1 && stderr.includes('ERROR')) return { corruptions: 1, leaks: 0 }
  if (status !== 0 && status !== 2 && status !== 3) throw new Error(`qemu-img check: ${stderr}`)
  const report = JSON.parse(stdout) as { corruptions?: number; leaks?: number }
  return { corruptions: report.corruptions ?? 0, leaks: report.leaks ?? 0 }
}

/** What `qemu-img check` makes of an image: it may not even open it. */
export function verdictOfQemu(format: string, path: string): 'clean' | 'leaks' | 'errors' | 'refused' {
  const { status, stdout } = spawnSync(pathOf(qemuImg), ['check', '--output=json', '-f', format, path], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  if (!stdout.trim().startsWith('{')) return 'refused'
  const report = JSON.parse(stdout) as { corruptions?: number; leaks?: number; 'check-errors'?: number }
  if (report.corruptions || report['check-errors']) return 'errors'
  if (report.leaks) return 'leaks'
  return status === 0 ? 'clean' : 'refused'
}
