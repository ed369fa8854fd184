/**
 * The 64 Ki I/O ports. Devices register handlers for ranges; wider accesses than a handler offers are split into narrower
 * ones as the ISA bus does, low byte first. Unclaimed ports read as all ones and ignore writes.
 */

/** Accesses of one range. `port` is the absolute port number. Values are unsigned. */
export interface PortHandler {
  read8?(port: number): number
  write8?(port: number, value: number): void
  read16?(port: number): number
  write16?(port: number, value: number): void
  read32?(port: number): number
  write32?(port: number, value: number): void
}

const PORTS = 0x10000

/** One registration: ports from `first` up to, not including, `end`. */
interface Claim {
  readonly first: number
  readonly end: number
  readonly handler: PortHandler
}

/** The port address space of one machine. */
export class PortBus {
  readonly #claims: Claim[] = []
  readonly #map: (PortHandler | undefined)[] = new Array(PORTS).fill(undefined)

  /** Claims `count` ports from `first`. A later claim of the same port wins, as PCI devices may be moved over others. Returns the release. */
  register(first: number, count: number, handler: PortHandler): () => void {
    const claim: Claim = { first, end: Math.min(first + count, PORTS), handler }
    this.#claims.push(claim)
    this.#map.fill(handler, claim.first, claim.end)
    return () => {
      const index = this.#claims.indexOf(claim)
      if (index < 0) return
      this.#claims.splice(index, 1)
      // Claims may be released in any order: what is left decides, the latest first.
      for (let port = claim.first; port < claim.end; port++)
        this.#map[port] = this.#claims.findLast((other) => port >= other.first && port < other.end)?.handler
    }
  }

  read8(port: number): number {
    const handler = this.#map[port]
    return handler?.read8 ? handler.read8(port) & 0xff : 0xff
  }

  read16(port: number): number {
    const handler = this.#map[port]
    if (handler?.read16) return handler.read16(port) & 0xffff
    return this.read8(port) | (this.read8((port + 1) & 0xffff) << 8)
  }

  /** Result is unsigned. */
  read32(port: number): number {
    const handler = this.#map[port]
    if (handler?.read32) return handler.read32(port) >>> 0
    return (this.read16(port) | (this.read16((port + 2) & 0xffff) << 16)) >>> 0
  }

  write8(port: number, value: number): void {
    this.#map[port]?.write8?.(port, value & 0xff)
  }

  write16(port: number, value: number): void {
    const handler = this.#map[port]
    if (handler?.write16) handler.write16(port, value & 0xffff)
    else {
      this.write8(port, value)
      this.write8((port + 1) & 0xffff, value >>> 8)
    }
  }

  write32(port: number, value: number): void {
    const handler = this.#map[port]
    if (handler?.write32) handler.write32(port, value >>> 0)
    else {
      this.write16(port, value)
      this.write16((port + 2) & 0xffff, value >>> 16)
    }
  }
}
