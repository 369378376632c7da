/** A stream of a command as it is shown. */
export interface WrittenStream {
  name: 'stdout' | 'stderr'
  text: string
  /** Said above the text: something is left out before it. */
  before?: string | undefined
  /** Something is left out behind the text, and then it goes on. */
  gap?: { note: string; tail: string } | undefined
}
