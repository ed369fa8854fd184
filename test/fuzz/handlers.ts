/**
 * Fault handlers of the fuzzer's machine. They note what happened and go on: behind the instruction that faulted, at it again
 * (pages that are then present), or at the beginning of the program when EIP is nowhere in it.
 */
import { CodeWriter, dword, Label, word } from './code-writer.ts'
import * as M from './layout.ts'

export interface Handlers {
  readonly code: Uint8Array
  /** Offset of each vector's entry. */
  readonly entries: readonly number[]
}

const VECTORS = 48
const WITH_ERROR_CODE = new Set([8, 10, 11, 12, 13, 14, 17])

/** Handlers behind 32-bit gates. */
export function protectedHandlers(): Handlers {
  const w = new CodeWriter(M.HANDLERS, true)
  const entries: number[] = []
  const common = new Label()
  for (let vector = 0; vector < VECTORS; vector++) {
    entries.push(w.at)
    if (!WITH_ERROR_CODE.has(vector)) w.emit('push 0', 0x6a, 0)
    w.emit('push vector', 0x6a, vector)
    w.near('jmp common', [0xe9], common)
  }
  const [skip, again, restart, out] = [new Label(), new Label(), new Label(), new Label()]
  w.bind(common)
  w.emit('pusha; push ds; push es', 0x60, 0x1e, 0x06)
  w.emit('mov ax, flat; mov ds, ax; mov es, ax', 0x66, 0xb8, M.FLAT_DATA, 0, 0x8e, 0xd8, 0x8e, 0xc0)
  w.emit('cld', 0xfc)
  w.emit('mov ebx, [log]', 0x8b, 0x1d, ...dword(M.LOG_INDEX))
  w.emit('add dword [log], 16', 0x83, 0x05, ...dword(M.LOG_INDEX), 16)
  w.emit('and ebx, 7F0h', 0x81, 0xe3, ...dword(0x7f0))
  for (const [i, from] of [0x28, 0x2c, 0x30].entries()) {
    w.emit('mov eax, [esp+n]', 0x8b, 0x44, 0x24, from)
    w.emit('mov [ebx+log], eax', 0x89, 0x83, ...dword(M.FAULT_LOG + i * 4))
  }
  w.emit('mov eax, cr2; mov [ebx+log], eax', 0x0f, 0x20, 0xd0, 0x89, 0x83, ...dword(M.FAULT_LOG + 12))
  w.emit('mov eax, [esp+28h]', 0x8b, 0x44, 0x24, 0x28)
  const test = (vector: number, label: Label) => {
    w.emit('cmp eax, vector', 0x83, 0xf8, vector)
    w.near('jz', [0x0f, 0x84], label)
  }
  const [debug, unit, fpu, sse, page] = [new Label(), new Label(), new Label(), new Label(), new Label()]
  test(1, debug)
  test(7, unit)
  test(8, restart)
  test(14, page)
  test(16, fpu)
  test(19, sse)
  test(3, out)
  test(4, out)
  w.emit('cmp eax, 32', 0x83, 0xf8, 32)
  w.near('jae out', [0x0f, 0x83], out)

  w.bind(skip)
  w.emit('mov ecx, [esp+30h]; mov edx, ecx', 0x8b, 0x4c, 0x24, 0x30, 0x89, 0xca)
  w.emit('shr edx, 14', 0xc1, 0xea, 14)
  const inside = new Label()
  w.emit('cmp edx, [window]', 0x3b, 0x15, ...dword(M.CODE_WINDOW))
  w.short('jz inside', 0x74, inside)
  w.emit('cmp edx, alias', 0x81, 0xfa, ...dword(M.ALIAS >>> 14))
  w.near('jnz restart', [0x0f, 0x85], restart)
  w.bind(inside)
  w.emit('and ecx, 3FFFh', 0x81, 0xe1, ...dword(0x3fff))
  w.emit('movzx edx, byte [ecx+lengths]', 0x0f, 0xb6, 0x91, ...dword(M.LENGTHS))
  w.emit('test edx, edx', 0x85, 0xd2)
  w.near('jz restart', [0x0f, 0x84], restart)
  w.emit('add [esp+30h], edx', 0x01, 0x54, 0x24, 0x30)

  w.bind(out)
  w.emit('pop es; pop ds; popa; add esp, 8; iret', 0x07, 0x1f, 0x61, 0x83, 0xc4, 8, 0xcf)

  w.bind(debug)
  w.emit('dec dword [trace]', 0xff, 0x0d, ...dword(M.TRACE_COUNT))
  w.near('jns out', [0x0f, 0x89], out)
  w.emit('and dword [esp+38h], ~TF', 0x81, 0x64, 0x24, 0x38, ...dword(~0x100 >>> 0))
  w.emit('mov dword [trace], 9', 0xc7, 0x05, ...dword(M.TRACE_COUNT), ...dword(9))
  w.near('jmp out', [0xe9], out)

  w.bind(unit)
  w.emit('clts', 0x0f, 0x06)
  w.near('jmp skip', [0xe9], skip)
  w.bind(fpu)
  w.emit('fnclex', 0xdb, 0xe2)
  w.near('jmp again', [0xe9], again)
  w.bind(sse)
  w.emit('push 1F80h; ldmxcsr [esp]; add esp, 4', 0x68, ...dword(0x1f80), 0x0f, 0xae, 0x14, 0x24, 0x83, 0xc4, 4)
  w.near('jmp again', [0xe9], again)

  // Every second access to an absent page of the two tables makes it present.
  w.bind(page)
  w.emit('test byte [esp+2Ch], 1', 0xf6, 0x44, 0x24, 0x2c, 1)
  w.near('jnz skip', [0x0f, 0x85], skip)
  w.emit('mov eax, cr2; shr eax, 12', 0x0f, 0x20, 0xd0, 0xc1, 0xe8, 12)
  w.emit('cmp eax, 2048', 0x3d, ...dword(2048))
  w.near('jae skip', [0x0f, 0x83], skip)
  w.emit(
    'dec dword [repairs]; test byte [repairs], 1',
    0xff,
    0x0d,
    ...dword(M.REPAIRS),
    0xf6,
    0x05,
    ...dword(M.REPAIRS),
    1,
  )
  w.near('jz skip', [0x0f, 0x84], skip)
  w.emit('or dword [eax*4+tables], 1', 0x83, 0x0c, 0x85, ...dword(M.PAGE_TABLES), 1)

  w.bind(again)
  w.near('jmp out', [0xe9], out)

  w.bind(restart)
  w.emit('mov eax, [restart]; mov [esp+30h], eax', 0xa1, ...dword(M.RESTART_EIP), 0x89, 0x44, 0x24, 0x30)
  // From another privilege level or virtual-8086 mode the frame has a stack pointer, too.
  const inner = new Label()
  w.emit('test byte [esp+3Ah], 2', 0xf6, 0x44, 0x24, 0x3a, 2)
  w.short('jnz inner', 0x75, inner)
  w.emit('test byte [esp+34h], 3', 0xf6, 0x44, 0x24, 0x34, 3)
  w.short('jnz inner', 0x75, inner)
  w.emit('mov ebx, [esp+38h]; mov ecx, [esp+34h]', 0x8b, 0x5c, 0x24, 0x38, 0x8b, 0x4c, 0x24, 0x34)
  w.emit('pop es; pop ds', 0x07, 0x1f)
  w.emit('ss: mov esp, [stack]', 0x36, 0x8b, 0x25, ...dword(M.RESTART_ESP))
  w.emit('push ebx; push ecx; push eax; iret', 0x53, 0x51, 0x50, 0xcf)
  w.bind(inner)
  w.emit('mov eax, [stack]; mov [esp+3Ch], eax', 0xa1, ...dword(M.RESTART_ESP), 0x89, 0x44, 0x24, 0x3c)
  w.near('jmp out', [0xe9], out)
  return { code: Uint8Array.from(w.items.flatMap((i) => i.bytes)), entries }
}

/** Handlers of real mode, in segment 0. */
export function realHandlers(): Handlers {
  const w = new CodeWriter(M.REAL_HANDLERS, false)
  const skip = w.at
  w.emit('push bp; mov bp, sp; push bx; push ds', 0x55, 0x89, 0xe5, 0x53, 0x1e)
  w.emit('mov bx, lengths; mov ds, bx', 0xbb, ...word(M.LENGTHS >>> 4), 0x8e, 0xdb)
  w.emit('mov bx, [bp+2]; and bx, 3FFFh', 0x8b, 0x5e, 2, 0x81, 0xe3, 0xff, 0x3f)
  w.emit('mov bl, [bx]; mov bh, 0', 0x8a, 0x1f, 0xb7, 0)
  w.emit('add [bp+2], bx', 0x01, 0x5e, 2)
  w.emit('pop ds; pop bx; pop bp; iret', 0x1f, 0x5b, 0x5d, 0xcf)
  const debug = w.at
  const out = new Label()
  w.emit('push bp; mov bp, sp; push ds; push bx', 0x55, 0x89, 0xe5, 0x1e, 0x53)
  w.emit('mov bx, 0; mov ds, bx', 0xbb, 0, 0, 0x8e, 0xdb)
  w.emit('dec word [trace]', 0xff, 0x0e, ...word(M.TRACE_COUNT))
  w.short('jns out', 0x79, out)
  w.emit('and byte [bp+7], ~1', 0x80, 0x66, 7, 0xfe)
  w.emit('mov word [trace], 9', 0xc7, 0x06, ...word(M.TRACE_COUNT), 9, 0)
  w.bind(out)
  w.emit('pop bx; pop ds; pop bp; iret', 0x5b, 0x1f, 0x5d, 0xcf)
  const plain = w.at
  w.emit('iret', 0xcf)
  const fpu = w.at
  w.emit('fnclex; iret', 0xdb, 0xe2, 0xcf)
  const entries = Array.from({ length: VECTORS }, (_, vector) => {
    if (vector === 1) return debug
    if (vector === 16) return fpu
    return vector === 3 || vector === 4 || vector >= 32 ? plain : skip
  })
  return { code: Uint8Array.from(w.items.flatMap((i) => i.bytes)), entries }
}
