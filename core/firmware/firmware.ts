/**
 * The firmware of one machine: receives the traps of ROM code and runs the service that each names. See call.ts for how a
 * service suspends, trap.ts for the contract with the CPU.
 */
import { CARRY, Call, type ServiceEntry, SS, type Step, type Steps } from './call.ts'
import { services } from './catalogue.ts'
import type { FirmwareMachine } from './machine.ts'
import { SERVICE } from './rom/services.ts'
import { POP_ES_STUB, stubOf } from './rom/step-stubs.ts'

/** A suspended service, until ROM code has taken its step. */
interface Suspended {
  readonly call: Call
  readonly entry: ServiceEntry
  readonly steps: Steps
  readonly step: Step
  /** When it began to wait for ROM code to take the step. */
  readonly sinceNs: number
}

/** Virtual-8086 guests may be ended by their monitor in the middle of a service; what they leave behind is bounded. */
const SUSPENDED_MAX = 64
const BDA_TOUCHED = { address: 0x400, length: 0x110 }
/** ROM code takes a step in microseconds, unless its task has been ended by a monitor. */
const ABANDONED_NS = 2_000_000_000
/** How long a pausing service lets the machine rest, in nanoseconds. */
const PAUSE_NS = 20_000

/** The BIOS and VGA BIOS of one machine. */
export class Firmware {
  readonly machine: FirmwareMachine
  readonly #suspended = new Map<number, Suspended>()
  readonly #services: ReadonlyMap<number, ServiceEntry>
  #token = 0

  constructor(machine: FirmwareMachine) {
    this.machine = machine
    this.#services = services()
  }

  /**
   * Whether no service is half done. Only then can the machine be saved; a few hundred instructions later it is. Services that
   * nobody has gone on with for long do not count: their tasks are gone.
   */
  get quiescent(): boolean {
    if (this.#suspended.size === 0) return true
    const alive = this.machine.clock.nowNs() - ABANDONED_NS
    for (const { sinceNs } of this.#suspended.values()) if (sinceNs > alive) return false
    return true
  }

  /** Forgets half-done services: at a reset of the CPU, and when a saved state is restored. */
  reset(): void {
    this.#suspended.clear()
  }

  /** What outlives the services: the number of the last half-done one, which guests may see in a register. */
  get token(): number {
    return this.#token
  }

  set token(value: number) {
    this.#token = value & 0xffff
  }

  /**
   * Executes the trap instruction with number `service`; see trap.ts. Unknown numbers do nothing. Host failures throw AppError; the
   * trap is then the next instruction again.
   */
  trap(service: number): void {
    if (service === SERVICE.resume) return this.#resume()
    const entry = this.#services.get(service)
    if (!entry) return this.machine.log.warn(`Unknown firmware service ${service.toString(16)}`)
    const call = new Call(this.machine)
    const steps = call.vm86 ? this.#inVm86(call, entry) : this.#start(call, entry)
    if (steps) this.#run(call, entry, steps, 0)
    else this.#finish(call, entry)
  }

  #start(call: Call, entry: ServiceEntry): Steps | undefined {
    if (entry.frame) call.flags = this.machine.readLinear16(call.linear(SS, this.#sp + 4))
    return this.#guarded(call, () => entry.run(call)) ?? undefined
  }

  /** Under a monitor, what every service uses (stack and BIOS data area) must be present before it begins. */
  *#inVm86(call: Call, entry: ServiceEntry): Steps {
    yield* call.touch(call.linear(SS, this.#sp - 4), 10, true)
    yield* call.touch(BDA_TOUCHED.address, BDA_TOUCHED.length, true)
    const ebda = this.machine.readLinear16(0x40e) << 4
    if (ebda >= 0x8_0000 && ebda < 0xa_0000) yield* call.touch(ebda, 0x400, true)
    const steps = this.#start(call, entry)
    if (steps) yield* steps
  }

  get #sp(): number {
    return this.machine.cpu.reg16(4)
  }

  /** Host failures (an image that cannot be written) leave the caller before its call: it may be made again. */
  #guarded<Result>(call: Call, work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      call.rewind()
      this.#writeRegisters(call)
      this.machine.cpu.eip = call.eip
      throw error
    }
  }

  #run(call: Call, entry: ServiceEntry, steps: Steps, value: number): void {
    const next = this.#guarded(call, () => steps.next(value))
    if (next.done) this.#finish(call, entry)
    else this.#suspend({ call, entry, steps, step: next.value, sinceNs: this.machine.clock.nowNs() })
  }

  /** Lets the ROM's stub take the step. The registers that it uses are restored from the call when the service ends. */
  #suspend(suspended: Suspended): void {
    const { step } = suspended
    const { cpu } = this.machine
    if (this.#suspended.size >= SUSPENDED_MAX) this.#suspended.delete(this.#suspended.keys().next().value ?? 0)
    do this.#token = (this.#token + 1) & 0xffff
    while (this.#suspended.has(this.#token))
    this.#suspended.set(this.#token, suspended)
    cpu.setReg32(3, this.#token)
    if (step.kind === 'touch') {
      cpu.setReg32(2, (step.address >>> 4) & 0xffff)
      cpu.setReg32(7, step.address - (((step.address >>> 4) & 0xffff) << 4))
    } else if (step.kind === 'pause') this.machine.idle(PAUSE_NS)
    else {
      cpu.setReg32(2, step.port)
      if (step.kind === 'out') cpu.setReg32(0, step.value)
    }
    cpu.eip = stubOf(step)
  }

  #resume(): void {
    const { cpu } = this.machine
    const token = cpu.reg16(3)
    const suspended = this.#suspended.get(token)
    // Possible only when a guest jumps into the stubs, or goes on with more than 64 half-done services: nothing to go on with.
    if (!suspended) return this.machine.log.warn('Firmware service resumed that is not in progress')
    this.#suspended.delete(token)
    const { step } = suspended
    const value = step.kind === 'in' ? cpu.reg32(0) : 0
    this.#run(suspended.call, suspended.entry, suspended.steps, value)
  }

  #finish(call: Call, entry: ServiceEntry): void {
    const { cpu } = this.machine
    cpu.eip = call.eip
    cpu.setStatusFlags((cpu.eflags & ~CARRY) | (call.waiting || call.romCarry ? CARRY : 0))
    this.#writeRegisters(call)
    if (!entry.frame || call.waiting) return
    this.machine.writeLinear16(call.linear(SS, this.#sp + 4), call.flags)
    if (call.returnEs !== undefined) this.#returnWithEs(call, call.returnEs)
  }

  /** Only ROM code loads segment registers: it pops ES and returns. */
  #returnWithEs(call: Call, selector: number): void {
    const { cpu } = this.machine
    const sp = (this.#sp - 2) & 0xffff
    cpu.setReg16(4, sp)
    this.machine.writeLinear16(call.linear(SS, sp), selector)
    cpu.eip = POP_ES_STUB
  }

  #writeRegisters(call: Call): void {
    const { cpu } = this.machine
    cpu.setReg32(0, call.eax)
    cpu.setReg32(1, call.ecx)
    cpu.setReg32(2, call.edx)
    cpu.setReg32(3, call.ebx)
    cpu.setReg32(5, call.ebp)
    cpu.setReg32(6, call.esi)
    cpu.setReg32(7, call.edi)
  }
}
