/** From a spec (its paths absolute) to what the core makes a machine from: files opened, kernel and firmware read. */
import { readFileSync } from 'node:fs'
import { AppError } from '../../core/base/errors.ts'
import type { MachineSpec } from '../../core/contract/machine-spec.ts'
import type { RunOptions } from '../../core/contract/vm-thread.ts'
import { isBootable } from '../../core/disk/bootable.ts'
import type { DriveConfig, MachineConfig } from '../../core/machine/machine.ts'
import { generatedCodeStore } from '../files/generated-code.ts'
import { openMediumFile } from '../files/open-medium.ts'
import { type FailureGuard, GuardedMedium } from './guarded-medium.ts'

/** Ports of the config that the thread provides. */
export interface ConfigPorts extends Pick<MachineConfig, 'hostNowNs' | 'log' | 'onTone' | 'regionThread'> {
  /** What happens when the host's disk fails under a medium. */
  readonly onDiskFailure: FailureGuard
  /** Told of files that images consist of or stand on, besides themselves. */
  readonly onImageFile?: (file: string, writes: boolean) => void
}

/** With the virtual clock every run begins at the same moment: noon of the first day of 2000. */
const VIRTUAL_POWER_ON_MS = Date.UTC(2000, 0, 1, 12)

/** Opens everything `spec` names. Throws AppError and leaves nothing open. The caller disposes of the media by the machine. */
export function openMachineConfig(
  spec: MachineSpec,
  options: RunOptions,
  { onDiskFailure, onImageFile, ...ports }: ConfigPorts,
): MachineConfig {
  const kernel = spec.boot.kernel
  const { firmware } = spec
  const blobs = {
    kernel: kernel
      ? {
          image: readBlob(kernel.file),
          initrd: kernel.initrd === null ? undefined : readBlob(kernel.initrd),
          append: kernel.append,
        }
      : undefined,
    firmware:
      firmware.kind === 'external'
        ? { bios: readBlob(firmware.bios), vgaBios: firmware.vgaBios === null ? undefined : readBlob(firmware.vgaBios) }
        : undefined,
  }
  const drives: DriveConfig[] = []
  try {
    for (const drive of spec.drives) {
      const { slot, kind, file, writeProtected } = drive
      const discardWrites = drive.discardWrites || options.discardWrites
      const request = { file: file ?? '', kind, writeProtected, discardWrites, onFile: onImageFile }
      const medium = file === null ? undefined : openMediumFile(request)
      drives.push({ slot, kind, medium: medium && new GuardedMedium(medium, onDiskFailure) })
    }
    if (options.requireBootable && !kernel) requireBootable(spec, drives)
  } catch (error) {
    for (const { medium } of drives) medium?.close()
    throw error
  }
  const generatedCode = generatedCodeStore()
  return {
    cpuProfile: spec.cpu.profile,
    engine: options.engine,
    memoryMib: spec.memoryMib,
    videoMemoryMib: spec.display.videoMemoryMib,
    bootOrder: spec.boot.order,
    bootMenu: spec.boot.menu,
    bootMenuWaitMs: spec.boot.menuWaitMs,
    acpi: spec.acpi,
    drives,
    ...blobs,
    serialPorts: spec.serialPorts.map(({ port }) => port),
    debugExit: options.debugExit,
    ...(generatedCode ? { generatedCode } : {}),
    clock: spec.clock.source,
    rtcStartMs: spec.clock.source === 'virtual' ? VIRTUAL_POWER_ON_MS : realTimeMs(spec),
    ...ports,
  }
}

/** What the real-time clock of a machine shows now. */
export function realTimeMs({ clock }: MachineSpec): number {
  const now = new Date()
  return clock.rtc === 'utc' ? now.getTime() : now.getTime() - now.getTimezoneOffset() * 60_000
}

/** Kernels, initial RAM disks and ROM images are read whole. */
function readBlob(path: string): Uint8Array {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT')
      throw new AppError('disk/not-found', `There is no such file: ${path}`, { context: { path }, cause })
    if (code === 'EISDIR')
      throw new AppError('disk/unsupported-format', `It is a directory, not a file: ${path}`, {
        context: { path },
        cause,
      })
    throw new AppError('disk/io', `Cannot read ${path} (${code ?? 'too large'})`, { context: { path }, cause })
  }
  if (bytes.length === 0) throw new AppError('disk/corrupt-image', `The file is empty: ${path}`, { context: { path } })
  return bytes
}

function requireBootable(spec: MachineSpec, drives: readonly DriveConfig[]): void {
  const media = drives.filter(({ kind, medium }) => medium && spec.boot.order.includes(kind))
  if (media.some(({ kind, medium }) => medium && isBootable(medium, kind))) return
  const names = spec.drives
    .filter(({ file, kind }) => file !== null && spec.boot.order.includes(kind))
    .map(({ file }) => file)
  const reason = names.length === 0 ? 'There is no medium to boot from' : `Nothing to boot on ${names.join(', ')}`
  throw new AppError('disk/not-bootable', reason)
}
