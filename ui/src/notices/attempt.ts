/** For what a person asked for and nobody waits on. */
import { sentences } from '../i18n/format'
import { problemText } from '../i18n/problem'
import { toProblem } from '../ipc'
import { useNotices } from './notices'

/** Runs what may be refused and says so in a toast, instead of leaving a button or a key that does nothing. */
export async function attempt(work: () => unknown): Promise<void> {
  try {
    await work()
  } catch (thrown) {
    const problem = toProblem(thrown)
    const said = () => {
      const { text, fix } = problemText(problem)
      return sentences(text, fix)
    }
    useNotices().toast(said, { tone: 'bad' })
  }
}
