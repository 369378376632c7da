import type { Answer, Prompt, Question } from '../ipc'

export type QuestionOf<Kind extends Question['kind']> = Extract<Question, { kind: Kind }>

/** What the dialog of every question gets and says. */
export interface QuestionProps<Kind extends Question['kind']> {
  prompt: Prompt
  question: QuestionOf<Kind>
  /** How many more questions wait. */
  others: number
}

export interface QuestionEmits {
  answer: [answer: Answer]
}
