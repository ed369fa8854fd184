/**
 * Compares the refcounts of a qcow2 file with what its tables name, and puts them right. Finds what `qemu-img check` finds:
 * clusters that are used and count as free or as used less often (errors), or the reverse (leaks), wrong "copied" flags, and
 * tables at impossible places.
 */
import { AppError } from '../../../base/errors.ts'
import type { ByteStore } from '../../block-device.ts'
import type { CheckReport, LayerRequest } from '../image-format.ts'
import { viewOf, writeU64 } from '../numbers.ts'
import { Field, Incompatible, parseHeader, type Qcow2Header } from './header.ts'
import { Refcounts } from './refcounts.ts'
import { hasReservedBits, offsetAt, type UseCounts, UseWalker } from './uses.ts'

const MAX_MESSAGES = 50

/** What one pass found. */
class Findings {
  errors = 0
  leaks = 0
  /** Whether refcounts are so wrong that all of them must be made anew. */
  rebuild = false
  readonly messages: string[] = []

  error(message: string): void {
    this.errors++
    this.#say(`Error: ${message}`)
  }

  leak(message: string): void {
    this.leaks++
    this.#say(`Leak: ${message}`)
  }

  #say(message: string): void {
    if (this.messages.length < MAX_MESSAGES) this.messages.push(message)
  }
}

/** Checks the image, and repairs it with `repair`. Throws what `parseHeader` throws. */
export function checkQcow2({ store, path }: Pick<LayerRequest, 'store' | 'path'>, repair: boolean): CheckReport {
  const header = parseHeader(store, path)
  const found = pass(store, header, path, false)
  if (!repair) return report(found, found)
  if (found.errors > 0 || found.leaks > 0 || found.rebuild) pass(store, header, path, true)
  store.flush()
  const after = pass(store, parseHeader(store, path), path, false)
  if (after.errors === 0 && header.version === 3 && (header.dirty || header.corrupt)) {
    const compression = header.compression === 'zstd' ? Incompatible.compression : 0
    store.write(Field.incompatible + 7, Uint8Array.of(compression))
    store.flush()
  }
  return report(found, after)
}

function report(found: Findings, after: Findings): CheckReport {
  const { errors, leaks, messages } = found
  return { errors, leaks, remainingErrors: after.errors, remainingLeaks: after.leaks, messages }
}

/** Repairs an image that was not closed after it was last written. Throws `disk/corrupt-image` when errors remain. */
export function repairDirty(request: Pick<LayerRequest, 'store' | 'path'>): void {
  const { remainingErrors } = checkQcow2(request, true)
  if (remainingErrors === 0) return
  const message = `${request.path} is damaged; see: vitrine disk check`
  throw new AppError('disk/corrupt-image', message, { context: { path: request.path, errors: remainingErrors } })
}

function pass(store: ByteStore, header: Qcow2Header, path: string, repair: boolean): Findings {
  const findings = new Findings()
  const walker = new UseWalker(store, header, (message) => findings.error(message))
  const refcounts = openRefcounts(store, header, path)
  walker.walk()
  for (const block of refcounts.badBlocks) findings.error(`refcount block ${block} is at an impossible place`)
  findings.rebuild = refcounts.badBlocks.length > 0
  const clusters = Math.ceil(store.sizeBytes / refcounts.clusterBytes)
  if (repair && needsRebuild(refcounts, walker, clusters)) {
    rebuild(store, refcounts, walker.counts, clusters)
    fixFlags(store, parseHeader(store, path), path, findings, true)
    return findings
  }
  useRefcountTables(refcounts, walker, findings)
  compare(refcounts, walker.counts, clusters, findings, repair)
  if (repair) refcounts.writeBack()
  fixFlags(store, header, path, findings, repair)
  return findings
}

function openRefcounts(store: ByteStore, header: Qcow2Header, path: string): Refcounts {
  const { clusterBits, refcountOrder, refcountTableOffset, refcountTableClusters } = header
  return new Refcounts(
    store,
    {
      clusterBits,
      order: refcountOrder,
      tableOffset: refcountTableOffset,
      tableClusters: refcountTableClusters,
      lenient: true,
    },
    path,
  )
}

function useRefcountTables(refcounts: Refcounts, walker: UseWalker, findings: Findings): void {
  const { clusterBytes, tableOffset, tableClusters, blocks } = refcounts
  walker.use(tableOffset, tableClusters * clusterBytes, 'the refcount table')
  for (const [number, offset] of blocks.entries()) {
    if (offset === 0) continue
    walker.use(offset, clusterBytes, 'a refcount block')
    if (walker.counts.get(offset / clusterBytes) === 1) continue
    findings.error(`refcount block ${number} is something else, too`)
    findings.rebuild = true
  }
}

function compare(refcounts: Refcounts, counts: UseCounts, clusters: number, findings: Findings, repair: boolean): void {
  for (let cluster = 0; cluster < clusters; cluster++) {
    const is = refcounts.get(cluster)
    const should = counts.get(cluster)
    if (is === should) continue
    const what = `cluster ${cluster} counts as used ${is} times, and is ${should} times`
    if (is < should) findings.error(what)
    else findings.leak(what)
    if (repair) refcounts.set(cluster, Math.min(should, refcounts.max))
  }
}

/** Whether counts must change for which there is no block, or blocks are not blocks alone. */
function needsRebuild(refcounts: Refcounts, walker: UseWalker, clusters: number): boolean {
  if (refcounts.badBlocks.length > 0) return true
  const { clusterBytes, tableOffset, tableClusters, blocks } = refcounts
  for (let i = 0; i < tableClusters; i++) if (walker.counts.get(tableOffset / clusterBytes + i) > 0) return true
  for (const offset of blocks) if (offset !== 0 && walker.counts.get(offset / clusterBytes) > 0) return true
  for (let cluster = 0; cluster < clusters; cluster++)
    if (walker.counts.get(cluster) > 0 && !refcounts.has(cluster)) return true
  return false
}

/** All refcounts anew, behind everything else: blocks first, then their table, then the header. */
function rebuild(store: ByteStore, old: Refcounts, counts: UseCounts, clusters: number): void {
  const { clusterBytes, entriesPerBlock } = old
  const used = new Set<number>()
  for (let cluster = 0; cluster < clusters; cluster++)
    if (counts.get(cluster) > 0) used.add(Math.floor(cluster / entriesPerBlock))
  let tableClusters = 1
  for (let before = -1; before !== used.size + tableClusters; ) {
    before = used.size + tableClusters
    for (let i = 0; i < used.size + tableClusters; i++) used.add(Math.floor((clusters + i) / entriesPerBlock))
    tableClusters = Math.ceil(((Math.max(...used) + 1) * 8) / clusterBytes)
  }
  for (let i = 0; i < used.size + tableClusters; i++) counts.add(clusters + i)
  const table = new Uint8Array(tableClusters * clusterBytes)
  let at = clusters * clusterBytes
  for (const block of used) {
    const bytes = new Uint8Array(clusterBytes)
    for (let entry = 0; entry < entriesPerBlock; entry++) {
      const count = counts.get(block * entriesPerBlock + entry)
      if (count > 0) old.encodeCount(bytes, entry, Math.min(count, old.max))
    }
    store.write(at, bytes)
    writeU64(viewOf(table), block * 8, at)
    at += clusterBytes
  }
  store.write(at, table)
  store.flush()
  const field = new Uint8Array(12)
  writeU64(viewOf(field), 0, at)
  viewOf(field).setUint32(8, tableClusters)
  store.write(Field.refcountTable, field)
  store.flush()
}

/** Flags "copied" of the disk's own tables: set exactly where a cluster is used once. */
function fixFlags(store: ByteStore, header: Qcow2Header, path: string, findings: Findings, repair: boolean): void {
  const refcounts = openRefcounts(store, header, path)
  const { clusterBytes } = refcounts
  const l1 = new Uint8Array(header.l1Entries * 8)
  store.read(header.l1Offset, l1)
  const table = new Uint8Array(clusterBytes)
  for (let i = 0; i < header.l1Entries; i++) {
    const offset = offsetAt(viewOf(l1), i * 8)
    if (offset === 0 || offset % clusterBytes !== 0 || offset >= store.sizeBytes) continue
    const fix = flagFix(l1, i * 8, refcounts.get(offset / clusterBytes))
    if (fix) {
      findings.error(`L1 entry ${i} has a wrong flag`)
      if (repair) {
        store.write(header.l1Offset + i * 8, fix)
        l1.set(fix, i * 8)
      }
    }
    // The walk has told of reserved bits.
    if (repair) clearReservedBits(store, viewOf(l1), i * 8, header.l1Offset, 2)
    store.read(offset, table)
    fixTable(store, refcounts, table, offset, findings, repair)
    if (repair) fixEntries(store, table, offset, header.version)
  }
}

function fixTable(
  store: ByteStore,
  refcounts: Refcounts,
  table: Uint8Array,
  position: number,
  findings: Findings,
  repair: boolean,
): void {
  const view = viewOf(table)
  for (let at = 0; at < table.length; at += 8) {
    if (view.getUint32(at) & 0x4000_0000) {
      if (repair && view.getUint32(at) >= 0x8000_0000)
        store.write(position + at, Uint8Array.of((table[at] as number) & 0x7f))
      continue
    }
    const offset = offsetAt(view, at)
    if (offset === 0 || offset % refcounts.clusterBytes !== 0) continue
    const fix = flagFix(table, at, refcounts.get(offset / refcounts.clusterBytes))
    if (!fix) continue
    findings.error(`the entry at ${position + at} has a wrong flag`)
    if (!repair) continue
    store.write(position + at, fix)
    table.set(fix, at)
  }
}

/** Clears what entries of clusters have in bits that mean nothing. */
function fixEntries(store: ByteStore, table: Uint8Array, position: number, version: number): void {
  const view = viewOf(table)
  for (let at = 0; at < table.length; at += 8)
    if ((view.getUint32(at) & 0x4000_0000) === 0 && hasReservedBits(view, at, version))
      clearReservedBits(store, view, at, position, version)
}

/** Clears the reserved bits of the entry at `at` of the table at `position`: bits 56 to 62, 8 to 1, and in tables of version 2 bit 0. */
function clearReservedBits(store: ByteStore, view: DataView, at: number, position: number, version: number): void {
  const high = view.getUint8(at) & 0x80
  const low = view.getUint8(at + 7) & (version < 3 ? 0 : 1)
  if (view.getUint8(at) & 0x7f) store.write(position + at, Uint8Array.of(high))
  if ((view.getUint16(at + 6) & 0x1ff) !== low)
    store.write(position + at + 6, Uint8Array.of(view.getUint8(at + 6) & 0xfe, low))
}

/** The right first byte of an entry for a cluster that is used `count` times, or undefined when it is right already. */
function flagFix(bytes: Uint8Array, at: number, count: number): Uint8Array | undefined {
  const first = bytes[at] as number
  return first >= 0x80 === (count === 1) ? undefined : Uint8Array.of(first ^ 0x80)
}
