/**
 * The chips of a QEMU machine, driven from outside over its qtest protocol while its processor sleeps: the same accesses made
 * here and on our chips must give the same answers. Time there is the host's, so scenarios poll; they never count on a delay.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const BIOS_BYTES = 0x1_0000
/** CLI, HLT, and back should anything wake it. */
const SLEEP = [0xfa, 0xf4, 0xeb, 0xfd]

/** Ports and memory of a machine, whoever made it. Values are unsigned. */
export interface ChipAccess {
  in8(port: number): Promise<number>
  in16(port: number): Promise<number>
  in32(port: number): Promise<number>
  out8(port: number, value: number): Promise<void>
  out16(port: number, value: number): Promise<void>
  out32(port: number, value: number): Promise<void>
  /** The same port `count` times, as string instructions do. */
  inWords(port: number, count: number): Promise<Uint8Array>
  outWords(port: number, data: Uint8Array): Promise<void>
  readMemory(gpa: number, bytes: number): Promise<Uint8Array>
  writeMemory(gpa: number, data: Uint8Array): Promise<void>
  /** Lets the machine do what it has been asked to. */
  wait(): Promise<void>
}

/** A running QEMU. `close` ends it. */
export class QemuChips implements ChipAccess {
  readonly #send: (line: string) => void
  readonly #pending: ((answer: string) => void)[] = []
  readonly #stop: () => Promise<void>

  /** `qemu` is the program; `files` are written to a folder that is gone afterwards, and `args` may name them as `@name`. */
  constructor(qemu: string, args: readonly string[], files: Readonly<Record<string, Uint8Array>> = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'vitrine-qtest-'))
    const bios = new Uint8Array(BIOS_BYTES).fill(0xf4)
    bios.set(SLEEP, BIOS_BYTES - 16)
    writeFileSync(join(folder, 'bios'), bios)
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes)
    const resolved = args.map((arg) => arg.replaceAll('@', `${folder}/`))
    const fixed = [
      '-accel',
      'tcg',
      '-machine',
      'pc',
      '-display',
      'none',
      '-nodefaults',
      '-monitor',
      'none',
      '-nic',
      'none',
    ]
    const qtest = ['-qtest', 'stdio', '-qtest-log', '/dev/null', '-bios', join(folder, 'bios')]
    const child = spawn(qemu, [...fixed, ...qtest, ...resolved], { stdio: ['pipe', 'pipe', 'pipe'] })
    let complaints = ''
    child.stderr.on('data', (text) => {
      complaints += text
    })
    child.stdin.on('error', () => {})
    const ended = new Promise<void>((done) => {
      child.once('exit', () => {
        for (const answer of this.#pending.splice(0)) answer(`FAIL ${complaints}`)
        rmSync(folder, { recursive: true, force: true })
        done()
      })
    })
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('OK') || line.startsWith('FAIL') || line.startsWith('ERR')) this.#pending.shift()?.(line)
    })
    this.#send = (line) => child.stdin.write(`${line}\n`)
    this.#stop = () => {
      child.kill()
      return ended
    }
  }

  in8(port: number): Promise<number> {
    return this.#value(`inb ${port}`)
  }

  in16(port: number): Promise<number> {
    return this.#value(`inw ${port}`)
  }

  in32(port: number): Promise<number> {
    return this.#value(`inl ${port}`)
  }

  async out8(port: number, value: number): Promise<void> {
    await this.#ask(`outb ${port} ${value}`)
  }

  async out16(port: number, value: number): Promise<void> {
    await this.#ask(`outw ${port} ${value}`)
  }

  async out32(port: number, value: number): Promise<void> {
    await this.#ask(`outl ${port} ${value}`)
  }

  async inWords(port: number, count: number): Promise<Uint8Array> {
    const words = await Promise.all(Array.from({ length: count }, () => this.in16(port)))
    return new Uint8Array(Uint16Array.from(words).buffer)
  }

  async outWords(port: number, data: Uint8Array): Promise<void> {
    const words = new Uint16Array(data.slice().buffer)
    await Promise.all(Array.from(words, (word) => this.out16(port, word)))
  }

  async readMemory(gpa: number, bytes: number): Promise<Uint8Array> {
    const answer = await this.#ask(`read ${gpa} ${bytes}`)
    return new Uint8Array(Buffer.from(answer.slice('OK 0x'.length), 'hex'))
  }

  async writeMemory(gpa: number, data: Uint8Array): Promise<void> {
    await this.#ask(`write ${gpa} ${data.length} 0x${Buffer.from(data).toString('hex')}`)
  }

  async wait(): Promise<void> {
    // Any answer takes a turn of its main loop, in which completions arrive.
    await this.in8(0x80)
  }

  close(): Promise<void> {
    return this.#stop()
  }

  #ask(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#pending.push((answer) => {
        if (answer.startsWith('OK')) resolve(answer)
        else reject(new Error(`QEMU answers ${answer} to ${command}`))
      })
      this.#send(command)
    })
  }

  async #value(command: string): Promise<number> {
    return Number((await this.#ask(command)).slice('OK '.length)) >>> 0
  }
}
