// npm run build: the front end, for Tauri's own build (`npx tauri build` calls this).

import { leaveNothingBehind } from './processes.mjs'
import { ensureFrontend } from './setup/frontend.mjs'
import { ensurePackages } from './setup/packages.mjs'

await leaveNothingBehind(async () => {
  await ensurePackages()
  await ensureFrontend()
  return 0
})
