/** Where the line of a serial port goes beside the terminal, in words. */
import type { SerialPortSpec } from '../../../core/contract/machine-spec.ts'
import { strings } from '../../strings/en.ts'

/** "" when it goes nowhere else. */
export function lineState({ kind, file, address, listens }: SerialPortSpec): string {
  const { toFile, listens: listensAt, connects } = strings.serial
  if (kind === 'file') return toFile(file ?? '')
  const where = kind === 'tcp' ? address : kind === 'pipe' ? file : null
  if (where === null) return ''
  return listens ? listensAt(where) : connects(where)
}
