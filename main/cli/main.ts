/**
 * The command `vitrine`. Errors are one line on standard error; the status is 2 for what was asked wrongly and 1 for what failed.
 */
import { CommanderError } from 'commander'
import { reportFailure, usageError } from './failure.ts'
import { commandStatus, createProgram } from './program.ts'

async function main(): Promise<number> {
  const program = createProgram()
  try {
    await program.parseAsync(process.argv)
    return commandStatus()
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportFailure(error)
    // Help and version, which have been printed.
    if (error.exitCode === 0) return 0
    if (error.code === 'commander.help') {
      process.stderr.write(program.helpInformation())
      return 2
    }
    return reportFailure(usageError(error.message.replace(/^error: /, '')))
  }
}

process.exitCode = await main()
// Standard input or a stray timer must not keep a finished command; what was printed has to get out first.
process.stdout.write('', () => process.exit())
