/**
 * The namespace of the machine: PCI root with its interrupt routing, the PIIX's interrupt links, ISA devices, power off and the
 * power button. As AML; tables/acpi.ts puts the header in front.
 */
import { PIRQ_LINES } from '../bios/pci-setup.ts'
import type { FirmwareMachine } from '../machine.ts'
import {
  type Aml,
  ARG0,
  and,
  byteFields,
  createDwordField,
  define,
  device,
  eisaId,
  ifTerm,
  integer,
  method,
  name,
  operationRegion,
  or,
  packageOf,
  REGION_PCI,
  resources,
  returnValue,
  scope,
  store,
  template,
} from './aml.ts'
import { PM_BASE, SMBUS_BASE } from './power.ts'

const LINKS = ['LNKA', 'LNKB', 'LNKC', 'LNKD']
const LINK_REGISTERS = ['PRQA', 'PRQB', 'PRQC', 'PRQD']
/** A routing register with this bit routes nowhere. */
const UNROUTED = 0x80
const PCI_MEMORY_END = 0xfebf_ffff
/** _STA: present, decoding or not, shown, working. */
const LINK_ENABLED = 0x0b
const LINK_DISABLED = 0x09

/** The definition block's contents. `pciMemory` is where PCI memory begins. */
export function buildDsdt(machine: FirmwareMachine, pciMemory: number): Uint8Array {
  const bytes = [
    define('\\_S5', packageOf(integer(0), integer(0), integer(0), integer(0))),
    scope('\\_SB', pciRoot(machine, pciMemory), ...links()),
  ].flat()
  return Uint8Array.from(bytes)
}

function pciRoot(machine: FirmwareMachine, pciMemory: number): Aml {
  const r = resources
  return device(
    'PCI0',
    define('_HID', eisaId('PNP0A03')),
    define('_UID', integer(0)),
    define(
      '_CRS',
      template(
        r.word(2, 0, 0xff, 0),
        r.io(0x0cf8, 8),
        r.word(1, 0x0000, 0x0cf7, 3),
        r.word(1, 0x0d00, 0xffff, 3),
        r.dwordMemory(0xa_0000, 0xb_ffff, true),
        r.dwordMemory(pciMemory, PCI_MEMORY_END, false),
      ),
    ),
    define('_PRT', routingTable()),
    isaBridge(machine),
    device('PX43', define('_ADR', integer(0x0001_0003))),
  )
}

/** Pin p of device d goes to link (d + p - 1) mod 4, with INTA# as pin 0. */
function routingTable(): Aml {
  const entries: Aml[] = []
  for (let slot = 1; slot < 32; slot++) {
    for (let pin = 0; pin < 4; pin++) {
      const link = name(`\\_SB.${LINKS[(slot - 1 + pin) & 3]}`)
      entries.push(packageOf(integer(((slot << 16) | 0xffff) >>> 0), integer(pin), link, integer(0)))
    }
  }
  return packageOf(...entries)
}

/** The routing registers are in the ISA bridge's configuration space, 60h to 63h. */
function isaBridge(machine: FirmwareMachine): Aml {
  return device(
    'ISA',
    define('_ADR', integer(0x0001_0000)),
    operationRegion('PIRQ', REGION_PCI, 0x60, 4),
    byteFields('PIRQ', LINK_REGISTERS),
    ...isaDevices(machine),
  )
}

function isaDevices(machine: FirmwareMachine): Aml[] {
  const r = resources
  const simple = (path: string, id: string, ...descriptors: (readonly number[])[]) =>
    device(path, define('_HID', eisaId(id)), define('_CRS', template(...descriptors)))
  const serial = [
    [0x3f8, 4],
    [0x2f8, 3],
    [0x3e8, 4],
    [0x2e8, 3],
  ]
  const ports = serial.filter(([port]) => hasSerialPort(machine, port))
  return [
    simple('PIC', 'PNP0000', r.io(0x20, 2), r.io(0xa0, 2), r.irq(2)),
    simple('TIMR', 'PNP0100', r.io(0x40, 4), r.irq(0)),
    simple('DMAC', 'PNP0200', r.io(0x00, 16), r.io(0x80, 16), r.io(0xc0, 32), r.dma(4)),
    simple('SPKR', 'PNP0800', r.io(0x61, 1)),
    simple('RTC', 'PNP0B00', r.io(0x70, 2), r.irq(8)),
    simple('FPU', 'PNP0C04', r.io(0xf0, 1), r.irq(13)),
    simple('KBD', 'PNP0303', r.io(0x60, 1), r.io(0x64, 1), r.irq(1)),
    simple('MOU', 'PNP0F13', r.irq(12)),
    ...(machine.floppies.some((drive) => drive !== undefined)
      ? [simple('FDC', 'PNP0700', r.io(0x3f2, 4), r.io(0x3f7, 1), r.irq(6), r.dma(2))]
      : []),
    ...ports.map(([port, line], i) =>
      device(
        `COM${i + 1}`,
        define('_HID', eisaId('PNP0501')),
        define('_UID', integer(i + 1)),
        define('_CRS', template(r.io(port, 8), r.irq(line))),
      ),
    ),
    // Registers of the chip set that no driver owns.
    simple('SYSR', 'PNP0C02', r.io(PM_BASE, 64), r.io(SMBUS_BASE, 16), r.io(0x4d0, 2), r.io(0x92, 1), r.io(0xb2, 2)),
  ]
}

/** POST has listed the ports in the BIOS data area. */
function hasSerialPort(machine: FirmwareMachine, port: number): boolean {
  return [0, 1, 2, 3].some((i) => machine.readLinear16(0x400 + 2 * i) === port)
}

/** Interrupt links: each reads and writes its routing register. */
function links(): Aml[] {
  return LINKS.map((link, i) => {
    const register = name(`\\_SB.PCI0.ISA.${LINK_REGISTERS[i]}`)
    // The interrupt number lies behind the descriptor's header: tag, length, flags, count.
    const interrupt = (path: string) => createDwordField(name(path), 5, 'IRQV')
    return device(
      link,
      define('_HID', eisaId('PNP0C0F')),
      define('_UID', integer(i + 1)),
      define('_PRS', template(resources.pciInterrupt([5, 10, 11]))),
      method(
        '_STA',
        0,
        ifTerm(and(register, integer(UNROUTED)), returnValue(integer(LINK_DISABLED))),
        returnValue(integer(LINK_ENABLED)),
      ),
      method('_DIS', 0, or(register, integer(UNROUTED), register)),
      define('BUFA', template(resources.pciInterrupt([PIRQ_LINES[i]]))),
      method(
        '_CRS',
        0,
        interrupt('BUFA'),
        ifTerm(and(register, integer(UNROUTED)), store(integer(0), name('IRQV')), returnValue(name('BUFA'))),
        store(and(register, integer(0x0f)), name('IRQV')),
        returnValue(name('BUFA')),
      ),
      method('_SRS', 1, createDwordField(ARG0, 5, 'IRQW'), store(name('IRQW'), register)),
    )
  })
}
