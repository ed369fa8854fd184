/** Runs scripts of VGA accesses in QEMU and takes its picture of each. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildScriptFloppy } from './vga-floppy.ts'
import type { Picture } from './vga-rig.ts'
import type { VgaStep } from './vga-script.ts'

function parsePpm(bytes: Buffer): Picture {
  const header = /^P6\n(\d+) (\d+)\n255\n/.exec(bytes.toString('latin1', 0, 64))
  if (!header) throw new Error('QEMU did not write a PPM picture')
  const [width, height] = [Number(header[1]), Number(header[2])]
  const at = header[0].length
  const pixels = Uint32Array.from({ length: width * height }, (_, i) => bytes.readUIntBE(at + 3 * i, 3))
  return { width, height, pixels }
}

/** QEMU's monitor protocol: one command at a time, events are skipped. */
class Monitor {
  readonly #socket
  #buffer = ''
  #answer: (line: string) => void = () => {}

  constructor(path: string) {
    this.#socket = connect(path)
    this.#socket.setEncoding('utf8').on('data', (text: string) => {
      this.#buffer += text
      for (let end = this.#buffer.indexOf('\n'); end >= 0; end = this.#buffer.indexOf('\n')) {
        const line = this.#buffer.slice(0, end)
        this.#buffer = this.#buffer.slice(end + 1)
        if (/"(return|error)"/.test(line)) this.#answer(line)
      }
    })
  }

  async command(execute: string, parameters: object = {}): Promise<void> {
    const answer = new Promise<string>((resolve) => {
      this.#answer = resolve
    })
    this.#socket.write(`${JSON.stringify({ execute, arguments: parameters })}\n`)
    const line = await answer
    if (line.includes('"error"')) throw new Error(`QEMU: ${line}`)
  }

  close(): void {
    this.#socket.destroy()
  }
}

/** Waits for the next D from the boot sector. */
async function scriptDone(process: ChildProcess): Promise<void> {
  for (;;) {
    const [data] = (await once(process.stdout!, 'data')) as [Buffer]
    if (data.includes('D')) return
  }
}

/** The picture after each script. Scripts are done one after the other by one machine. */
export async function qemuPictures(
  programs: { readonly qemu: string; readonly nasm: string },
  scripts: readonly (readonly VgaStep[])[],
): Promise<Picture[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vga-'))
  const socket = join(folder, 'monitor')
  const floppy = join(folder, 'floppy.img')
  writeFileSync(floppy, buildScriptFloppy(programs.nasm, scripts))
  const machine = ['-M', 'pc', '-m', '16', '-vga', 'std', '-display', 'none', '-nic', 'none']
  const disks = ['-drive', `if=floppy,format=raw,file=${floppy}`, '-boot', 'a']
  const child = spawn(programs.qemu, [
    ...machine,
    ...disks,
    '-serial',
    'stdio',
    '-qmp',
    `unix:${socket},server=on,wait=off`,
  ])
  const pictures: Picture[] = []
  try {
    let monitor: Monitor | undefined
    for (const index of scripts.keys()) {
      await scriptDone(child)
      monitor ??= new Monitor(socket)
      if (index === 0) await monitor.command('qmp_capabilities')
      const path = join(folder, `${index}.ppm`)
      await monitor.command('screendump', { filename: path })
      pictures.push(parsePpm(readFileSync(path)))
      child.stdin?.write('n')
    }
    monitor?.close()
  } finally {
    child.kill()
    await once(child, 'exit')
    rmSync(folder, { recursive: true })
  }
  return pictures
}
