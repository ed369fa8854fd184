/** Words that several panels use. */
import type { MachineState } from '../../../core/contract/machine-card.ts'
import type { BootDevice, CpuProfile, DriveKind, DriveSlot } from '../../../core/contract/machine-spec.ts'

const states: Readonly<Record<MachineState, string>> = {
  off: 'Off',
  starting: 'Starting',
  running: 'Running',
  paused: 'Paused',
  stopping: 'Stopping',
  crashed: 'Crashed',
}

const profiles: Readonly<Record<CpuProfile, string>> = {
  '386': '386',
  '486': '486',
  pentium: 'Pentium',
  pentium2: 'Pentium II',
  pentium3: 'Pentium III',
  pentium4: 'Pentium 4',
  max: 'Everything there is',
}

const driveKinds: Readonly<Record<DriveKind, string>> = { floppy: 'Floppy', disk: 'Hard disk', cdrom: 'CD' }
const bootDevices: Readonly<Record<BootDevice, string>> = { floppy: 'Floppy', disk: 'Hard disk', cdrom: 'CD' }
const slots: Readonly<Record<DriveSlot, string>> = {
  fda: 'Floppy A',
  fdb: 'Floppy B',
  hda: 'IDE 0 master',
  hdb: 'IDE 0 slave',
  hdc: 'IDE 1 master',
  hdd: 'IDE 1 slave',
}

export const shared = {
  appName: 'Vitrine',
  states,
  profiles,
  driveKinds,
  bootDevices,
  slots,
  units: {
    mips: (value: number) => `${value} MIPS`,
    idle: 'idle',
    justNow: 'just now',
  },
  panels: {
    library: 'Library',
    console: 'Console',
    settings: 'Settings',
    log: 'Log',
    profiler: 'Profiler',
    snapshots: 'Snapshots',
    activity: 'Activity',
  },
  actions: {
    start: 'Start',
    pause: 'Pause',
    resume: 'Resume',
    reset: 'Reset',
    powerOff: 'Power off',
    powerButton: 'Press the power button',
    openConsole: 'Open console',
    rename: 'Rename',
    duplicate: 'Duplicate',
    delete: 'Delete',
    settings: 'Settings',
    log: 'Show log',
    cancel: 'Cancel',
    close: 'Close',
    save: 'Save',
    more: 'More',
    add: 'Add',
    remove: 'Remove',
    undo: 'Undo',
    saveState: 'Save the state and switch off',
    activity: 'Activity',
    group: 'Group',
    move: 'Move to another folder',
    showFolder: 'Show the folder',
    show: 'Show',
    takeSnapshot: 'Take a snapshot',
    snapshots: 'Snapshots',
    startDiscarding: 'Start without saving',
  },
  failed: {
    start: (name: string) => `${name} did not start`,
    action: (action: string, name: string) => `${action}: ${name}`,
    import: (file: string) => `${file} was not added`,
    insert: (file: string) => `${file} was not inserted`,
  },
} as const
