/**
 * `npm run bench -- [NAME] [ARGUMENT...]`: runs a benchmark of this folder, `disk` without a name.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join, parse } from 'node:path'

const names = globSync('*.ts', { cwd: import.meta.dirname })
  .map((file) => parse(file).name)
  .filter((name) => name !== 'run')
  .sort()

const [name = 'disk', ...rest] = process.argv.slice(2)
if (names.includes(name)) {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`), ...rest], {
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
} else {
  console.error(`There is no benchmark ${name}. There are: ${names.join(', ')}`)
  process.exitCode = 2
}
