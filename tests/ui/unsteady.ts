import type { Reporter, TestCase } from 'vitest/node'

/** Names each test that passed at the second try only: `npm test` lists them at its end. */
export const unsteady: Reporter = {
  onTestCaseResult(test: TestCase) {
    if (test.diagnostic()?.flaky) process.stdout.write(`Unsteady: ${test.module.relativeModuleId} ${test.fullName}\n`)
  },
}
