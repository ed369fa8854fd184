/** Register bits of the 16550A (PC16550D data sheet, table 2). */

export const IER = { DATA: 0x01, THRE: 0x02, LINE: 0x04, MODEM: 0x08, ALL: 0x0f } as const
export const IIR = { MODEM: 0x00, NONE: 0x01, THRE: 0x02, DATA: 0x04, LINE: 0x06, TIMEOUT: 0x0c, FIFOS: 0xc0 } as const
export const FCR = { ENABLE: 0x01, CLEAR_RECEIVER: 0x02, CLEAR_TRANSMITTER: 0x04, KEPT: 0xc9 } as const
export const LCR = { WORD: 0x03, STOP: 0x04, PARITY: 0x08, BREAK: 0x40, DLAB: 0x80 } as const
export const MCR = { DTR: 0x01, RTS: 0x02, OUT1: 0x04, OUT2: 0x08, LOOP: 0x10, ALL: 0x1f } as const
export const LSR = { DR: 0x01, OE: 0x02, BI: 0x10, THRE: 0x20, TEMT: 0x40, FIFO_ERROR: 0x80 } as const
/** The lower half are the deltas: what changed since the register was read. */
export const MSR = { DELTAS: 0x0f, TERI: 0x04, CTS: 0x10, DSR: 0x20, RI: 0x40, DCD: 0x80 } as const
