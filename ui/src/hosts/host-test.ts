/** A running or finished test of a host, step by step. */
import { computed, reactive, ref } from 'vue'
import {
  toProblem,
  useBackend,
  type HostDraft,
  type HostId,
  type PasswordChange,
  type TestOutcome,
  type TestProgress,
  type TestStep,
} from '../ipc'

export const TEST_STEPS: readonly TestStep[] = ['resolve', 'connect', 'host-key', 'authenticate', 'shell']

export type StepView = { step: TestStep } & (TestOutcome | { outcome: 'waiting' })

export function useHostTest() {
  const outcomes = reactive(new Map<TestStep, TestProgress>())
  const running = ref(false)
  const begun = ref(false)
  const cancelled = ref(false)
  let run = 0

  const steps = computed<StepView[]>(() => TEST_STEPS.map((step) => outcomes.get(step) ?? { step, outcome: 'waiting' }))
  const passed = computed(() => TEST_STEPS.every((step) => outcomes.get(step)?.outcome === 'passed'))

  async function start(id: HostId | null, draft: HostDraft, password: PasswordChange): Promise<void> {
    const own = ++run
    outcomes.clear()
    begun.value = true
    running.value = true
    cancelled.value = false
    try {
      await useBackend().testHost(id, draft, password, (progress) => {
        if (own === run && running.value) outcomes.set(progress.step, progress)
      })
    } catch (thrown) {
      if (own === run) outcomes.set('resolve', { step: 'resolve', outcome: 'failed', problem: toProblem(thrown), ms: 0 })
    } finally {
      if (own === run) running.value = false
    }
  }

  async function cancel(): Promise<void> {
    if (!running.value) return
    run++
    running.value = false
    cancelled.value = true
    await useBackend().call('host_test_cancel', {})
  }

  return { steps, running, begun, cancelled, passed, start, cancel }
}
