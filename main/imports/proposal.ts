/** What to make of a recognised file: template, name, settings, and the reasons for each unusual choice. */
import { extname } from 'node:path'
import type { ImportProposal } from '../../core/contract/import-api.ts'
import type { RecognisedFile, RecognisedSystem } from '../../core/contract/import-tasks.ts'
import type { Template } from '../../core/contract/template.ts'
import { findTemplate } from '../../core/templates/catalogue.ts'
import { other } from '../../core/templates/other.ts'
import type { StagedFile } from './staged-file.ts'

const MAX_NAME = 80

/** Systems that can be recognised, and have no template. */
const NAMES: Readonly<Record<string, string>> = { 'windows-7': 'Windows Vista or later' }

/** The template for a recognised system: that of its version for Linux, "other" where there is none. */
export function templateFor(system: RecognisedSystem | undefined): Template {
  if (!system) return other
  return findTemplate(system.system === 'linux' ? linuxTemplate(system.version) : system.system) ?? other
}

/** Source: releases on kernel.org; 2.6.39 was followed by 3.0. */
function linuxTemplate(version: string): string {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  if (version === '' || major >= 3) return 'linux'
  if (major === 2 && minor >= 5) return 'linux-2-6'
  return major === 2 && minor >= 3 ? 'linux-2-4' : 'linux-1'
}

/** "fd-1.44_boot.img" as "fd-1.44 boot". */
export function nameOfFile(fileName: string): string {
  const name = fileName
    .slice(0, fileName.length - extname(fileName).length)
    .replaceAll('_', ' ')
    // A file may be called anything; a machine's name has no control characters.
    .replaceAll(/[\p{Cc}\p{Cs}]/gu, ' ')
    .trim()
  return name.slice(0, MAX_NAME).trim() || 'Machine'
}

/** The proposal for `file`, for the template that was guessed or for one that the user has chosen. */
export function proposalFor(
  itemId: string,
  staged: StagedFile,
  file: RecognisedFile,
  template: Template,
  hasInitrd: boolean,
): ImportProposal {
  const { fileName, archive } = staged
  const { kind, format, sizeBytes, bootable, label, system } = file
  const guessed = templateFor(system)
  const isNamed = system?.strength === 'certain' && guessed.id !== other.id && guessed.family !== 'linux'
  return {
    state: 'proposal',
    itemId,
    fileName,
    archive,
    // An initial file system alone is refused before.
    medium: { kind: kind as ImportProposal['medium']['kind'], format, sizeBytes, bootable, label },
    system: system ? { name: systemName(system, guessed), strength: system.strength } : null,
    name: isNamed ? guessed.name : nameOfFile(fileName),
    template: template.id,
    memoryMib: template.memoryMib.good,
    reasons: [
      ...(system?.reasons ?? []).map((text) => ({ about: 'system', text })),
      ...(isInstalled(file, template) ? [] : template.reasons.map(({ setting, text }) => ({ about: setting, text }))),
      ...(needsDisk(file, template) ? [{ about: 'disk', text: emptyDisk(template) }] : []),
    ],
    warnings: warningsFor(file, hasInitrd),
  }
}

function systemName(system: RecognisedSystem, template: Template): string {
  const name = NAMES[system.system] ?? template.name
  return system.system === 'linux' && system.version !== '' ? `Linux ${system.version}` : name
}

/** An exported machine has its settings already. */
function isInstalled({ kind }: RecognisedFile, _template: Template): boolean {
  return kind === 'machine'
}

/** A system that comes on a CD wants a disk to be installed on. */
export function needsDisk({ kind }: RecognisedFile, template: Template): boolean {
  return kind === 'cdrom' && template.disk !== null
}

function emptyDisk({ disk }: Template): string {
  const gib = (disk?.goodMib ?? 0) / 1024
  const size = gib >= 1 ? `${Math.round(gib)} GB` : `${disk?.goodMib ?? 0} MB`
  return `Beside the CD there is an empty disk of ${size}, to install on. It takes no space until it is used.`
}

function warningsFor(file: RecognisedFile, hasInitrd: boolean): string[] {
  const { kind, bootable, obstacle, system } = file
  const warnings = obstacle === undefined ? [] : [`${obstacle}.`]
  if (system?.system === 'windows-7') warnings.push('Windows Vista and later need more than the emulated PC has.')
  if (kind === 'kernel' && system?.system === 'linux' && !hasInitrd)
    warnings.push('A Linux kernel alone finds no files to start: drop its initial ramdisk (initrd) together with it.')
  if (!bootable && kind !== 'machine' && kind !== 'kernel')
    warnings.push('Nothing on it can be started: the machine will show that no system was found.')
  return warnings
}
