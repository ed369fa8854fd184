/**
 * Builds the body of one WebAssembly function: locals, statements and structured control flow. Statements are emitted in the
 * order of the calls. Labels are relative depths, computed here, so that callers name blocks and never count them.
 */
import { ByteSink } from './byte-sink.ts'
import type { Expr, I32In, I64In, ValType } from './expr.ts'
import { asI32, asI64, VAL_TYPE_CODE } from './expr.ts'

/** A local variable; as an expression, its present value. */
export interface Local<T extends ValType = ValType> extends Expr<T> {
  readonly index: number
}

/** Target of a branch: the end of a block, or the beginning of a loop. */
export interface Label {
  readonly level: number
}

/** A function that can be called: its index in the module and its type. */
export interface Callee<R extends ValType | 'void' = ValType | 'void'> {
  readonly index: number
  readonly params: readonly ValType[]
  readonly result: R
}

/** Whether a condition mostly holds: what is unlikely is compiled out of the way, with its spills. */
export type Hint = 'likely' | 'unlikely'

/** A function under construction. Get one from ModuleBuilder.define. */
export class FunctionBuilder {
  readonly params: readonly ValType[]
  readonly #locals: ValType[] = []
  readonly #free = new Map<ValType, number[]>()
  #out = new ByteSink()
  readonly #start = new ByteSink()
  readonly #hints: { readonly sink: ByteSink; readonly at: number; readonly taken: 0 | 1 }[] = []
  #level = 0
  /** Locals handed out in the innermost scope. */
  #scope: Local[] | undefined

  constructor(params: readonly ValType[]) {
    this.params = params
  }

  /** Parameter number `index`. */
  param<T extends ValType>(index: number, type: T): Local<T> {
    return makeLocal(type, index)
  }

  /** A new local. It is zero at function entry unless locals are given back with `release` or by `scope`. */
  local<T extends ValType>(type: T): Local<T> {
    const reused = this.#free.get(type)?.pop()
    const local = makeLocal(type, reused ?? this.params.length + this.#locals.push(type) - 1)
    this.#scope?.push(local)
    return local
  }

  /** Runs `body` and gives back the locals made in it, except those among `kept()`. */
  scope(body: () => void, kept: () => readonly Expr[]): void {
    const outer = this.#scope
    const own: Local[] = []
    this.#scope = own
    body()
    this.#scope = outer
    const stay = new Set(kept().map((e) => (e as Partial<Local>).index))
    for (const local of own) {
      if (!stay.has(local.index)) this.release(local)
      else outer?.push(local)
    }
  }

  /** How many blocks, loops and ifs are open. */
  get depth(): number {
    return this.#level
  }

  /** Statements that `build` makes go to the function's beginning, before everything else (blocks opened so far included). */
  prologue(build: () => void): void {
    const [out, level] = [this.#out, this.#level]
    this.#out = this.#start
    this.#level = 0
    build()
    this.#out = out
    this.#level = level
  }

  /** Gives a local back for reuse. Its value is undefined after the next `local`. */
  release(local: Local): void {
    const held = this.#scope?.findIndex((e) => e.index === local.index) ?? -1
    if (held >= 0) this.#scope!.splice(held, 1)
    const list = this.#free.get(local.type)
    if (list) list.push(local.index)
    else this.#free.set(local.type, [local.index])
  }

  /** Evaluates `value` here and binds it. Constants stay constants. */
  let<T extends ValType>(value: Expr<T>): Expr<T> {
    if (value.constant !== undefined) return value
    const local = this.local(value.type)
    this.set(local, value)
    return value.max === undefined ? local : { ...local, max: value.max }
  }

  /** The same, but always a variable that `set` may change. */
  variable<T extends ValType>(value: Expr<T>): Local<T> {
    const local = this.local(value.type)
    this.set(local, value)
    return local
  }

  set<T extends ValType>(local: Local<T>, value: Expr<T>): void {
    value.emit(this.#out)
    this.#out.u8(0x21)
    this.#out.u32(local.index)
  }

  /** Evaluates an expression for its effects and drops the value. */
  drop(value: Expr): void {
    value.emit(this.#out)
    this.#out.u8(0x1a)
  }

  #store(opcode: number, address: I32In, value: Expr, offset: number): void {
    asI32(address).emit(this.#out)
    value.emit(this.#out)
    this.#out.u8(opcode)
    this.#out.u32(0)
    this.#out.u32(offset)
  }

  store8(address: I32In, value: I32In, offset = 0): void {
    this.#store(0x3a, address, asI32(value), offset)
  }
  store16(address: I32In, value: I32In, offset = 0): void {
    this.#store(0x3b, address, asI32(value), offset)
  }
  store32(address: I32In, value: I32In, offset = 0): void {
    this.#store(0x36, address, asI32(value), offset)
  }
  store64(address: I32In, value: I64In, offset = 0): void {
    this.#store(0x37, address, asI64(value), offset)
  }
  storeF32(address: I32In, value: Expr<'f32'>, offset = 0): void {
    this.#store(0x38, address, value, offset)
  }
  storeF64(address: I32In, value: Expr<'f64'>, offset = 0): void {
    this.#store(0x39, address, value, offset)
  }
  storeV128(address: I32In, value: Expr<'v128'>, offset = 0): void {
    asI32(address).emit(this.#out)
    value.emit(this.#out)
    this.#out.u8(0xfd)
    this.#out.u32(11)
    this.#out.u32(0)
    this.#out.u32(offset)
  }

  /** memory.copy: `length` bytes from `source` to `destination`, as if through a buffer. */
  copy(destination: I32In, source: I32In, length: I32In): void {
    for (const e of [destination, source, length]) asI32(e).emit(this.#out)
    this.#out.raw([0xfc, 10, 0, 0])
  }

  /** memory.fill with the low byte of `value`. */
  fill(destination: I32In, value: I32In, length: I32In): void {
    for (const e of [destination, value, length]) asI32(e).emit(this.#out)
    this.#out.raw([0xfc, 11, 0])
  }

  if(condition: I32In, then: () => void, otherwise?: () => void, hint?: Hint): void {
    const c = asI32(condition)
    if (c.constant !== undefined) {
      if (c.constant) then()
      else otherwise?.()
      return
    }
    c.emit(this.#out)
    if (hint) this.#hints.push({ sink: this.#out, at: this.#out.length, taken: hint === 'likely' ? 1 : 0 })
    this.#out.u8(0x04)
    this.#out.u8(0x40)
    this.#level++
    then()
    if (otherwise) {
      this.#out.u8(0x05)
      otherwise()
    }
    this.#level--
    this.#out.u8(0x0b)
  }

  /** `body` gets the label of its end. */
  block(body: (end: Label) => void): void {
    this.#out.raw([0x02, 0x40])
    this.#level++
    body({ level: this.#level })
    this.#level--
    this.#out.u8(0x0b)
  }

  /** `body` gets the label of its beginning; it leaves by falling through. */
  loop(body: (again: Label) => void): void {
    this.#out.raw([0x03, 0x40])
    this.#level++
    body({ level: this.#level })
    this.#level--
    this.#out.u8(0x0b)
  }

  br(label: Label): void {
    this.#out.u8(0x0c)
    this.#out.u32(this.#level - label.level)
  }

  brIf(label: Label, condition: I32In, hint?: Hint): void {
    asI32(condition).emit(this.#out)
    if (hint) this.#hints.push({ sink: this.#out, at: this.#out.length, taken: hint === 'likely' ? 1 : 0 })
    this.#out.u8(0x0d)
    this.#out.u32(this.#level - label.level)
  }

  /** Branches to `labels[value - 1]`, or to `otherwise` for 0 and beyond. */
  brTable(value: I32In, labels: readonly Label[], otherwise: Label): void {
    asI32(value).emit(this.#out)
    this.#out.u8(0x0e)
    this.#out.u32(labels.length + 1)
    for (const label of [otherwise, ...labels, otherwise]) this.#out.u32(this.#level - label.level)
  }

  /** Runs `cases[value]`, or `otherwise` outside them. Cases do not fall through. */
  switch(value: I32In, cases: (() => void)[], otherwise: () => void): void {
    this.#out.raw([0x02, 0x40])
    const end = { level: ++this.#level }
    for (let i = 0; i <= cases.length; i++) this.#out.raw([0x02, 0x40])
    this.#level += cases.length + 1
    asI32(value).emit(this.#out)
    this.#out.u8(0x0e)
    this.#out.u32(cases.length)
    for (let i = 0; i <= cases.length; i++) this.#out.u32(i)
    for (const body of [...cases, otherwise]) {
      this.#level--
      this.#out.u8(0x0b)
      body()
      this.br(end)
    }
    this.#level--
    this.#out.u8(0x0b)
  }

  return(value?: Expr): void {
    value?.emit(this.#out)
    this.#out.u8(0x0f)
  }

  unreachable(): void {
    this.#out.u8(0x00)
  }

  /** Calls for effect; a result is dropped. */
  call(callee: Callee, ...args: Expr[]): void {
    for (const arg of args) arg.emit(this.#out)
    this.#out.u8(0x10)
    this.#out.functionIndex(callee)
    if (callee.result !== 'void') this.#out.u8(0x1a)
  }

  returnCall(callee: Callee, ...args: Expr[]): void {
    for (const arg of args) arg.emit(this.#out)
    this.#out.u8(0x12)
    this.#out.functionIndex(callee)
  }

  /** Tail call of `table[index]`, whose type must be `type`. */
  returnCallIndirect(type: number, table: number, index: I32In, ...args: Expr[]): void {
    for (const arg of [...args, asI32(index)]) arg.emit(this.#out)
    this.#out.u8(0x13)
    this.#out.u32(type)
    this.#out.u32(table)
  }

  callIndirect(type: number, table: number, index: I32In, ...args: Expr[]): void {
    for (const arg of [...args, asI32(index)]) arg.emit(this.#out)
    this.#out.u8(0x11)
    this.#out.u32(type)
    this.#out.u32(table)
  }

  /** Gives back what a function took that is not encoded, or has been. */
  discard(): void {
    this.#start.release()
    this.#out.release()
  }

  /**
   * The body as the code section wants it: locals, instructions, end; and where in it conditions are hinted at, in order
   * (WebAssembly branch hinting: offset from the body's first byte, 1 when mostly taken).
   */
  encode(): { readonly body: ByteSink; readonly hints: readonly { readonly at: number; readonly taken: number }[] } {
    const body = new ByteSink()
    const runs: [ValType, number][] = []
    for (const type of this.#locals) {
      const last = runs.at(-1)
      if (last && last[0] === type) last[1]++
      else runs.push([type, 1])
    }
    body.u32(runs.length)
    for (const [type, count] of runs) {
      body.u32(count)
      body.u8(VAL_TYPE_CODE[type])
    }
    const start = body.length
    body.append(this.#start)
    const middle = body.length
    body.append(this.#out)
    body.u8(0x0b)
    const hints = this.#hints.map(({ sink, at, taken }) => ({
      at: at + (sink === this.#start ? start : middle),
      taken,
    }))
    this.discard()
    return { body, hints: hints.sort((a, b) => a.at - b.at) }
  }
}

/** A call used as a value. */
export function callExpr<R extends ValType>(callee: Callee<R>, ...args: Expr[]): Expr<R> {
  return {
    type: callee.result,
    emit(out) {
      for (const arg of args) arg.emit(out)
      out.u8(0x10)
      out.functionIndex(callee)
    },
  }
}

function makeLocal<T extends ValType>(type: T, index: number): Local<T> {
  return {
    type,
    index,
    emit(out) {
      out.localGet(index)
    },
  }
}

/** Notes the locals of what is emitted into it. */
class LocalsSink extends ByteSink {
  readonly found = new Set<number>()

  override localGet(index: number): void {
    this.found.add(index)
    this.length = 0
  }
}

const locals = new LocalsSink()

/** The locals that an expression of them and constants is made of: it means the same as long as they keep their values. */
export function localsOf(value: Expr): readonly Local<'i32'>[] {
  if (value.constant !== undefined) return []
  if ('index' in value) return [value as Local<'i32'>]
  locals.found.clear()
  value.emit(locals)
  return [...locals.found].map((index) => makeLocal('i32', index))
}
