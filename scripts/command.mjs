// The `bowline` command and its completions, for the packages that `npx tauri build` makes (it calls this).

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { leaveNothingBehind } from './processes.mjs'
import { root, step } from './steps.mjs'

await leaveNothingBehind(async () => {
  await step('the command', async (run) => {
    await run('cargo', ['build', '--release', '--locked', '--package', 'bowline-cli'])
    const command = join(root, 'target/release', process.platform === 'win32' ? 'bowline.exe' : 'bowline')
    const folder = join(root, 'target/completions')
    mkdirSync(folder, { recursive: true })
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { output } = await run(command, ['completions', shell])
      writeFileSync(join(folder, `bowline.${shell}`), output)
    }
  })
  return 0
})
