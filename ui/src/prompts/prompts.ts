/** Questions of the engine that wait for the person, oldest first. An answer passes through and is never kept here. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { useBackend, type Answer, type Prompt } from '../ipc'

export const usePrompts = defineStore('prompts', () => {
  const waiting = shallowRef<Prompt[]>([])
  /** Answered since nothing waited: the questions of one moment are counted together. */
  const answered = ref(0)
  /** Where the current question stands among them, from 1. */
  const place = computed(() => answered.value + 1)
  const current = computed<Prompt | undefined>(() => waiting.value[0])

  function add(prompt: Prompt): void {
    if (waiting.value.some((other) => other.id === prompt.id)) return
    waiting.value = [...waiting.value, prompt]
  }

  function showAll(prompts: Prompt[]): void {
    waiting.value = prompts
  }

  function gone(id: number): void {
    const left = waiting.value.filter((prompt) => prompt.id !== id)
    if (left.length < waiting.value.length) answered.value = left.length === 0 ? 0 : answered.value + 1
    waiting.value = left
  }

  /** Answers a question and takes it off the queue, unless the answer could not be delivered. */
  async function answer(id: number, given: Answer): Promise<void> {
    await useBackend().call('prompt_answer', { id, answer: given })
    gone(id)
  }

  return { waiting, current, place, add, showAll, gone, answer }
})
