/** The partition table of a hard disk: the four primary entries, and logical ones inside extended partitions. Source: the layout of MBRs since PC-DOS 2.0. */

import type { ByteStore } from '../block-device.ts'
import { FieldReader } from './field-reader.ts'

const SECTOR_BYTES = 512
const TABLE_AT = 446
const ENTRY_BYTES = 16
const EXTENDED = [0x05, 0x0f, 0x85]
/** A chain of logical partitions is followed this far. */
const MAX_LOGICAL = 32
/** The type of the one partition of a disk whose real table is a GPT. */
export const GPT_PROTECTIVE = 0xee

export interface Partition {
  readonly type: number
  readonly isActive: boolean
  /** Of the disk, in bytes. */
  readonly startBytes: number
  readonly sizeBytes: number
}

/** The partitions of a disk, in the order of its table; nothing where there is no table. */
export function readPartitions(store: ByteStore): Partition[] {
  const primary = readTable(store, 0)
  const extended = primary.find(({ type }) => EXTENDED.includes(type))
  return [...primary.filter((entry) => entry !== extended), ...(extended ? readLogical(store, extended) : [])]
}

function readLogical(store: ByteStore, extended: Partition): Partition[] {
  const found: Partition[] = []
  let at = extended.startBytes
  for (let i = 0; i < MAX_LOGICAL; i++) {
    const table = readTable(store, at)
    const logical = table.find(({ type }) => !EXTENDED.includes(type))
    const next = table.find(({ type }) => EXTENDED.includes(type))
    if (logical) found.push({ ...logical, startBytes: at + logical.startBytes })
    if (!next || next.startBytes === 0) break
    at = extended.startBytes + next.startBytes
  }
  return found
}

/** The entries of the table in the sector at `base`, with starts as they stand there. */
function readTable(store: ByteStore, base: number): Partition[] {
  const sector = new FieldReader(store, base)
  if (sector.u16(510) !== 0xaa55) return []
  const entries: Partition[] = []
  for (let i = 0; i < 4; i++) {
    const entry = sector.from(TABLE_AT + i * ENTRY_BYTES)
    const flag = entry.u8(0)
    const type = entry.u8(4)
    const partition = {
      type,
      isActive: flag === 0x80,
      startBytes: entry.u32(8) * SECTOR_BYTES,
      sizeBytes: entry.u32(12) * SECTOR_BYTES,
    }
    // A boot sector without a table has code here.
    if (flag !== 0 && flag !== 0x80) return []
    if (type !== 0 && partition.sizeBytes > 0) entries.push(partition)
  }
  return entries.every(({ startBytes }) => base + startBytes < store.sizeBytes) ? entries : []
}
