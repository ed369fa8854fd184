/**
 * What drives and firmware see of a medium, and what image formats build on. All calls are synchronous: they run on the VM's
 * own thread, and the guest sees the time they take through the drives' timers.
 */

/** Random access to one host file (or memory). Lengths in bytes. Methods throw AppError `disk/io`, `disk/full` or `disk/read-only`. */
export interface ByteStore {
  readonly sizeBytes: number
  readonly readOnly: boolean
  /** Reads `length` bytes (to the end of `into` unless given) into `into` at `offset`; bytes past the end read as zero. */
  read(position: number, into: Uint8Array, offset?: number, length?: number): void
  /** Writes `length` bytes of `from` from `offset` (to its end unless given), growing the store where it is past the end. */
  write(position: number, from: Uint8Array, offset?: number, length?: number): void
  truncate(sizeBytes: number): void
  /** Returns when everything written is on stable storage. */
  flush(): void
  close(): void
}

/** A medium of 512-byte sectors (floppy, hard disk) or 2048-byte sectors (CD). */
export interface BlockDevice {
  readonly sectorBytes: number
  readonly sectors: number
  readonly readOnly: boolean
  /** Reads `count` sectors from `lba` into `into` at `offset`. Throws RangeError only for our own bugs: callers check bounds first. */
  readSectors(lba: number, count: number, into: Uint8Array, offset?: number): void
  writeSectors(lba: number, count: number, from: Uint8Array, offset?: number): void
  flush(): void
  /** Hands what is held back to the host's file, without waiting for stable storage; missing where nothing is held back. */
  settle?(): void
  close(): void
}
