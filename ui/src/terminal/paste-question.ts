/** A paste that waits for a yes. */
import { shallowRef } from 'vue'
import type { PastePreview } from './paste'

export interface PasteQuestion {
  preview: PastePreview
  /** How many terminals it goes to. */
  terminals: number
  answer: (paste: boolean) => void
}

export class PasteQuestions {
  readonly open = shallowRef<PasteQuestion | null>(null)

  /** Asks; a question that is open is answered with no. */
  ask(preview: PastePreview, terminals: number): Promise<boolean> {
    this.withdraw()
    return new Promise((resolve) => {
      const answer = (paste: boolean) => {
        this.open.value = null
        resolve(paste)
      }
      this.open.value = { preview, terminals, answer }
    })
  }

  withdraw(): void {
    this.open.value?.answer(false)
  }
}
