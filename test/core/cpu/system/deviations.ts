/** Lines in which QEMU's TCG differs from the processor, with the reason; the expected text says what the manual says. */
const TASK_EIP =
  'QEMU reports the instruction that switched tasks; the fault belongs to the first one of the new task (7.3)'
const BREAK_SS = 'QEMU delivers debug exceptions behind MOV SS, which holds them off for one instruction (6.8.3)'
const NO_RF = 'QEMU does not set RF for faults, nor clear it after the next instruction (17.3.1.1)'
const READ_FIRST = 'QEMU reads before it writes: the fault of a read-modify-write has W set'
const RESERVED = 'QEMU leaves P clear in the error code of a reserved bit; RSVD comes with P set (4.7)'

export const DEVIATIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  transfers: {
    'jump-gate-code-not-present':
      'QEMU raises #GP where the code segment behind a call gate is not present; JMP says #NP',
    'iret-vif-vip': 'QEMU never loads VIF and VIP',
    'missing-handler-of-ud': 'QEMU leaves EXT clear when an exception is what was being delivered (6.13)',
    'missing-handler-of-de': 'QEMU leaves EXT clear when an exception is what was being delivered (6.13)',
  },
  tasks: {
    'bad-cs-null': TASK_EIP,
    'bad-cs-data': TASK_EIP,
    'bad-cs-not-present': TASK_EIP,
    'bad-cs-beyond': TASK_EIP,
    'bad-ds-beyond': TASK_EIP,
    'bad-ds-code': TASK_EIP,
    'bad-ldt': TASK_EIP,
    'bad-ldt-beyond': TASK_EIP,
    'debug-trap-bit': 'QEMU has no debug trap bit of a TSS',
  },
  paging: {
    'not-present-modify': READ_FIRST,
    'cross-xchg': READ_FIRST,
    'cross-cmpxchg8b': READ_FIRST,
    'large-reserved': RESERVED,
    'pae-reserved-entry': RESERVED,
    'pae-reserved-large': RESERVED,
    'pae-pointers-are-cached':
      'QEMU reads the page directory pointers on every walk; they change with CR3 only (4.4.1)',
    'cross-pusha': 'QEMU stores the eight registers from the lowest address up',
    'cross-enter': 'QEMU does not check that the final stack pointer can be written to (ENTER)',
    'cross-iret': 'QEMU reads the frame of IRET in ring 3 with the rights of the supervisor',
  },
  debug: {
    'break-after-mov-ss': BREAK_SS,
    'break-mov-ss-memory': BREAK_SS,
    'general-detect': 'QEMU has no general detect',
    'dr-values': 'QEMU keeps bit 12 of DR6, which reads as zero',
    int1: 'QEMU does not have INT1',
    'rf-fault': NO_RF,
    'rf-page-of-privilege': NO_RF,
    'rf-cleared-by-next': NO_RF,
  },
}
