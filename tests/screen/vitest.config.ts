import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  root: here('../..'),
  test: {
    name: 'screen',
    include: ['tests/screen/**/*.test.ts'],
    environment: 'node',
    testTimeout: 120_000,
  },
})
