/**
 * `npm run bench -- [NAME] [ARGUMENT...]`: runs a benchmark of this folder; without a name, the benchmark disk.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** Every benchmark, and what it measures. */
const BENCHMARKS: Readonly<Record<string, string>> = {
  boot: 'from the start of the process until a guest is ready',
  disk: 'kernels of the benchmark disk, against peers or another revision',
  'guest-disk': 'disk formats as a Linux guest sees them',
  'disk-images': 'disk formats and chains of overlays',
  idle: 'what a machine costs that does nothing',
  'large-library': 'a library of 500 machines: opened, listed, changed, searched',
  'long-run': 'memory and speed of a guest that runs changing code for half an hour',
  'ten-machines': 'ten machines for five minutes, and one of them killed',
  'two-guests': 'two machines at once, and a cap of the processor',
  vga: 'drawing of the screen',
  x87: 'functions of the coprocessor',
}

const [first, ...rest] = process.argv.slice(2)
const named = first !== undefined && !first.startsWith('-')
const [name, argv] = named ? [first, rest] : ['disk', process.argv.slice(2)]
if (name in BENCHMARKS) {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`), ...argv], {
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
} else {
  console.error(`There is no benchmark ${name}. There are:`)
  for (const [known, what] of Object.entries(BENCHMARKS)) console.error(`  ${known.padEnd(13)} ${what}`)
  process.exitCode = 2
}
