/**
 * Programs for comparing executions: functions with loops, calls, indirect jumps and returns, around instructions of every
 * row; code that rewrites itself, remaps pages under itself, changes modes, traps and faults, and begins again.
 */
import type { Random } from '../support/random.ts'
import type { CodeItem } from './code-writer.ts'
import { CodeWriter, dword, Label, word } from './code-writer.ts'
import * as M from './layout.ts'
import type { CodeSetting, Family } from './random-instruction.ts'
import { randomAddress, randomValue, writePointer, writeRandom, writeString } from './random-instruction.ts'

export const MODES = ['flat', 'paged', 'user', 'based', 'code16', 'vm86', 'real'] as const
export type Mode = (typeof MODES)[number]

export interface Program {
  readonly mode: Mode
  readonly setting: CodeSetting
  readonly items: readonly CodeItem[]
  /** Linear address of the first instruction. */
  readonly entry: number
  /** Linear addresses in the table of targets. */
  readonly targets: readonly number[]
}

function settingOf(mode: Mode): CodeSetting {
  const real = mode === 'real' || mode === 'vm86'
  return {
    code32: !real && mode !== 'code16',
    paged: mode === 'paged' || mode === 'user' || mode === 'vm86' || mode === 'code16',
    kernel: mode === 'flat' || mode === 'paged' || mode === 'based' || mode === 'code16' || mode === 'real',
    dataBase: real || mode === 'based' ? M.DATA : 0,
    codeBase: real || mode === 'based' ? M.CODE : 0,
    wide: !real && mode !== 'based',
  }
}

const TARGETS = 32

class ProgramWriter {
  readonly w: CodeWriter
  readonly random: Random
  readonly mode: Mode
  readonly setting: CodeSetting
  readonly targets: number[] = []
  #functions: Label[] = []
  #level = 0
  /** Immediate operands that other code may rewrite. */
  readonly #patchable: { at: number; bytes: number }[] = []

  constructor(random: Random, mode: Mode) {
    this.random = random
    this.mode = mode
    this.#flavour = random.pick(['x87', 'sse', 'mmx', 'simple', 'mixed', 'mixed', 'mixed', 'mixed'] as const)
    this.#most = 20 + random.below(random.below(4) ? 120 : 500)
    this.setting = settingOf(mode)
    this.w = new CodeWriter(
      M.CODE + [0, 0xf80, 0x1f00, 0xfe0][random.below(4)]! + random.below(64),
      this.setting.code32,
    )
  }

  get #prefix32(): number[] {
    return this.setting.code32 ? [] : [0x66]
  }

  #register(): number {
    return this.random.below(3)
  }

  #write(address: number, text: string, opcode: number[], digit: number, ...immediate: number[]): void {
    const offset = (address - this.setting.dataBase) >>> 0
    const { code32 } = this.setting
    if (code32)
      this.w.emit(`${text} [${offset.toString(16)}]`, ...opcode, (digit << 3) | 5, ...dword(offset), ...immediate)
    else
      this.w.emit(`${text} [${offset.toString(16)}]`, 0x67, ...opcode, (digit << 3) | 5, ...dword(offset), ...immediate)
  }

  /** Ordinary instructions. */
  #plain(): void {
    const { random, w, setting } = this
    const n = random.below(100)
    const flavour = this.#flavour
    if (flavour === 'simple' && n >= 6) return writeRandom(w, random, setting, 'integer')
    if (flavour !== 'mixed' && flavour !== 'simple' && n >= 40) return writeRandom(w, random, setting, flavour)
    let family: Family = 'integer'
    if (n < 6) return writePointer(w, random, setting, [3, 5, 6, 7][random.below(4)]!)
    if (n < 14) family = 'sse'
    else if (n < 20) family = 'x87'
    else if (n < 25) family = 'mmx'
    else if (n < 29) return writeString(w, random, setting)
    else if (n < 31) family = 'rare'
    else if (n < 36) return this.#immediate()
    writeRandom(w, random, setting, family)
  }

  /** An instruction whose immediate operand may be rewritten. */
  #immediate(): void {
    const { random, w } = this
    const r = this.#register()
    const value = randomValue(random)
    if (random.below(2))
      w.emit(`add r${r}, imm`, ...this.#prefix32, 0x81, 0xc0 | (random.below(8) << 3) | r, ...dword(value))
    else w.emit(`mov r${r}, imm`, ...this.#prefix32, 0xb8 + r, ...dword(value))
    this.#patchable.push({ at: w.at - 4, bytes: 4 })
    if (random.below(3) === 0) {
      w.emit(`inc r${r}`, 0x40 + r)
      this.#patchable.push({ at: w.at - 1, bytes: 0 })
    }
  }

  /** Rewrites an instruction: its immediate, or INC to DEC and back. */
  #patch(): void {
    const { random } = this
    const target = this.#patchable.length ? random.pick(this.#patchable) : undefined
    if (!target) return this.#plain()
    const alias = this.setting.paged && this.setting.wide && random.below(3) === 0
    const at = alias ? target.at - M.CODE + M.ALIAS : target.at
    if (target.bytes === 0) this.#write(at, 'xor byte', [0x80], 6, 8)
    else if (random.below(3) === 0) this.#write(at, 'add byte', [0x80], 0, random.below(256))
    else if (random.below(2)) this.#write(at, 'mov', [...this.#prefix32, 0x89], this.#register())
    else this.#write(at, 'add dword', [...this.#prefix32, 0x81], 0, ...dword(random.next()))
  }

  #remap(): void {
    const { random, w } = this
    if (!(this.setting.paged && this.setting.kernel)) return this.#plain()
    const page = random.below(3) ? 3 : 4 + random.below(12)
    const flags = [7, 7, 7, 0x67, 3, 5, 6, 0x27][random.below(8)]!
    const frame =
      page === 3 ? M.TWINS[random.below(2)]! : [M.DATA, M.DATA + 0x3000, M.SPARE, M.CODE, M.MMIO][random.below(5)]!
    this.#write(
      M.PAGE_TABLES + 0x1000 + page * 4,
      'mov dword (remap)',
      [...this.#prefix32, 0xc7],
      0,
      ...dword(frame | (page === 3 ? 7 : flags)),
    )
    if (random.below(3) === 0) {
      w.emit('mov eax, cr3; mov cr3, eax', 0x0f, 0x20, 0xd8)
      w.emit('mov cr3, eax', 0x0f, 0x22, 0xd8)
    } else this.#write(M.ALIAS + page * 0x1000, 'invlpg', [0x0f, 0x01], 7)
  }

  #control(): void {
    const { random, w } = this
    if (!this.setting.kernel || this.mode === 'real') return this.#plain()
    switch (random.below(6)) {
      case 0: // CR0.WP
        w.emit('mov eax, cr0', 0x0f, 0x20, 0xc0)
        w.emit('xor eax, WP', ...this.#prefix32, 0x35, ...dword(0x1_0000))
        w.emit('mov cr0, eax', 0x0f, 0x22, 0xc0)
        break
      case 1: // CR0.PG off, and on again a little later
        if (!this.setting.paged) return this.#plain()
        w.emit('mov eax, cr0', 0x0f, 0x20, 0xc0)
        w.emit('and eax, ~PG', ...this.#prefix32, 0x25, ...dword(0x7fff_ffff))
        w.emit('mov cr0, eax', 0x0f, 0x22, 0xc0)
        for (let i = random.below(4); i > 0; i--) this.#plain()
        w.emit('mov eax, cr0', 0x0f, 0x20, 0xc0)
        w.emit('or eax, PG', ...this.#prefix32, 0x0d, ...dword(0x8000_0000))
        w.emit('mov cr0, eax', 0x0f, 0x22, 0xc0)
        break
      case 2: // CR0.TS and EM, seldom
        w.emit('mov eax, cr0', 0x0f, 0x20, 0xc0)
        w.emit('or eax, TS', 0x0c, 8)
        w.emit('mov cr0, eax', 0x0f, 0x22, 0xc0)
        break
      case 3:
        w.emit('clts', 0x0f, 0x06)
        break
      case 4:
        w.emit('mov eax, cr2', 0x0f, 0x20, 0xd0)
        break
      default: // CR4.PGE, PSE on and off: PSE decides what the large page is
        w.emit('mov eax, cr4', 0x0f, 0x20, 0xe0)
        w.emit('xor eax, PGE', ...this.#prefix32, 0x35, ...dword(random.below(4) ? 0x80 : 0x10))
        w.emit('mov cr4, eax', 0x0f, 0x22, 0xe0)
    }
  }

  #segment(): void {
    const { random, w } = this
    const { kernel } = this.setting
    const real = this.mode === 'real' || this.mode === 'vm86'
    const choices = real
      ? [0x1000, 0x1000, 0x1100, 0x1234, 0x0f00]
      : kernel
        ? [
            M.FLAT_DATA,
            M.FLAT_DATA,
            M.BASED_DATA,
            M.LIMITED_DATA,
            M.READ_ONLY,
            M.READABLE_CODE,
            M.EXPAND_DOWN,
            0,
            0xf8,
            M.USER_DATA,
          ]
        : [M.USER_DATA, M.USER_DATA, M.USER_BASED | 3, 0, M.FLAT_DATA]
    const home = real ? 0x1000 : this.mode === 'based' ? M.BASED_DATA : kernel ? M.FLAT_DATA : M.USER_DATA
    const segment = [0, 3, 4, 5, 0, 3][random.below(6)]!
    const load = (selector: number) => {
      const r = this.#register()
      if (this.setting.code32) w.emit(`mov r${r}, sel`, 0xb8 + r, ...dword(selector))
      else w.emit(`mov r${r}, sel`, 0xb8 + r, ...word(selector))
      w.emit(`mov sreg${segment}, r${r} (${selector.toString(16)})`, 0x8e, 0xc0 | (segment << 3) | r)
    }
    load(random.pick(choices))
    for (let i = random.below(5); i > 0; i--) this.#plain()
    if (random.below(8)) load(home)
    if (random.below(6) === 0) {
      // The stack segment as it is: interrupts and traps wait for one instruction.
      const r = this.#register()
      w.emit(`mov r${r}, ss`, 0x8c, 0xd0 | r)
      w.emit(`mov ss, r${r}`, 0x8e, 0xd0 | r)
    }
  }

  #trace(): void {
    const { w, random } = this
    w.emit('pushf', ...this.#prefix32, 0x9c)
    const bit = random.below(3) ? 1 : 0
    // TF, or NT, AC and ID as harmless others.
    if (bit) w.emit('or byte [esp+1], TF', ...(this.setting.code32 ? [] : [0x67]), 0x80, 0x4c, 0x24, 1, 1)
    else
      w.emit(
        'xor byte [esp+2], AC',
        ...(this.setting.code32 ? [] : [0x67]),
        0x80,
        0x74,
        0x24,
        2,
        random.below(2) ? 4 : 0x20,
      )
    w.emit('popf', ...this.#prefix32, 0x9d)
  }

  #port(): void {
    const { w, random } = this
    if (random.below(2)) w.emit('in al, imm', 0xe4, 0x60 + random.below(16))
    else w.emit('out imm, al', 0xe6, 0x60 + random.below(16))
  }

  #interrupt(): void {
    const { w, random } = this
    switch (random.below(6)) {
      case 0:
        return void w.emit('int3', 0xcc)
      case 1:
        return void w.emit('into', 0xce)
      case 2:
        return void w.emit('rdtsc', 0x0f, 0x31)
      case 3:
        return void w.emit('sti', 0xfb)
      case 4:
        return void w.emit('cli', 0xfa)
      default:
        w.emit('int n', 0xcd, 0x20 + random.below(16))
    }
  }

  /** PUSH and POP in pairs, of whatever width. */
  #stack(): void {
    const { w, random } = this
    const narrow = random.below(5) === 0 ? [0x66] : []
    switch (random.below(7)) {
      case 0:
        w.emit('pushf', ...narrow, 0x9c)
        break
      case 1:
        w.emit('push imm8', ...narrow, 0x6a, random.below(256))
        break
      case 2: {
        const address = randomAddress(random, this.setting)
        this.#write(address, 'push', [...narrow, 0xff], 6)
        break
      }
      case 3:
        if (narrow.length === 0) {
          w.emit('pusha', 0x60)
          this.#body(1 + random.below(2))
          w.emit('popa', 0x61)
          return
        }
        w.emit('push', ...narrow, 0x50 + random.below(8))
        break
      case 4:
        w.emit('enter', 0xc8, random.below(4) * 4, 0, random.below(3))
        this.#body(1 + random.below(2))
        w.emit('leave', 0xc9)
        return
      default:
        w.emit('push', ...narrow, 0x50 + random.below(8))
    }
    if (random.below(2)) this.#body(1 + random.below(3))
    const r = random.below(5) ? this.#register() : [3, 5, 6, 7][random.below(4)]!
    if (random.below(5)) w.emit(`pop r${r}`, ...narrow, 0x58 + r)
    else this.#write(randomAddress(random, this.setting), 'pop', [...narrow, 0x8f], 0)
  }

  /** A conditional branch forward over some code. */
  #skip(): void {
    const { w, random } = this
    const over = new Label()
    const kind = random.below(16)
    if (kind < 12) w.short('jcc', 0x70 + random.below(16), over)
    else if (kind < 15) w.near('jcc near', [0x0f, 0x80 + random.below(16)], over)
    else w.short('jcxz', 0xe3, over)
    this.#body(1 + random.below(3))
    if (random.below(3) === 0) {
      const end = new Label()
      w.short('jmp', 0xeb, end)
      w.bind(over)
      this.#body(1 + random.below(3))
      w.bind(end)
    } else w.bind(over)
  }

  #loop(): void {
    const { w, random } = this
    const again = new Label()
    const count = 1 + random.below(random.below(3) ? 12 : 60)
    w.emit('push ecx', ...this.#prefix32, 0x51)
    w.emit(`mov ecx, ${count}`, ...this.#prefix32, 0xb9, ...dword(count))
    w.bind(again)
    const kind = random.below(3)
    w.emit('push ecx', ...this.#prefix32, 0x51)
    this.#body(1 + random.below(4))
    w.emit('pop ecx', ...this.#prefix32, 0x59)
    if (kind === 0) w.short('loop', 0xe2, again)
    else {
      w.emit('dec ecx', ...this.#prefix32, 0x49)
      if (kind === 1) w.near('jnz', [0x0f, 0x85], again)
      else w.short('jg', 0x7f, again)
    }
    w.emit('pop ecx', ...this.#prefix32, 0x59)
  }

  #target(label: Label): number {
    const index = this.targets.length
    this.targets.push(0)
    this.w.address(label, (at) => {
      this.targets[index] = at
    })
    return index
  }

  /** Indirect jump through a table of up to four targets ahead. */
  #switch(): void {
    const { w, random } = this
    if (!this.setting.wide || !this.setting.code32 || this.targets.length + 4 > TARGETS) return this.#skip()
    const first = this.targets.length
    const labels = Array.from({ length: 4 }, () => new Label())
    for (const label of labels) this.#target(label)
    const r = this.#register()
    w.emit(`and r${r}, 3`, 0x83, 0xe0 | r, 3)
    w.emit(`jmp [r${r}*4+table]`, 0xff, 0x24, 0x85 | (r << 3), ...dword(M.TARGETS + first * 4))
    for (const label of labels) {
      w.bind(label)
      this.#body(random.below(2))
    }
  }

  #call(): void {
    const { w, random } = this
    const later = this.#functions.slice(this.#level + 1)
    const twin = this.setting.paged && this.setting.code32 && this.setting.wide && random.below(3) === 0
    if (twin) {
      w.emit('mov eax, twin', 0xb8, ...dword(M.ALIAS_TWIN + 0x10))
      w.emit('call eax', 0xff, 0xd0)
      return
    }
    if (later.length === 0) return this.#plain()
    const callee = random.pick(later)
    const way = random.below(5)
    if (way < 2 || !this.setting.wide) return w.near('call', [0xe8], callee)
    if (way === 2 && this.setting.code32 && this.targets.length < TARGETS) {
      const index = this.#target(callee)
      w.emit('call [table]', 0xff, 0x15, ...dword(M.TARGETS + index * 4))
    } else if (way === 3 && this.setting.code32) {
      const item = w.emit('mov eax, function', 0xb8, 0, 0, 0, 0)
      const alias = this.setting.paged && random.below(3) === 0
      w.address(callee, (at) => item.bytes.splice(1, 4, ...dword(alias ? at - M.CODE + M.ALIAS : at)))
      w.emit('call eax', 0xff, 0xd0)
    } else w.near('call', [0xe8], callee)
  }

  /** A far jump, or an IRET, to the next instruction; in kernel code with a 16-bit excursion. */
  #far(): void {
    const { w, random } = this
    const { kernel, code32, codeBase } = this.setting
    if (this.mode === 'real' || this.mode === 'vm86') {
      const item = w.emit('jmp far', 0xea, 0, 0, ...word(M.CODE >>> 4))
      item.bytes.splice(1, 2, ...word(w.at - codeBase))
      return
    }
    const selector = this.mode === 'based' ? M.BASED_CODE : code32 ? (kernel ? M.FLAT_CODE : M.USER_CODE) : M.CODE16
    if (random.below(2)) {
      w.emit('pushf', ...this.#prefix32, 0x9c)
      w.emit('push cs', ...this.#prefix32, 0x0e)
      const item = w.emit('push next', ...this.#prefix32, 0x68, 0, 0, 0, 0)
      w.emit('iret', ...this.#prefix32, 0xcf)
      item.bytes.splice(-4, 4, ...dword(w.at - codeBase))
      return
    }
    const item = w.emit('jmp far', ...this.#prefix32, 0xea, 0, 0, 0, 0, ...word(selector))
    const at = this.#prefix32.length + 1
    if (code32 && random.below(2) && this.mode !== 'based') {
      // Some 16-bit code, and back.
      item.bytes.splice(at, 4, ...dword(w.at))
      item.bytes.splice(at + 4, 2, ...word(kernel ? M.CODE16 : M.USER_CODE16))
      for (let i = 0; i < 1 + random.below(4); i++)
        w.emit('alu16', (random.below(8) << 3) | 3, 0xc0 | (this.#register() << 3) | this.#register())
      w.emit('mov ax, imm16', 0xb8, ...word(random.next()))
      const back = w.emit('jmp far back', 0x66, 0xea, 0, 0, 0, 0, ...word(selector))
      back.bytes.splice(2, 4, ...dword(w.at))
    } else item.bytes.splice(at, 4, ...dword(w.at - codeBase))
  }

  #depth = 0
  /** What the program has much of, if anything; simple ones have nothing but integers and memory. */
  readonly #flavour: 'x87' | 'sse' | 'mmx' | 'simple' | 'mixed'
  /** Instructions after which bodies end. */
  readonly #most: number

  #body(parts: number): void {
    const { random } = this
    this.#depth++
    for (let i = 0; i < parts; i++) {
      for (let k = random.below(5); k > 0; k--) this.#plain()
      if (this.w.at > M.CODE + M.CODE_BYTES - 0x400 || this.w.items.length > this.#most) break
      const n = random.below(100)
      if (n < 24) this.#skip()
      else if (n < 36 && this.#depth < 4) this.#loop()
      else if (n < 50) this.#stack()
      else if (n < 62) this.#call()
      else if (n < 68) this.#patch()
      else if (n < 72) this.#switch()
      else if (n < 76) this.#remap()
      else if (n < 79) this.#control()
      else if (n < 83) this.#segment()
      else if (n < 85) this.#trace()
      else if (n < 88) this.#port()
      else if (n < 92) this.#interrupt()
      else if (n < 95) this.#far()
      else this.#immediate()
    }
    this.#depth--
  }

  write(): Program {
    const { random, w } = this
    const entry = w.at
    const count = 1 + random.below(5)
    this.#functions = Array.from({ length: count }, () => new Label())
    w.bind(this.#functions[0]!)
    for (let n = 0; n < count; n++) {
      this.#level = n
      if (n > 0) {
        // Somewhere behind, sometimes so that it crosses a page.
        if (random.below(3) === 0)
          w.at = Math.min((w.at & ~0xfff) + 0x1000 - random.below(80), M.CODE + M.CODE_BYTES - 0x300)
        if (w.at <= w.items.at(-1)!.at + w.items.at(-1)!.bytes.length)
          w.at = w.items.at(-1)!.at + w.items.at(-1)!.bytes.length
        w.bind(this.#functions[n]!)
      }
      this.#body(2 + random.below(4))
      if (n === 0) w.near('jmp start', [0xe9], this.#functions[0]!)
      else w.emit('ret', 0xc3)
    }
    const items = [...w.items]
    if (this.setting.paged && this.setting.code32) items.push(...this.#twins())
    return { mode: this.mode, setting: this.setting, items, entry, targets: this.targets }
  }

  /** The twins: the same instructions with other immediates. */
  #twins(): CodeItem[] {
    const { random } = this
    const w = new CodeWriter(M.TWINS[0] + 0x10, true)
    const counter = new Label()
    w.emit('mov ecx, 5', 0xb9, ...dword(5))
    w.bind(counter)
    const from = w.items.length
    for (let i = 0; i < 2 + random.below(6); i++) {
      const r = [0, 2][random.below(2)]!
      w.emit(`alu r${r}, imm`, 0x81, 0xc0 | (random.below(8) << 3) | r, ...dword(random.next()))
    }
    const to = w.items.length
    w.emit('dec ecx', 0x49)
    w.short('jnz', 0x75, counter)
    w.emit('ret', 0xc3)
    const other = w.items.map((item, i) => {
      const bytes = [...item.bytes]
      if (i >= from && i < to) bytes.splice(2, 4, ...dword(random.next()))
      return { at: item.at - M.TWINS[0] + M.TWINS[1], bytes, text: item.text }
    })
    return [...w.items, ...other]
  }
}

/** A program for `mode`. */
export function writeProgram(random: Random, mode: Mode): Program {
  return new ProgramWriter(random, mode).write()
}
