/**
 * Builds the window with the fake engine and serves it under the content security policy of the app, so that whatever the
 * policy forbids fails here too and not first in the real window.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, preview } from 'vite'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the window is served. */
    address: string
  }
}

const repository = fileURLToPath(new URL('../..', import.meta.url))
const configFile = join(repository, 'ui/vite.config.ts')

interface TauriConfig {
  app: { security: { csp: Record<string, string> } }
}

async function contentSecurityPolicy(): Promise<string> {
  const config = JSON.parse(await readFile(join(repository, 'tauri.conf.json'), 'utf8')) as TauriConfig
  return Object.entries(config.app.security.csp)
    .map(([directive, sources]) => `${directive} ${sources}`)
    .join('; ')
}

export default async function serve(project: TestProject): Promise<() => Promise<void>> {
  const outDir = await mkdtemp(join(tmpdir(), 'bowline-ui-'))
  await build({ configFile, mode: 'fake', logLevel: 'warn', build: { outDir, emptyOutDir: true } })
  const server = await preview({
    configFile,
    mode: 'fake',
    logLevel: 'warn',
    build: { outDir },
    preview: {
      host: '127.0.0.1',
      port: 0,
      strictPort: false,
      headers: { 'Content-Security-Policy': await contentSecurityPolicy() },
    },
  })
  const address = server.resolvedUrls?.local[0]
  if (address === undefined) throw new Error('the server of the UI tests has no address')
  project.provide('address', address)
  return async () => {
    await server.close()
    await rm(outDir, { recursive: true, force: true })
  }
}
