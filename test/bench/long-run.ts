/**
 * A guest that runs changing code for a long time: memory of the host and speed of the guest, minute by minute. Linux only.
 *
 *     npm run bench -- long-run [--minutes N] [--engine E]
 *
 * Linux runs a shell script over and over: text through sed, awk and sort, compression and its inverse, processes that come and
 * go. The guest says the number of each round; what a round costs is the processor time of the process, which other load on the
 * computer changes little. Ends with status 1 when the last quarter of the rounds costs more than a tenth more than the second, or
 * memory has grown by more than a fifth between them.
 */
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { pathOf } from '../support/needs.ts'
import { shared } from '../support/shared.ts'
import { MEMORY_MIB, root, vitrine } from './contenders.ts'
import { cpuSeconds, residentMib } from './host-process.ts'
import { loadNow, median } from './measurement.ts'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, engine: { type: 'string', default: 'auto' } },
})

/** One round, and what it says. */
const WORK = [
  'n=0',
  'cd /tmp 2>/dev/null || cd /',
  'while :; do',
  'n=$((n+1))',
  'for i in 1 2 3 4 5 6 7 8; do seq 1 400 | sed "s/$i/x$n/g" | sort -r | awk \'{ s += length($0) } END { print s }\' > t$i; done',
  'cat /bin/busybox | head -c 300000 | gzip -c > z.gz; gunzip -c z.gz | md5sum > sum',
  'sh -c "echo round-$n" > r; grep -c round r > /dev/null; ls -l / | wc -l > /dev/null',
  'echo "ROUND $n"',
  'done',
]
  .join('; ')
  .replaceAll('do;', 'do')

for (const need of [shared('guests/vmlinuz-686'), shared('guests/initrd-686-small.gz')])
  if (need.path === undefined) {
    console.error(`Nothing to measure: ${need.what} is missing.`)
    process.exit(0)
  }
const linux = [
  ...['--kernel', pathOf(shared('guests/vmlinuz-686')), '--initrd', pathOf(shared('guests/initrd-686-small.gz'))],
  ...['--append', 'console=ttyS0 quiet cryptomgr.notests', '--engine', values.engine],
]
const [command = '', ...argv] = vitrine('vitrine', root, linux).argv
const child = spawn(command, argv, { stdio: ['pipe', 'pipe', 'inherit'] })

const rounds: { readonly cpuSeconds: number; readonly mib: number }[] = []
const began = performance.now()
let shown = 0
let text = ''
let ready = false

function show(): void {
  const minute = Math.floor((performance.now() - began) / 60_000)
  const last = rounds.at(-1)
  if (minute === shown || !last) return
  shown = minute
  console.log(
    `minute ${String(minute).padStart(3)}: ${String(rounds.length).padStart(5)} rounds, ${last.mib.toFixed(0)} MiB resident (${MEMORY_MIB} are the guest's), load ${loadNow()}`,
  )
}

child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
  text = (text + chunk).slice(-4096)
  if (!ready && text.includes('GUEST-READY')) {
    ready = true
    setTimeout(() => child.stdin.write(`${WORK}\n`), 1000)
    text = ''
  }
  for (let match = /ROUND \d+\r?\n/.exec(text); match; match = /ROUND \d+\r?\n/.exec(text)) {
    text = text.slice(match.index + match[0].length)
    rounds.push({ cpuSeconds: cpuSeconds(child.pid!), mib: residentMib(child.pid!) })
    show()
  }
})
setTimeout(() => child.kill('SIGKILL'), Number(values.minutes) * 60_000)
child.on('close', () => {
  const quarter = (from: number) => rounds.slice((rounds.length * from) >> 2, (rounds.length * (from + 1)) >> 2)
  const figures = (part: typeof rounds) => ({
    seconds: median(part.slice(1).map((round, i) => round.cpuSeconds - part[i]!.cpuSeconds)),
    mib: Math.max(...part.map(({ mib }) => mib)),
  })
  if (rounds.length < 16) {
    console.error(`Only ${rounds.length} rounds: nothing to compare.`)
    process.exitCode = 1
    return
  }
  for (const from of [0, 1, 2, 3]) {
    const { seconds, mib } = figures(quarter(from))
    console.log(
      `quarter ${from + 1}: ${seconds.toFixed(2)} s of processor time a round (median), at most ${mib.toFixed(0)} MiB`,
    )
  }
  const [second, last] = [figures(quarter(1)), figures(quarter(3))]
  if (last.seconds > second.seconds * 1.1 || last.mib > second.mib * 1.2) process.exitCode = 1
})
