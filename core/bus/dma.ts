/**
 * The ISA DMA service that an 8237 pair offers to devices (floppy, sound). The device asks for bytes when it has something
 * to move; the controller knows address, count and direction.
 */
export interface DmaChannel {
  /** Whether the channel is unmasked, so that a transfer would move something. */
  readonly ready: boolean
  /** Device to memory: moves up to `length` bytes from `data`; returns how many, and whether terminal count was reached. */
  write(data: Uint8Array, offset: number, length: number): { moved: number; terminalCount: boolean }
  /** Memory to device: fills `data`; the same result. */
  read(data: Uint8Array, offset: number, length: number): { moved: number; terminalCount: boolean }
}

/** The eight channels, 0 to 3 for bytes and 5 to 7 for words (4 cascades). */
export interface DmaService {
  channel(number: number): DmaChannel
}
