/** The transfer mode that SET FEATURES chooses (ATA/ATAPI-6 8.46.11). It is only told back: data moves as fast as it can. */
import type { StateRecord } from '../../device.ts'
import type { DmaModes } from './identify.ts'

/** Mode kinds in the upper five bits of the count register, and the highest mode of each. */
const PIO_DEFAULT = { kind: 0x00, highest: 1 }
const PIO_FLOW = { kind: 0x01, highest: 4 }
const MULTIWORD = { kind: 0x04, highest: 2 }
const ULTRA = { kind: 0x08, highest: 5 }

/** At most one of the two DMA modes is selected. */
export class TransferModes implements DmaModes {
  multiword = 1 << MULTIWORD.highest
  ultra = 0

  /** Selects what the count register says; false when there is no such mode. */
  select(count: number): boolean {
    const [kind, mode] = [count >>> 3, count & 7]
    const known = [PIO_DEFAULT, PIO_FLOW, MULTIWORD, ULTRA].find((candidate) => candidate.kind === kind)
    if (!known || mode > known.highest) return false
    if (known === MULTIWORD || known === ULTRA) {
      this.multiword = known === MULTIWORD ? 1 << mode : 0
      this.ultra = known === ULTRA ? 1 << mode : 0
    }
    return true
  }

  reset(): void {
    this.multiword = 1 << MULTIWORD.highest
    this.ultra = 0
  }

  save(): StateRecord {
    return { multiword: this.multiword, ultra: this.ultra }
  }

  restore(record: StateRecord): void {
    this.multiword = record['multiword'] as number
    this.ultra = record['ultra'] as number
  }
}
