/** What benchmarks make of the times they take. The figures themselves are nobody's test. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bars, drawChart } from './chart.ts'
import type { Measurement } from './measurement.ts'
import { compare, median, summarise, table } from './measurement.ts'
import { KernelTimes, runOnSerial } from './serial-run.ts'

const run = (alu: number, sieve: number) => ({
  seconds: { alu, sieve },
  checksums: { alu: 'a1', sieve: 'b2' },
  done: true,
})

const measurement: Measurement = {
  date: '2026-01-01T00:00',
  computer: 'a computer',
  system: 'a system',
  load: [0.5, 1],
  rounds: 3,
  contenders: [
    summarise('vitrine', 'r1', [run(1, 4), run(3, 2), run(2, 3)]),
    summarise('other', 'v2', [run(4, 1.5)]),
    summarise('native', 'gcc', [run(0.5, 1)]),
  ],
}

describe('times of kernels', () => {
  it('lie between the lines of the guest', () => {
    const times = new KernelTimes()
    for (const [line, at] of [
      ['BENCH 1', 0],
      ['B alu', 100],
      ['E alu 1234abcd', 350],
      ['B sieve', 400],
      ['E sieve 00ff', 1400],
      ['DONE', 1500],
    ] as const)
      times.line(line, at)
    expect(times).toMatchObject({
      seconds: { alu: 0.25, sieve: 1 },
      checksums: { alu: '1234abcd', sieve: '00ff' },
      done: true,
      restarted: false,
    })
  })

  it('end with the last kernel that was asked for', () => {
    const times = new KernelTimes(['sieve'])
    times.line('B alu', 0)
    times.line('E alu 1', 10)
    expect(times.done).toBe(false)
    times.line('B sieve', 20)
    times.line('E sieve 2', 30)
    expect(times.done).toBe(true)
    expect(times.seconds).toEqual({ sieve: 0.01 })
  })

  it('come from the output of a command, whatever way it is cut into pieces', async () => {
    const script = `for (const piece of ['BENCH\\nB al', 'u\\n', 'E alu 77\\nDO', 'NE\\n']) process.stdout.write(piece); setInterval(() => {}, 1000)`
    const result = await runOnSerial([process.execPath, '-e', script])
    expect(result).toMatchObject({ checksums: { alu: '77' }, done: true })
  })

  it('are not whole when the guest begins again, or the command ends', async () => {
    const print = (text: string) => [process.execPath, '-e', `console.log(${JSON.stringify(text)})`]
    expect((await runOnSerial(print('BENCH\nB alu\nBENCH\nDONE'))).done).toBe(false)
    expect((await runOnSerial(print('BENCH\nB alu'))).done).toBe(false)
  })
})

describe('a measurement', () => {
  it('counts medians', () => {
    expect(median([5, 1, 3])).toBe(3)
    expect(measurement.contenders[0]).toMatchObject({ seconds: { alu: 2, sieve: 3 }, rounds: 3 })
  })

  it('compares kernel by kernel', () => {
    const [subject, other] = measurement.contenders
    const { mean, worst, kernels, different } = compare(subject!, other!)
    expect({ worst, kernels, different }).toEqual({ worst: { kernel: 'sieve', ratio: 0.5 }, kernels: 2, different: [] })
    expect(mean).toBeCloseTo(1)
    const wrong = { ...other!, checksums: { alu: 'a1', sieve: 'xx' } }
    expect(compare(subject!, wrong).different).toEqual(['sieve'])
    expect(table({ ...measurement, contenders: [subject!, wrong] }).join('\n')).toContain('CHECKSUMS DIFFER: sieve')
  })

  it('is a table with the load beside it', () => {
    const lines = table(measurement)
    expect(lines[1]!.split(/ +/)).toEqual(['alu', '2.0000', '4.0000', '0.5000', '2.00', '0.25'])
    expect(lines.at(-1)).toBe('load 0.5 before, 1 at the end')
  })

  it('is a chart in units of native speed', async () => {
    expect(bars(measurement)).toEqual({
      reference: 'native',
      bars: [
        { kernel: 'alu', contender: 'vitrine', speed: 0.25 },
        { kernel: 'alu', contender: 'other', speed: 0.125 },
        { kernel: 'sieve', contender: 'vitrine', speed: 1 / 3 },
        { kernel: 'sieve', contender: 'other', speed: 1 / 1.5 },
      ],
    })
    const svg = await drawChart(measurement)
    expect(svg).toMatch(/^<svg /)
    for (const label of ['vitrine alu 0.250', 'other sieve 0.667']) expect(svg).toContain(label)
  })
})

describe('npm run bench', () => {
  const bench = (argv: readonly string[], env: Record<string, string> = {}) =>
    spawnSync(process.execPath, [join(import.meta.dirname, 'run.ts'), ...argv], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    })

  it('says which benchmarks there are', () => {
    const { status, stderr } = bench(['nothing'])
    expect(status).toBe(2)
    expect(stderr).toContain('disk')
  })

  it('is skipped with a word without the benchmark disk', () => {
    const { status, stderr } = bench([], { VITRINE_SHARED: '/nonexistent' })
    expect(status).toBe(0)
    expect(stderr).toContain('bench/bench.img is missing')
  })
})
