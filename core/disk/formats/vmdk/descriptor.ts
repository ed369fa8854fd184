/**
 * The text that describes a VMDK image: what kind it is and which files hold its sectors. Source: VMware, Virtual Disk Format
 * 5.0, "The Descriptor File".
 */
import { AppError } from '../../../base/errors.ts'

/** Kinds that are read; all but the last are written, too. */
const CREATE_TYPES = [
  'monolithicSparse',
  'monolithicFlat',
  'twoGbMaxExtentSparse',
  'twoGbMaxExtentFlat',
  'streamOptimized',
] as const
type CreateType = (typeof CREATE_TYPES)[number]

export interface ExtentLine {
  readonly access: 'RW' | 'RDONLY' | 'NOACCESS'
  readonly sectors: number
  readonly type: 'SPARSE' | 'FLAT' | 'ZERO'
  readonly file: string
  readonly offsetSectors: number
}

export interface Descriptor {
  readonly createType: CreateType
  readonly extents: readonly ExtentLine[]
}

/** Everything in the text of a descriptor. A longer one is none. */
export const MAX_DESCRIPTOR_BYTES = 1 << 20
const MAX_EXTENTS = 4096
const MAX_LINE = 4096
const NO_PARENT = 'ffffffff'

function corrupt(path: string, what: string): AppError {
  return new AppError('disk/corrupt-image', `${path} is damaged: ${what}`, { context: { path } })
}

function unsupported(path: string, what: string): AppError {
  return new AppError('disk/unsupported-format', `${path} is a VMDK image ${what}, which is not supported`, {
    context: { path, format: 'vmdk' },
  })
}

export function parseDescriptor(text: string, path: string): Descriptor {
  const end = text.indexOf('\0')
  // Longer lines are none of a descriptor's, and would take long to look at.
  const lines = (end < 0 ? text : text.slice(0, end)).split(/\r?\n/).filter((line) => line.length <= MAX_LINE)
  const value = (key: string): string | undefined =>
    lines
      .map((line) => new RegExp(`^\\s*${key}\\s*=\\s*"?([^"]*?)"?\\s*$`, 'i').exec(line)?.[1])
      .find((found) => found !== undefined)
  const createType = value('createType')
  if (createType === undefined) throw corrupt(path, 'its descriptor has no type')
  if (!CREATE_TYPES.includes(createType as CreateType)) throw unsupported(path, `of type ${createType}`)
  const parent = value('parentCID')
  if (parent !== undefined && parent.toLowerCase() !== NO_PARENT) throw unsupported(path, 'with a parent')
  const extents = lines.flatMap((line) => {
    const found = /^\s*(RW|RDONLY|NOACCESS)\s+(\d+)\s+(\w+)(?:\s+"([^"]*)"(?:\s+(\d+))?)?/.exec(line)
    return found ? [parseExtent(found, path)] : []
  })
  if (extents.length > MAX_EXTENTS) throw corrupt(path, 'its descriptor names too many files')
  return { createType: createType as CreateType, extents }
}

function parseExtent([, access, sectors, type, file = '', offset = '0']: RegExpExecArray, path: string): ExtentLine {
  if (type !== 'SPARSE' && type !== 'FLAT' && type !== 'ZERO') throw unsupported(path, `with an extent of type ${type}`)
  // A file elsewhere on the host is none of a disk's parts.
  if (type !== 'ZERO' && (file === '' || /[/\\]/.test(file) || file === '..'))
    throw unsupported(path, `with an extent outside its folder (${file})`)
  const extent = {
    access: access as ExtentLine['access'],
    sectors: Number(sectors),
    type: type as ExtentLine['type'],
    file,
    offsetSectors: Number(offset),
  }
  if (extent.sectors > 2 ** 43 || extent.offsetSectors > 2 ** 43) throw corrupt(path, 'the size of an extent')
  return extent
}

export interface NewDescriptor {
  readonly createType: CreateType
  readonly cid: number
  readonly extents: readonly ExtentLine[]
}

export function encodeDescriptor({ createType, cid, extents }: NewDescriptor): string {
  const sectors = extents.reduce((sum, extent) => sum + extent.sectors, 0)
  const lines = extents.map(({ access, sectors: count, type, file, offsetSectors }) =>
    type === 'FLAT'
      ? `${access} ${count} ${type} "${file}" ${offsetSectors}`
      : `${access} ${count} ${type}${type === 'ZERO' ? '' : ` "${file}"`}`,
  )
  return [
    '# Disk DescriptorFile',
    'version=1',
    `CID=${cid.toString(16).padStart(8, '0')}`,
    `parentCID=${NO_PARENT}`,
    `createType="${createType}"`,
    '',
    '# Extent description',
    ...lines,
    '',
    '# The Disk Data Base',
    '#DDB',
    '',
    'ddb.virtualHWVersion = "4"',
    `ddb.geometry.cylinders = "${Math.min(Math.floor(sectors / (16 * 63)), 16_383)}"`,
    'ddb.geometry.heads = "16"',
    'ddb.geometry.sectors = "63"',
    'ddb.adapterType = "ide"',
    '',
  ].join('\n')
}
