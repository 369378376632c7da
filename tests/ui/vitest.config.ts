import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { unsteady } from './unsteady'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  root: here('../..'),
  test: {
    name: 'ui',
    include: ['tests/ui/**/*.test.ts'],
    environment: 'node',
    reporters: ['default', unsteady],
    // One build and one server for all files; each file has a browser of its own and closes it.
    globalSetup: here('./serve.ts'),
    // Browsers are heavy: two at once is what a small machine bears.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
