/** String instructions, repeated or not, and port I/O. */
import { i32 } from '../../wasm/ops.ts'
import { portIn, portOut } from '../exec/port-access.ts'
import {
  compareString,
  inputString,
  loadString,
  moveString,
  outputString,
  scanString,
  storeString,
} from '../exec/strings.ts'
import type { Ops } from '../ops/ops.ts'
import type { SlowPath } from '../ops/runtime.ts'
import type { Row, Semantics } from './row.ts'
import { row } from './row.ts'

/** Hands the instruction to its slow path, which sets EIP; `bytes` 0 means operand size. */
const string =
  (path: SlowPath, bytes: 0 | 1): Semantics =>
  (o) => {
    o.slow(path, o.segmentOf(0), bytes || o.size, o.addressSize, o.rep)
    o.continueAtEip()
  }

function pair(mnemonic: string, opcode: number, path: SlowPath, flags: { writes?: string } = {}): Row[] {
  const hex = (n: number) => n.toString(16).toUpperCase().padStart(2, '0')
  const options = { rep: true, addressSized: true, ends: true, ...flags }
  return [
    row(`${mnemonic}B`, '', hex(opcode), string(path, 1), options),
    row(mnemonic, '', hex(opcode + 1), string(path, 0), { ...options, sized: true }),
  ]
}

const input =
  (port: (o: Ops) => ReturnType<Ops['read']>): Semantics =>
  (o) =>
    o.write(0, o.slowValue(portIn, port(o), o.sizeOf(0)))
const output =
  (port: (o: Ops) => ReturnType<Ops['read']>): Semantics =>
  (o) =>
    o.slow(portOut, port(o), o.sizeOf(1), o.read(1))

// Port I/O may move a device to interrupt, and takes the time it happens at from the instructions executed so far: it ends its block.
const ends = { ends: true }

export const STRINGS: readonly Row[] = [
  ...pair('MOVS', 0xa4, moveString),
  ...pair('CMPS', 0xa6, compareString, { writes: 'OSZAPC' }),
  ...pair('STOS', 0xaa, storeString),
  ...pair('LODS', 0xac, loadString),
  ...pair('SCAS', 0xae, scanString, { writes: 'OSZAPC' }),
  ...pair('INS', 0x6c, inputString),
  ...pair('OUTS', 0x6e, outputString),
  row(
    'IN',
    'AL, imm8',
    'E4 ib',
    input((o) => o.read(1)),
    ends,
  ),
  row(
    'IN',
    'rAX, imm8',
    'E5 ib',
    input((o) => o.read(1)),
    ends,
  ),
  row(
    'OUT',
    'imm8, AL',
    'E6 ib',
    output((o) => o.read(0)),
    ends,
  ),
  row(
    'OUT',
    'imm8, rAX',
    'E7 ib',
    output((o) => o.read(0)),
    ends,
  ),
  row(
    'IN',
    'AL, DX',
    'EC',
    input((o) => o.read(1)),
    ends,
  ),
  row(
    'IN',
    'rAX, DX',
    'ED',
    input((o) => o.read(1)),
    ends,
  ),
  row(
    'OUT',
    'DX, AL',
    'EE',
    output((o) => i32.and(o.read(0), 0xffff)),
    ends,
  ),
  row(
    'OUT',
    'DX, rAX',
    'EF',
    output((o) => i32.and(o.read(0), 0xffff)),
    ends,
  ),
]
