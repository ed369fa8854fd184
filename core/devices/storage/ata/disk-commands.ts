/** The commands that move sectors of a disk, as rows (ATA/ATAPI-6 8; the ones without retries are obsolete spellings). */
import { COMMAND } from './registers.ts'

/** One command: what it does, how its data moves, and how its address is written. */
export interface TransferRow {
  readonly action: 'read' | 'write' | 'verify'
  /** Sectors in a block: one, what SET MULTIPLE MODE chose, or as many as the bus master takes. */
  readonly blocks: 'single' | 'multiple' | 'dma'
  /** 48-bit address, 16-bit count. */
  readonly extended: boolean
  /** Data is on the medium before the command ends. */
  readonly flush: boolean
}

const row = (
  action: TransferRow['action'],
  blocks: TransferRow['blocks'],
  options: { extended?: boolean; flush?: boolean } = {},
): TransferRow => ({ action, blocks, extended: options.extended ?? false, flush: options.flush ?? false })

const EXTENDED = { extended: true }
const EXTENDED_FLUSH = { extended: true, flush: true }

/** By command code. */
export const DISK_COMMANDS: ReadonlyMap<number, TransferRow> = new Map([
  [COMMAND.readSectors, row('read', 'single')],
  [COMMAND.readSectorsNoRetry, row('read', 'single')],
  [COMMAND.readSectorsExt, row('read', 'single', EXTENDED)],
  [COMMAND.readMultiple, row('read', 'multiple')],
  [COMMAND.readMultipleExt, row('read', 'multiple', EXTENDED)],
  [COMMAND.readDma, row('read', 'dma')],
  [COMMAND.readDmaNoRetry, row('read', 'dma')],
  [COMMAND.readDmaExt, row('read', 'dma', EXTENDED)],
  [COMMAND.writeSectors, row('write', 'single')],
  [COMMAND.writeSectorsNoRetry, row('write', 'single')],
  [COMMAND.writeSectorsExt, row('write', 'single', EXTENDED)],
  [COMMAND.writeVerify, row('write', 'single')],
  [COMMAND.writeMultiple, row('write', 'multiple')],
  [COMMAND.writeMultipleExt, row('write', 'multiple', EXTENDED)],
  [COMMAND.writeMultipleFuaExt, row('write', 'multiple', EXTENDED_FLUSH)],
  [COMMAND.writeDma, row('write', 'dma')],
  [COMMAND.writeDmaNoRetry, row('write', 'dma')],
  [COMMAND.writeDmaExt, row('write', 'dma', EXTENDED)],
  [COMMAND.writeDmaFuaExt, row('write', 'dma', EXTENDED_FLUSH)],
  [COMMAND.readVerify, row('verify', 'single')],
  [COMMAND.readVerifyNoRetry, row('verify', 'single')],
  [COMMAND.readVerifyExt, row('verify', 'single', EXTENDED)],
])
