/** The machine around a processor that stands alone. */
import type { CpuHost } from '../../core/cpu/exec/cpu.ts'

/** A host that asks for nothing and answers with zeros; `parts` are what a test looks at. */
export function plainCpuHost(parts: Partial<CpuHost> = {}): CpuHost {
  return {
    acknowledgeInterrupt: () => 0,
    interruptPending: () => false,
    numericError() {},
    isTrapAddress: () => false,
    firmwareTrap() {},
    timeStamp: () => 0,
    shutdown() {},
    ...parts,
  }
}
