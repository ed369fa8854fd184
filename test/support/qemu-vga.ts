/** Runs scripts of VGA accesses in QEMU, by a boot sector that interprets them, and takes its picture of each. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Picture } from './vga-rig.ts'
import type { VgaStep } from './vga-script.ts'

const SECTOR = 512
const TRACK = 18
/** Sectors used of each track: 8 KiB, so that no read crosses a boundary of 64 KiB, which floppy DMA cannot. */
const USED = 16

/**
 * Loads tracks behind itself to 1000:0000 and does what the records there say. Records: a kind byte, then words. Between
 * scripts it sends D on COM1 and waits for a byte.
 */
const INTERPRETER = `
  bits 16
  org 0x7c00
  xor ax, ax
  mov ss, ax
  mov sp, 0x7c00
  mov ds, ax
  mov ax, 0x1000
  mov es, ax
  mov ch, 0
track:
  inc ch
  xor bx, bx
  mov dx, 0
  mov ax, 0x0200 + 16
  mov cl, 1
  int 0x13
  mov ax, es
  add ax, 16 * 32
  mov es, ax
  dec word [tracks]
  jnz track
  cli
  mov ax, 0x1000
  mov ds, ax
  xor si, si
next:
  cmp si, 0x8000
  jb inside
  sub si, 0x8000
  mov ax, ds
  add ax, 0x800
  mov ds, ax
inside:
  lodsb
  cmp al, 1
  je out8
  cmp al, 2
  je out16
  cmp al, 3
  je in8
  cmp al, 4
  je read
  cmp al, 5
  je write
  cmp al, 6
  je fill
  cmp al, 7
  je constant
  mov dx, 0x3f8
  mov al, 'D'
  out dx, al
wait_byte:
  mov dx, 0x3fd
  in al, dx
  test al, 1
  jz wait_byte
  mov dx, 0x3f8
  in al, dx
  jmp next
out8:
  lodsw
  mov dx, ax
  lodsw
  out dx, al
  jmp next
out16:
  lodsw
  mov dx, ax
  lodsw
  out dx, ax
  jmp next
in8:
  lodsw
  mov dx, ax
  in al, dx
  jmp next
place:
  lodsw
  mov es, ax
  lodsw
  mov di, ax
  ret
read:
  call place
  mov al, [es:di]
  jmp next
write:
  call place
  lodsw
  mov cx, ax
  rep movsb
  jmp next
constant:
  call place
  lodsw
  mov cx, ax
  lodsw
  rep stosb
  jmp next
fill:
  call place
  lodsw
  mov cx, ax
  lodsw
  mov bp, ax
spread:
  mov ax, 25173
  mul bp
  add ax, 13849
  mov bp, ax
  mov [es:di], ah
  inc di
  loop spread
  jmp next
tracks:
  dw TRACKS
  times 510 - ($ - $$) db 0
  dw 0xaa55
`

function encode(steps: readonly VgaStep[]): number[] {
  const bytes: number[] = []
  const word = (value: number): void => void bytes.push(value & 0xff, (value >>> 8) & 0xff)
  const place = (gpa: number): void => {
    word((gpa & 0xf_8000) >>> 4)
    word(gpa & 0x7fff)
  }
  for (const step of steps) {
    bytes.push({ out8: 1, out16: 2, in8: 3, read: 4, write: 5, fill: 6 }[step.kind])
    if (step.kind === 'out8' || step.kind === 'out16') {
      word(step.port)
      word(step.value)
    } else if (step.kind === 'in8') word(step.port)
    else {
      place(step.gpa)
      if (step.kind === 'write') {
        word(step.bytes.length)
        bytes.push(...step.bytes)
      } else if (step.kind === 'fill') {
        if (step.constant) bytes[bytes.length - 5] = 7
        word(step.count)
        word(step.seed)
      }
    }
  }
  return [...bytes, 0]
}

function buildFloppy(folder: string, nasm: string, scripts: readonly (readonly VgaStep[])[]): string {
  const data = scripts.flatMap(encode)
  const tracks = Math.ceil(data.length / (USED * SECTOR))
  // Tracks of head 0 only: the loader counts cylinders, and the other head's sectors lie between.
  const image = new Uint8Array(80 * 2 * TRACK * SECTOR)
  const source = join(folder, 'boot.asm')
  writeFileSync(source, INTERPRETER.replace('TRACKS', String(tracks)))
  execFileSync(nasm, ['-f', 'bin', '-o', join(folder, 'boot.bin'), source])
  image.set(readFileSync(join(folder, 'boot.bin')))
  for (let track = 0; track < tracks; track++) {
    const bytes = data.slice(track * USED * SECTOR, (track + 1) * USED * SECTOR)
    image.set(bytes, (track + 1) * 2 * TRACK * SECTOR)
  }
  const path = join(folder, 'floppy.img')
  writeFileSync(path, image)
  return path
}

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
  const floppy = buildFloppy(folder, programs.nasm, scripts)
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
