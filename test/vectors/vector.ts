/** Single-instruction vectors: one JSON object a line, gzipped (see the README beside the file for the fields). */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

export interface FpuVector {
  cw?: number
  sw?: number
  tw?: number
  mxcsr?: number
  st?: string[]
  xmm?: string[]
}

export interface Vector {
  op: string
  code: string
  in: { r: number[]; f: number; mem?: string; fx?: FpuVector }
  out: { r?: Record<string, number>; f?: number; eip?: number; trap?: number; mem?: [number, string]; fx?: FpuVector }
  undef?: number
  tol?: number
}

/** All vectors of a file; `.gz` is unpacked. */
export function readVectors(path: string): Vector[] {
  const raw = readFileSync(path)
  const text = (path.endsWith('.gz') ? gunzipSync(raw) : raw).toString('utf8')
  return text
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes('"code"'))
    .map((line) => JSON.parse(line) as Vector)
}
