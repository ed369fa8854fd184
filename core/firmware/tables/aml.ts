/**
 * Builds ACPI Machine Language: each function returns the bytes of one term (ACPI 6.0, chapter 20). Names are written as in ASL:
 * "_SB", "\\_SB.PCI0", of four characters each after padding.
 */
export type Aml = readonly number[]

const SERIALIZED = 0x08

/** Package length encoding (20.2.4): of what follows and itself. */
function packageLength(contentBytes: number): number[] {
  if (contentBytes + 1 < 0x40) return [contentBytes + 1]
  const bytes = contentBytes + 2 < 0x1000 ? 2 : 3
  const length = contentBytes + bytes
  const rest = [(length >>> 4) & 0xff]
  if (bytes === 3) rest.push((length >>> 12) & 0xff)
  return [((bytes - 1) << 6) | (length & 0x0f), ...rest]
}

function packaged(opcode: readonly number[], content: Aml): Aml {
  return [...opcode, ...packageLength(content.length), ...content]
}

function segment(name: string): number[] {
  return [...name.padEnd(4, '_')].map((c) => c.charCodeAt(0))
}

/** A path: leading backslash or carets, segments separated by dots. */
export function name(path: string): Aml {
  const [, prefix = '', rest = ''] = /^(\\?\^*)(.*)$/.exec(path) ?? []
  const lead = [...prefix].map((c) => c.charCodeAt(0))
  const segments = rest === '' ? [] : rest.split('.')
  const bytes = segments.flatMap(segment)
  if (segments.length === 0) return [...lead, 0]
  if (segments.length === 1) return [...lead, ...bytes]
  if (segments.length === 2) return [...lead, 0x2e, ...bytes]
  return [...lead, 0x2f, segments.length, ...bytes]
}

/** A number in its shortest form. */
export function integer(value: number): Aml {
  if (value === 0) return [0x00]
  if (value === 1) return [0x01]
  if (value < 0x100) return [0x0a, value]
  if (value < 0x1_0000) return [0x0b, value & 0xff, value >>> 8]
  return [0x0c, value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24]
}

/** Compressed EISA identifier: "PNP0A03". */
export function eisaId(id: string): Aml {
  const letters = [...id.slice(0, 3)].map((c) => c.charCodeAt(0) - 0x40)
  const vendor = (letters[0] << 10) | (letters[1] << 5) | letters[2]
  const product = Number.parseInt(id.slice(3), 16)
  return [0x0c, vendor >>> 8, vendor & 0xff, product >>> 8, product & 0xff]
}

export function define(path: string, value: Aml): Aml {
  return [0x08, ...name(path), ...value]
}

export function scope(path: string, ...content: Aml[]): Aml {
  return packaged([0x10], [...name(path), ...content.flat()])
}

export function device(path: string, ...content: Aml[]): Aml {
  return packaged([0x5b, 0x82], [...name(path), ...content.flat()])
}

export function packageOf(...elements: Aml[]): Aml {
  return packaged([0x12], [elements.length, ...elements.flat()])
}

function buffer(bytes: readonly number[]): Aml {
  return packaged([0x11], [...integer(bytes.length), ...bytes])
}

/** A method that runs once at a time: those that create names must. */
export function method(path: string, argumentCount: number, ...content: Aml[]): Aml {
  return packaged([0x14], [...name(path), argumentCount | SERIALIZED, ...content.flat()])
}

export function returnValue(value: Aml): Aml {
  return [0xa4, ...value]
}

/** Operation region in PCI configuration space. */
export const REGION_PCI = 2

export function operationRegion(path: string, space: number, offset: number, bytes: number): Aml {
  return [0x5b, 0x80, ...name(path), space, ...integer(offset), ...integer(bytes)]
}

/** Fields of whole bytes: byte access, no lock, preserve. */
export function byteFields(region: string, fields: readonly string[]): Aml {
  const list = fields.flatMap((field) => [...segment(field), 8])
  return packaged([0x5b, 0x81], [...name(region), 1, ...list])
}

export function ifTerm(condition: Aml, ...content: Aml[]): Aml {
  return packaged([0xa0], [...condition, ...content.flat()])
}

export function store(value: Aml, target: Aml): Aml {
  return [0x70, ...value, ...target]
}

export function and(a: Aml, b: Aml, target: Aml = [0]): Aml {
  return [0x7b, ...a, ...b, ...target]
}

export function or(a: Aml, b: Aml, target: Aml = [0]): Aml {
  return [0x7d, ...a, ...b, ...target]
}

export function createDwordField(source: Aml, index: number, path: string): Aml {
  return [0x8a, ...source, ...integer(index), ...name(path)]
}

export const ARG0: Aml = [0x68]

/** Resource descriptors (ACPI 6.0, 6.4), ended by the end tag with checksum 0. */
export const resources = {
  irq(line: number): number[] {
    return [0x22, (1 << line) & 0xff, (1 << line) >>> 8]
  },
  dma(channel: number): number[] {
    return [0x2a, 1 << channel, 0]
  },
  /** Ports decoded in 16 bits, at one place. */
  io(first: number, count: number): number[] {
    return [0x47, 1, first & 0xff, first >>> 8, first & 0xff, first >>> 8, 1, count]
  },
  /** A range of `kind` (0 memory, 1 I/O, 2 bus numbers) that a bridge passes on; 16 bits wide. */
  word(kind: 1 | 2, first: number, last: number, specific: number): number[] {
    const w = (value: number) => [value & 0xff, (value >>> 8) & 0xff]
    return [0x88, 13, 0, kind, 0x0c, specific, ...w(0), ...w(first), ...w(last), ...w(0), ...w(last - first + 1)]
  },
  /** Memory that a bridge passes on. */
  dwordMemory(first: number, last: number, cacheable: boolean): number[] {
    const d = (v: number) => [v & 0xff, (v >>> 8) & 0xff, (v >>> 16) & 0xff, v >>> 24]
    const length = last - first + 1
    return [0x87, 23, 0, 0, 0x0c, cacheable ? 3 : 1, ...d(0), ...d(first), ...d(last), ...d(0), ...d(length)]
  },
  /** An interrupt that can be set to one of `lines`: level-triggered, active low, shared. */
  pciInterrupt(lines: readonly number[]): number[] {
    const d = (v: number) => [v & 0xff, (v >>> 8) & 0xff, (v >>> 16) & 0xff, v >>> 24]
    const size = 2 + 4 * lines.length
    return [0x89, size & 0xff, size >>> 8, 0x0d, lines.length, ...lines.flatMap(d)]
  },
  end: [0x79, 0] as readonly number[],
}

/** A resource template. */
export function template(...descriptors: (readonly number[])[]): Aml {
  return buffer([...descriptors.flat(), ...resources.end])
}
