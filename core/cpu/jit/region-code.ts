/** Makes the WebAssembly module of a region: one function, placed in the interpreter's table like a handler. */
import type { I32, ValType } from '../../wasm/expr.ts'
import type { Callee, Label } from '../../wasm/function-builder.ts'
import { ModuleBuilder } from '../../wasm/module-builder.ts'
import { i32 } from '../../wasm/ops.ts'
import type { Form } from '../decode/forms.ts'
import * as D from '../decode/op-layout.ts'
import { HANDLER_PARAMS } from '../exec/runtime-core.ts'
import type { Linker, RuntimeFunction, SlowPath } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { BlockOps } from './block-ops.ts'
import { flagNeeds } from './flag-needs.ts'
import type { FlagNeed, KeptFlags } from './lazy-flags.ts'
import { PageMemory } from './page-memory.ts'
import type { Region, RegionBlock } from './region-block.ts'
import { RegionFunction } from './region-function.ts'
import { dominates } from './region-shape.ts'

/** Imports what a region refers to: runtime functions from the interpreter, slow paths from the host. */
class RegionLinker implements Linker {
  readonly #builder: ModuleBuilder
  readonly #known = new Map<unknown, Callee>()

  constructor(builder: ModuleBuilder) {
    this.#builder = builder
  }

  runtime<R extends ValType | 'void'>(fn: RuntimeFunction<R>): Callee<R> {
    let callee = this.#known.get(fn) as Callee<R> | undefined
    if (!callee) {
      callee = this.#builder.import('runtime', fn.name, fn.params, fn.result)
      this.#known.set(fn, callee as Callee)
    }
    return callee
  }

  slow(path: SlowPath): Callee {
    let callee = this.#known.get(path)
    if (!callee) {
      callee = this.#builder.import('slow', path.name, new Array<ValType>(path.params).fill('i32'), path.result)
      this.#known.set(path, callee)
    }
    return callee
  }
}

/** Emits the blocks of a region in the structure of their dominator tree. */
class RegionEmitter {
  readonly #fn: RegionFunction
  readonly #linker: Linker
  readonly #region: Region
  readonly #view: DataView
  readonly #valid: number
  readonly #handlerOf: RegionOptions['handlerOf']
  /** Where to go for a loop's beginning, and for a block that several ways lead to. */
  readonly #loops = new Map<RegionBlock, Label>()
  readonly #merges = new Map<RegionBlock, Label>()
  readonly #needs: ReadonlyMap<RegionBlock, FlagNeed>
  /** How the flags come to loops whose beginning is reached from the same code only. */
  readonly #kept = new Map<RegionBlock, KeptFlags>()
  readonly #pages = new Map<RegionBlock, PageMemory>()
  /** The block without code that leads to the entries, where there are several. */
  readonly #head: RegionBlock | undefined

  constructor(
    fn: RegionFunction,
    linker: Linker,
    region: Region,
    view: DataView,
    valid: number,
    handlerOf: RegionOptions['handlerOf'],
  ) {
    this.#handlerOf = handlerOf
    this.#fn = fn
    this.#linker = linker
    this.#region = region
    this.#view = view
    this.#valid = valid
    this.#needs = flagNeeds(region, view)
    this.#head = region.blocks[0]!.address ? undefined : region.blocks[0]
  }

  emit(): void {
    this.#tree(this.#region.blocks[0]!)
  }

  #tree(block: RegionBlock): void {
    const merges = this.#region.blocks.filter((b) => b.dominator === block.order && b !== block && b.forward > 1)
    if (!block.loop) {
      this.#fn.forgetCopies()
      return this.#within(block, merges)
    }
    // At the head the flags are as the entry that comes needs them.
    const { flags } = this.#fn
    const kept = block.again ? flags.enterLoop(this.#needs.get(block)!) : undefined
    if (kept) this.#kept.set(block, kept)
    else if (block !== this.#head) flags.meet(this.#needs.get(block)!)
    this.#fn.loop((again) => {
      this.#loops.set(block, again)
      this.#fn.forgetCopies()
      if (kept) flags.beginLoop(kept)
      this.#within(block, merges)
    })
  }

  /** The block's code, with the blocks it dominates and that several ways lead to behind it, the first in order innermost. */
  #within(block: RegionBlock, merges: RegionBlock[]): void {
    const last = merges.at(-1)
    if (!last)
      return this.#fn.scope(
        () => (block === this.#head ? this.#enter() : this.#code(block)),
        () => [],
      )
    this.#fn.block((end) => {
      this.#merges.set(last, end)
      this.#within(block, merges.slice(0, -1))
    })
    // As every way here has left them; what was emitted last may have left the region with something else.
    this.#fn.flags.begin(this.#needs.get(last)!)
    this.#tree(last)
  }

  /** On to the entry that the function or an indirect jump has chosen. */
  #enter(): void {
    const labels = this.#region.entries.map((entry) => this.#merges.get(entry)!)
    this.#fn.brTable(this.#fn.entry, labels.slice(1), labels[0]!)
  }

  #code(block: RegionBlock): void {
    const fn = this.#fn
    fn.x87.begin(block)
    fn.vectors.enter(block, hasOneWay(block))
    const blockEip = fn.let(i32.add(fn.rootEip, block.delta))
    const first = block.address + D.BLOCK_HEADER
    const units = new Set<string>()
    const pages = this.#pagesOf(block)
    for (const [i, form] of block.forms.entries()) {
      const op = first + i * D.OP_BYTES
      const distance = this.#view.getUint16(op + D.OP_DISTANCE, true)
      const length = this.#view.getUint8(op + D.OP_LENGTH)
      const site = {
        op,
        blockEip,
        distance,
        length,
        mode: this.#region.mode,
        valid: this.#valid,
        units,
        pages,
        handler: this.#handlerOf(form),
        follow: (taken: boolean, eip: I32, changed: I32 | undefined) =>
          this.#edge(block, op, blockEip, taken, eip, changed),
        jump: (eip: I32) => this.#jump(block, eip),
      }
      const build = () => {
        const ops = new BlockOps(fn, form, this.#linker, site, this.#view)
        ops.prologue()
        form.row.execute(ops)
        ops.epilogue()
        fn.vectors.step(block, i)
      }
      fn.scope(build, () => fn.flags.operands)
    }
    if (block.forms.at(-1)!.row.ends) return
    const tail = first + block.count * D.OP_BYTES
    const eip = fn.let(i32.add(blockEip, this.#view.getUint16(tail + D.OP_DISTANCE, true)))
    this.#edge(block, tail, blockEip, false, eip, undefined)
  }

  #pagesOf(block: RegionBlock): PageMemory | undefined {
    if (block.firstOf) {
      const pages = new PageMemory(this.#fn)
      this.#pages.set(block.firstOf, pages)
      return pages
    }
    const pages = this.#pages.get(block)
    if (pages) pages.filling = false
    return pages
  }

  /** Whether the successor of the branch `op`, or of the end of a block, lies in the region's page. */
  #staysInPage(from: RegionBlock, op: number, taken: boolean): boolean {
    const host = this.#view.getInt32(from.address + D.BLOCK_HOST, true)
    const next = this.#view.getUint16(op + D.OP_DISTANCE, true) + this.#view.getUint8(op + D.OP_LENGTH)
    const distance = taken ? this.#view.getInt32(op + D.OP_IMM, true) : next
    return ((host + distance) ^ host) >>> 12 === 0
  }

  #edge(from: RegionBlock, op: number, blockEip: I32, taken: boolean, eip: I32, changed: I32 | undefined): void {
    const fn = this.#fn
    const edge = from.edges.find((e) => e.taken === taken)
    if (!edge)
      return fn.leaveToSuccessor(op, blockEip, eip, taken, this.#staysInPage(from, op, taken) ? 'link' : 'page')
    const { target } = edge
    fn.x87.depart(from)
    fn.vectors.depart(from)
    const back = target.order <= from.order
    const throughHead = back && !dominates(this.#region.blocks, target, from)
    // Behind the head all is as at the region's beginning.
    if (!throughHead && !fn.x87.arrive(target)) return fn.leaveToSuccessor(op, blockEip, eip, taken)
    if (changed)
      fn.rarely(changed, () =>
        fn.rarely(i32.eqz(i32.load(0, this.#valid)), () => fn.leaveToSuccessor(op, blockEip, eip, taken)),
      )
    if (!hasOneWay(target)) fn.vectors.arrive(target)
    this.#spend(target, eip)
    if (!back && target.forward <= 1) return this.#tree(target)
    if (throughHead) return this.#throughHead(target)
    const kept = back ? this.#kept.get(target) : undefined
    if (kept) fn.flags.repeatLoop(kept)
    else fn.flags.meet(this.#needs.get(target)!)
    fn.br((back ? this.#loops : this.#merges).get(target)!)
  }

  #spend(target: RegionBlock, eip: I32): void {
    this.#fn.spend(target.count, () => {
      this.#fn.store32(0, eip, L.EIP)
      this.#fn.leave('slice')
    })
  }

  #throughHead(target: RegionBlock): void {
    const fn = this.#fn
    fn.x87.rebase()
    fn.flags.meet(this.#needs.get(target)!)
    fn.set(fn.entry, i32.const(target.entry))
    fn.br(this.#loops.get(this.#head!)!)
  }

  /** A return or a jump through a table: to `eip`, if it is one of the candidates; else comes back to the caller. */
  #jump(from: RegionBlock, eip: I32): void {
    const fn = this.#fn
    const sorted = [...from.candidates].sort((a, b) => a.delta - b.delta)
    if (sorted.length === 0) return
    fn.x87.depart(from)
    fn.vectors.depart(from)
    const { flags } = fn
    flags.settle()
    const before = flags.state
    const delta = fn.let(i32.sub(eip, fn.rootEip))
    const search = (among: readonly RegionBlock[]): void => {
      if (among.length > 3) {
        const middle = among.length >> 1
        fn.either(
          i32.lt_s(delta, among[middle]!.delta),
          () => search(among.slice(0, middle)),
          () => search(among.slice(middle)),
        )
        return
      }
      for (const target of among)
        fn.when(i32.eq(delta, target.delta), () => {
          flags.state = before
          fn.x87.depart(from)
          fn.vectors.depart(from)
          fn.vectors.arrive(target)
          this.#spend(target, eip)
          this.#throughHead(target)
        })
    }
    search(sorted)
    flags.state = before
    fn.x87.depart(from)
    fn.vectors.depart(from)
  }
}

/** Whether a block can only be reached from the one that dominates it. */
const hasOneWay = (block: RegionBlock): boolean => !block.loop && block.forward <= 1 && block.entry < 0

/** How a region is made: the name of its module in the host's tools, and whether its exits are counted. */
export interface RegionOptions {
  readonly name: string
  readonly profiling: boolean
  /** The interpreter's handler of a form. */
  handlerOf(form: Form): number
}

/** The module of `region`; `valid` is the address of its validity word. It exports the function `region`. */
export function buildRegion(
  region: Region,
  view: DataView,
  valid: number,
  options: RegionOptions,
): Uint8Array<ArrayBuffer> {
  const builder = new ModuleBuilder()
  builder.name = options.name
  if (builder.type(HANDLER_PARAMS, 'void') !== 0) throw new Error('The handler type comes first')
  builder.importMemory('env', 'memory')
  builder.importTable('env', 'table', 1)
  const linker = new RegionLinker(builder)
  const fn = new RegionFunction(linker)
  fn.profiling = options.profiling
  fn.vectors.prepare(region, view)
  fn.x87.prepare(region)
  fn.build(() => new RegionEmitter(fn, linker, region, view, valid, options.handlerOf).emit())
  builder.add('region', fn)
  return builder.encode()
}
