/**
 * The commands of `vitrine` with their flags. Each command's code is loaded when it is called, so that `run` starts fast.
 */
import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { DISK_FORMATS } from '../../core/contract/disk-info.ts'
import { LOG_LEVELS } from '../../core/contract/library-api.ts'
import { appVersion } from '../app-version.ts'
import { addMachineFlags, keyboardOption } from './machine-flags.ts'
import { addRunFlags } from './run/run-flags.ts'

/** What the last command has ended with, where it was not simply done. */
let status = 0

export function commandStatus(): number {
  return status
}

/** Adds a command whose action may give a status. */
function add(
  program: Command,
  usage: string,
  summary: string,
  action: (...args: never[]) => Promise<unknown>,
): Command {
  const command = program.command(usage).description(summary)
  return command.action(async (...args: unknown[]) => {
    // Last comes the command itself, which no action wants.
    const result = await action(...(args.slice(0, -1) as never[]))
    if (typeof result === 'number') status = result
  })
}

const library = () => import('./commands/library-commands.ts')
const trash = () => import('./commands/folder-commands.ts')
const watch = () => import('./commands/watch-commands.ts')
const power = () => import('./commands/power-commands.ts')
const input = () => import('./commands/input-commands.ts')
const disk = () => import('./commands/disk-commands.ts')
const snapshots = () => import('./commands/snapshot-commands.ts')
const view = () => import('./commands/screen-commands.ts')

export function createProgram(): Command {
  const program = new Command('vitrine')
    .description('A glass case in which whole PCs go on running.')
    .version(appVersion())
    .option('--library <FOLDER>', 'the library to work on, instead of VITRINE_HOME and the one of the settings')
    .hook('preAction', (command) => {
      // Hosts that are started in the background inherit it.
      const { library: folder } = command.opts<{ library?: string }>()
      if (folder !== undefined) process.env['VITRINE_HOME'] = resolve(folder)
    })
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({ writeErr: () => {}, outputError: () => {} })

  addRunFlags(
    addMachineFlags(
      add(program, 'run', 'run a throw-away machine here', async (flags) =>
        (await import('./run/run-command.ts')).run(flags),
      ),
    ),
  ).option('--json', 'end with a line of JSON on standard error: how it ended, and what --stats tells')

  const json = (command: Command) => command.option('--json', 'print JSON')
  json(add(program, 'list', 'list the machines', async (flags) => (await library()).list(flags)))
    .option('--search <WORDS>', 'those with all these words in name, template, devices, media, tags or notes')
    .option('--group <GROUP>', 'those of this group and of groups within')
  json(add(program, 'show <name>', 'describe a machine', async (name, flags) => (await library()).show(name, flags)))
  json(
    add(
      program,
      'templates [id]',
      'list the operating systems that machines are made for, or tell of one',
      async (id, flags) => (await library()).templates(id, flags),
    ),
  )
  json(
    addMachineFlags(
      add(program, 'create', 'make a machine', async (flags) =>
        (await import('./commands/create-command.ts')).create(flags),
      ),
    ),
  )
    .option('--name <NAME>', 'its name (default: that of the template)')
    .option('--template <ID>', 'made for this operating system: see templates')
    .option('--disk <SIZE>', 'with --template: size of the new disk, such as 2G, or none')
    .option('--group <GROUP>', 'group in the library, such as Work/Old')
    .option('--notes <TEXT>', 'notes')
    .option('--tag <TAG...>', 'tags')
  json(
    add(
      program,
      'import <file>',
      'make a machine from a disk image or kernel, which is copied, packed or not, or from a file that export made',
      async (file, flags) => (await import('./commands/import-command.ts')).importFile(file, flags),
    ),
  )
    .option('--name <NAME>', 'its name (default: that of the system, or of the file)')
    .option('--template <ID>', 'made for this operating system (default: what is recognised)')
    .option('--memory <MIB>', 'its memory')
    .option('--member <NAME>', 'the image in an archive that holds several')
    .option('--initrd <FILE>', 'the initial file system of a Linux kernel')
    .option('--inspect', 'only say what would be made, and why')
  json(
    add(program, 'set <name> <assignments...>', 'change settings: key=value', async (name, pairs, flags) =>
      (await library()).set(name, pairs, flags),
    ),
  )
  json(
    add(program, 'delete <name>', 'put a machine into the trash', async (name, flags) =>
      (await library()).remove(name, flags),
    ),
  ).option('--permanently', 'delete its folder for good')
  json(
    add(
      program,
      'trash [action] [entries...]',
      'list the trash, restore ENTRY..., or empty [ENTRY...]',
      async (action, entries, flags) => (await trash()).trash(action, entries, flags),
    ),
  )
  json(
    add(
      program,
      'move <name> [folder]',
      'move the folder of a machine elsewhere, or back into the library',
      async (name, folder, flags) => (await trash()).move(name, folder, flags),
    ),
  )
  json(
    add(
      program,
      'folder <action> <path>',
      'add PATH: a machine folder elsewhere; forget PATH: take it off the library; renew PATH: give a copy its own identity',
      async (action, path, flags) => (await trash()).folder(action, path, flags),
    ),
  )
  json(
    add(program, 'logs <name>', 'print the log of a machine', async (name, flags) =>
      (await library()).logs(name, flags),
    ),
  )
    .option('--lines <N>', 'how many of the last lines (default 200)')
    .option('--search <TEXT>', 'only lines with this text')
    .addOption(new Option('--level <LEVEL...>', 'only lines of these levels').choices(LOG_LEVELS))
  json(
    add(program, 'history <name>', 'print what happened to a machine', async (name, flags) =>
      (await watch()).history(name, flags),
    ),
  ).option('--entries <N>', 'how many of the last entries (default 100)')
  json(
    add(
      program,
      'stats [name]',
      'print what a machine, or all of Vitrine, takes of this computer',
      async (name, flags) => (await watch()).stats(name, flags),
    ),
  ).option('--seconds <N>', 'the past so many seconds (default 1)')

  json(add(program, 'start <name>', 'switch a machine on', async (name, flags) => (await power()).start(name, flags)))
    .option('--headless', 'open no window')
    .option('--snapshot', 'forget every write at the end')
  json(
    add(program, 'stop <name>', 'ask a machine to shut down', async (name, flags) => (await power()).stop(name, flags)),
  ).option('--force', 'pull the plug')
  json(add(program, 'pause <name>', 'pause a machine', async (name, flags) => (await power()).pause(name, flags)))
  json(
    add(program, 'resume <name>', 'let a paused machine go on', async (name, flags) =>
      (await power()).resume(name, flags),
    ),
  )
  json(
    add(program, 'reset <name>', 'press the reset button', async (name, flags) => (await power()).reset(name, flags)),
  )

  addSnapshotCommands(program, json)

  json(
    add(program, 'type <name> <text>', 'type text', async (name, text, flags) =>
      (await input()).type(name, text, flags),
    ),
  )
    .addOption(keyboardOption('keyboard layout of the guest; else that of the machine'))
    .option('--skip-missing', 'leave out characters that the layout lacks')
  json(
    add(program, 'key <name> <chords...>', 'press keys, such as ctrl-alt-del', async (name, chords, flags) =>
      (await input()).key(name, chords, flags),
    ),
  )
  json(
    add(
      program,
      'mouse <name> <verb> [args...]',
      'move DX DY, to X Y, click [X Y] [BUTTON], down, up, wheel N',
      async (name, verb, args, flags) => (await input()).mouse(name, verb, args, flags),
    ),
  ).allowUnknownOption()
  json(
    add(
      program,
      'attach <name> <slot> <file>',
      'put an image into a floppy or CD drive, or a folder as a medium made of its files',
      async (name, slot, file, flags) => (await input()).attach(name, slot, file, flags),
    ),
  ).option('--write-protected', 'the guest may not write it')
  json(
    add(
      program,
      'drive <name> <slot>',
      'change how a drive treats its image; a floppy or CD at once, a hard disk at the next start',
      async (name, slot, flags) => (await input()).drive(name, slot, flags),
    ),
  )
    .option('--write-protected', 'the guest may not write it')
    .option('--writable', 'the guest may write it')
    .option('--discard-writes', 'what the guest writes is forgotten')
    .option('--keep-writes', 'what the guest writes is kept')
  json(
    add(program, 'eject <name> <slot>', 'take the medium out of a drive', async (name, slot, flags) =>
      (await input()).eject(name, slot, flags),
    ),
  )

  json(
    add(program, 'screen <name>', 'print the text on the screen', async (name, flags) =>
      (await view()).screen(name, flags),
    ),
  ).option('--text', 'as text (the default)')
  json(
    add(program, 'screenshot <name> <file>', 'save the screen as PNG', async (name, file, flags) =>
      (await view()).screenshot(name, file, flags),
    ),
  )
  add(program, 'serial <name>', 'be the terminal of a serial port', async (name, flags) =>
    (await view()).serial(name, flags),
  )
    .option('--json', 'print each piece of what the guest sends as a line of JSON')
    .option('--port <N>', 'COM port, 1 to 4 (default 1)')

  addDiskCommands(program, json)

  json(
    add(program, 'serve', 'serve the app to a browser on this computer', async (flags) =>
      (await import('./commands/serve-command.ts')).serve(flags),
    ),
  )
    .option('--port <N>', 'TCP port on 127.0.0.1 (default: any free one)')
    .option('--open', 'open the browser (the default)', true)
    .option('--no-open', 'only print the address')
    .option('--media <FOLDER...>', 'folders whose images the page may use where they are')
    .option('--background', 'no page until it is wanted; end when nothing runs')
  return program
}

function addDiskCommands(program: Command, json: (command: Command) => Command): void {
  const group = program
    .command('disk')
    .description('make, convert, check and change disk images: files, or disks of machines as NAME:SLOT')
  const formats = `${DISK_FORMATS.slice(0, -1).join(', ')} or ${DISK_FORMATS.at(-1)}`
  const format = (command: Command) =>
    command
      .addOption(new Option('--format <FORMAT>', 'its format (default: by its name, else qcow2)').choices(DISK_FORMATS))
      .option('--option <KEY=VALUE...>', 'an option of the format, such as clusterBytes=4096 or type=fixed')
      .option('--force', 'overwrite a file that is there')
  format(
    json(
      add(group, 'create <file>', `make an empty image: ${formats}`, async (file, flags) =>
        (await disk()).create(file, flags),
      ),
    ),
  )
    .option('--size <SIZE>', 'of the disk, such as 20G, 512M or 1474560 (default: that of the backing file)')
    .option('--backing <FILE>', 'the image that it stands on, which must not change any more')
  format(
    json(add(group, 'add <name>', 'give a machine a new disk', async (name, flags) => (await disk()).add(name, flags))),
  )
    .requiredOption('--size <SIZE>', 'of the disk, such as 20G')
    .option('--slot <SLOT>', 'hda to hdd (default: the first that is free)')
  json(add(group, 'info <file>', 'describe an image', async (file, flags) => (await disk()).info(file, flags)))
  format(
    json(
      add(group, 'convert <file> [target]', 'copy an image into another format', async (file, target, flags) =>
        (await disk()).convert(file, target, flags),
      ),
    ),
  )
  json(add(group, 'check <file>', 'look for damage', async (file, flags) => (await disk()).check(file, flags))).option(
    '--repair',
    'put right what can be',
  )
  json(
    add(group, 'compact <file>', 'give space back that holds only zeros', async (file, flags) =>
      (await disk()).compact(file, flags),
    ),
  )
  json(
    add(group, 'resize <file> <size>', 'make the disk larger', async (file, size, flags) =>
      (await disk()).resize(file, size, flags),
    ),
  ).option('--shrink', 'make it smaller, and lose what is at its end')
}

function addSnapshotCommands(program: Command, json: (command: Command) => Command): void {
  const group = program.command('snapshot').description('take, restore, delete, list snapshots')
  json(
    add(group, 'take <name>', 'take a snapshot of a machine, running or not', async (name, flags) =>
      (await snapshots()).take(name, flags),
    ),
  )
    .option('--name <NAME>', 'what it is called')
    .option('--description <TEXT>', 'what it is good for')
  json(
    add(group, 'restore <name> <snapshot>', 'make a snapshot the present', async (name, snapshot, flags) =>
      (await snapshots()).restore(name, snapshot, flags),
    ),
  ).option('--no-keep', 'take no snapshot of the present before')
  json(
    add(group, 'delete <name> <snapshot>', 'delete a snapshot; those after it stay', async (name, snapshot, flags) =>
      (await snapshots()).remove(name, snapshot, flags),
    ),
  )
  json(add(group, 'list <name>', 'list the snapshots', async (name, flags) => (await snapshots()).list(name, flags)))
  json(add(group, 'tree <name>', 'draw the snapshots', async (name, flags) => (await snapshots()).tree(name, flags)))
  json(
    add(group, 'rename <name> <snapshot> <title>', 'rename a snapshot', async (name, snapshot, title, flags) =>
      (await snapshots()).rename(name, snapshot, title, flags),
    ),
  ).option('--description <TEXT>', 'describe it as well')
  json(
    add(group, 'pin <name> <snapshot>', 'keep a snapshot from being deleted', async (name, snapshot, flags) =>
      (await snapshots()).pin(name, snapshot, flags),
    ),
  ).option('--off', 'let it go again')
  json(
    add(program, 'clone <name>', 'make a machine from another one', async (name, flags) =>
      (await snapshots()).clone(name, flags),
    ),
  )
    .option('--name <NAME>', 'its name')
    .option('--snapshot <SNAPSHOT>', 'as it was in this snapshot')
    .option('--linked', 'share the disks of the snapshot')
  json(
    add(program, 'save <name>', 'save the state of a machine and switch it off', async (name, flags) =>
      (await snapshots()).save(name, flags),
    ),
  ).option('--discard', 'forget the saved state instead')
  json(
    add(
      program,
      'export <name> <file>',
      'write a machine with its snapshots into one file',
      async (name, file, flags) => (await snapshots()).exportMachine(name, file, flags),
    ),
  )
}
