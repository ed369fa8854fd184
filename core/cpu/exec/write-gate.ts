/**
 * Keeps generated code from writing pages whose first write is awaited (memory/write-tracker.ts): in the code map such a page looks
 * as if it were full of code, so that it gets no tag for writes, and every write takes the way of TypeScript.
 */
import type { GuestMemory } from '../../memory/guest-memory.ts'
import { CODE_MAP_WRITER } from '../../memory/layout.ts'
import type { WriteGate } from '../../memory/write-tracker.ts'
import { codeEntry, type Tlb } from '../mmu/tlb.ts'
import type { BlockCache } from './block-cache.ts'

export function createWriteGate(memory: GuestMemory, tlb: Tlb, blocks: BlockCache): WriteGate {
  const { i32 } = memory
  return {
    closeAll() {
      const { clean } = memory.writes
      for (let page = 0; page < clean.length; page++) {
        if (clean[page] === 0) continue
        const code = codeEntry(page * 4096)
        i32[code] = -1
        i32[code + 1] = -1
        i32[code + (CODE_MAP_WRITER >> 2)] = 0
      }
      tlb.protectAll()
    },
    open: (page) => blocks.refreshChunks(page),
  }
}
