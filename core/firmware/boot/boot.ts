/**
 * INT 19h and INT 18h: the boot menu, the devices in boot order, and a message when none of them boots. ROM code calls `boot`
 * again after every interrupt until it has something to start; how far it is stands in the extended BIOS data area.
 */
import { BDA, EBDA, ebdaAddress, readTime, writeTime } from '../bios/bda.ts'
import { openSerial, printLine, receiveSerial } from '../bios/console.ts'
import { moveDiskToFront } from '../bios/disk-setup.ts'
import { EMULATION, EMULATION_ACTIVE, FIRST_DISK, NO_EMULATION } from '../bios/drives.ts'
import { takeKey } from '../bios/keyboard-interrupt.ts'
import type { Call, Steps } from '../call.ts'
import { systemLabels } from '../rom/system-rom.ts'
import { ensureTextMode } from '../vga/text-mode.ts'
import { type BootDevice, bootDevices, bootImage, driveNumber } from './boot-entries.ts'
import { BOOT_MENU_KEY, handleMenuKey, showBootMenu } from './boot-menu.ts'
import type { BootEntry } from './el-torito.ts'
import { startKernel } from './kernel.ts'

const PHASE = { begin: 0, waiting: 1, menu: 2, trying: 3, nothing: 4 } as const
const NO_CHOICE = 0xff
/** Keys typed before the start arrive within this time. */
const PENDING_KEYS_NS = 3_000_000
/** Waits longer than this halt until the next interrupt. */
const HALT_NS = 60_000_000
const BOOT_ADDRESS = 0x7c00

const ENTER = 0x0d

/** INT 19h begins anew. */
export function startBoot(call: Call): void {
  const { machine } = call
  machine.writeLinear8(ebdaAddress(machine, EBDA.bootIndex), 0)
  machine.writeLinear8(ebdaAddress(machine, EBDA.bootChoice), NO_CHOICE)
  machine.writeLinear8(ebdaAddress(machine, EBDA.bootPhase), PHASE.begin)
}

/** INT 18h: the program that was booted gave up. */
export function* bootFailed(call: Call): Steps {
  const { machine } = call
  yield* ensureTextMode(call)
  yield* printLine(call, 'The boot program found no system.')
  machine.writeLinear8(ebdaAddress(machine, EBDA.elTorito), 0)
  machine.writeLinear8(ebdaAddress(machine, EBDA.bootChoice), NO_CHOICE)
  machine.writeLinear8(ebdaAddress(machine, EBDA.bootPhase), PHASE.trying)
}

/** One step of the boot. Changes EIP when something starts; otherwise ROM code halts and calls again. */
export function* boot(call: Call): Steps {
  const { machine } = call
  const phaseAt = ebdaAddress(machine, EBDA.bootPhase)
  const setPhase = (phase: number) => machine.writeLinear8(phaseAt, phase)
  const { config } = machine
  if (config.kernel) return yield* startKernel(call, config.kernel)
  switch (machine.readLinear8(phaseAt)) {
    case PHASE.begin: {
      yield* openSerial(call)
      const waitNs = Math.max(config.bootMenuWaitMs * 1e6, PENDING_KEYS_NS)
      writeTime(machine, ebdaAddress(machine, EBDA.bootDeadline), machine.clock.nowNs() + waitNs)
      setPhase(config.bootMenu ? PHASE.menu : PHASE.waiting)
      if (config.bootMenu) yield* showBootMenu(call)
      return call.repeat()
    }
    case PHASE.waiting:
      return yield* waitForMenuKey(call, setPhase)
    case PHASE.menu: {
      const choice = yield* handleMenuKey(call)
      if (choice === undefined) return
      machine.writeLinear8(ebdaAddress(machine, EBDA.bootChoice), choice)
      setPhase(PHASE.trying)
      return call.repeat()
    }
    case PHASE.nothing:
      if (!(yield* restartWanted(call))) return
      startBoot(call)
      return call.repeat()
    default:
      return yield* tryDevices(call, setPhase)
  }
}

function* waitForMenuKey(call: Call, setPhase: (phase: number) => void): Steps {
  const { machine } = call
  const deadlineNs = readTime(machine, ebdaAddress(machine, EBDA.bootDeadline))
  const leftNs = deadlineNs - machine.clock.nowNs()
  let pressed = false
  const look = () => {
    for (let key = takeKey(call, false); key === BOOT_MENU_KEY; key = takeKey(call, false)) {
      takeKey(call, true)
      pressed = true
    }
    return pressed
  }
  if (leftNs > HALT_NS) {
    if (!look()) return
  } else {
    yield* call.until(look, leftNs)
  }
  setPhase(pressed ? PHASE.menu : PHASE.trying)
  if (pressed) yield* showBootMenu(call)
  call.repeat()
}

/** Starts the next device that can boot; after the last one, says what was tried. */
function* tryDevices(call: Call, setPhase: (phase: number) => void): Steps {
  const { machine } = call
  const devices = bootDevices(machine)
  const choiceAt = ebdaAddress(machine, EBDA.bootChoice)
  const indexAt = ebdaAddress(machine, EBDA.bootIndex)
  const choice = machine.readLinear8(choiceAt)
  if (choice !== NO_CHOICE) {
    machine.writeLinear8(choiceAt, NO_CHOICE)
    const device = devices[choice]
    if (device && start(call, device)) return
  }
  for (let index = machine.readLinear8(indexAt); index < devices.length; index++) {
    machine.writeLinear8(indexAt, index + 1)
    if (start(call, devices[index])) return
  }
  yield* sayNothingBoots(call, devices)
  setPhase(PHASE.nothing)
}

/** Loads the boot program of `device` and has ROM code jump to it; false when there is none. */
function start(call: Call, device: BootDevice): boolean {
  const { machine } = call
  const image = bootImage(machine, device)
  if (image.kind === 'problem') return false
  if (device.kind === 'disk') moveDiskToFront(machine, device.index)
  call.dl = driveNumber(device)
  call.bx = 0
  call.cx = BOOT_ADDRESS
  if (image.kind === 'sector') machine.writeLinearBytes(BOOT_ADDRESS, image.sector)
  else startCd(call, device, image.entry)
  call.eip = systemLabels()('start_boot')
  return true
}

function startCd(call: Call, device: BootDevice, entry: BootEntry): void {
  const { machine } = call
  const emulated = entry.geometry !== undefined
  const drive = driveNumber(device, emulated ? (entry.mediaType < 4 ? 0 : FIRST_DISK) : undefined)
  recordEmulation(call, device, entry, drive)
  // An emulated disk has one boot sector; without emulation the catalogue says how much to load.
  const sectors = emulated ? 1 : Math.min(entry.loadSectors, (0x9_f000 - (entry.loadSegment << 4)) >> 9)
  const blocks = Math.ceil(sectors / 4)
  const media = machine.cdDrives[device.index].media
  const buffer = new Uint8Array(blocks * 2048)
  media?.readSectors(entry.lba, Math.min(blocks, media.sectors - entry.lba), buffer)
  machine.writeLinearBytes(entry.loadSegment << 4, buffer.subarray(0, sectors * 512))
  call.dl = drive
  call.bx = entry.loadSegment
  call.cx = 0
}

/** What AH=4Bh of INT 13h tells, and what the emulated drive is. */
function recordEmulation(call: Call, device: BootDevice, entry: BootEntry, drive: number): void {
  const { machine } = call
  const at = ebdaAddress(machine, EBDA.elTorito)
  const { geometry } = entry
  machine.writeLinear8(at + EMULATION.state, geometry ? EMULATION_ACTIVE : NO_EMULATION)
  machine.writeLinear8(at + EMULATION.mediaType, entry.mediaType)
  machine.writeLinear8(at + EMULATION.drive, drive)
  machine.writeLinear8(at + EMULATION.cd, device.index)
  machine.writeLinear32(at + EMULATION.lba, entry.lba)
  machine.writeLinear16(at + EMULATION.loadSegment, entry.loadSegment)
  machine.writeLinear16(at + EMULATION.loadSectors, entry.loadSectors)
  if (!geometry) return
  machine.writeLinear16(at + EMULATION.cylinders, geometry.cylinders)
  machine.writeLinear8(at + EMULATION.heads, geometry.heads)
  machine.writeLinear8(at + EMULATION.sectors, geometry.sectorsPerTrack)
  const sectors = geometry.cylinders * geometry.heads * geometry.sectorsPerTrack
  machine.writeLinear32(at + EMULATION.imageSectors, sectors)
  const count = drive < FIRST_DISK ? BDA.equipment : BDA.diskCount
  if (count === BDA.diskCount) machine.writeLinear8(count, machine.readLinear8(count) + 1)
  else machine.writeLinear16(count, machine.readLinear16(count) | 1)
}

function* sayNothingBoots(call: Call, devices: readonly BootDevice[]): Steps {
  yield* ensureTextMode(call)
  yield* printLine(call, 'This machine found nothing to start from:', 0x0f)
  yield* printLine(call, '')
  for (const device of devices) {
    const image = bootImage(call.machine, device)
    const why = image.kind === 'problem' ? image.problem : 'its boot program gave up'
    yield* printLine(call, `  ${device.label}: ${why}`)
  }
  if (devices.length === 0) yield* printLine(call, '  It has no drives in its boot order.')
  yield* printLine(call, '')
  yield* printLine(call, 'Insert a system disk or CD, or attach another image, then press Enter to try')
  yield* printLine(call, 'again. F12 shows the boot menu, Ctrl-Alt-Del restarts the machine.')
}

/** Enter, or F12, which goes through the menu. */
function* restartWanted(call: Call): Steps<boolean> {
  for (let key = takeKey(call, false); key >= 0; key = takeKey(call, false)) {
    if (key === BOOT_MENU_KEY) return true // stays in the buffer for the menu
    takeKey(call, true)
    if ((key & 0xff) === ENTER) return true
  }
  return (yield* receiveSerial(call)) === ENTER
}
