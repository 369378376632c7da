/** Files of the fake engine that other programs change: a test says what they save. */
import type { FakeFiles } from './fake-files'
import { problem } from './fake-problem'
import type { Commands, ExternalAnswer, ExternalEdit } from './generated'

type ExternalCommand = `file_edit_${'external' | 'externals' | 'answer' | 'copy'}`
type Handlers = {
  [Name in ExternalCommand]: (args: Commands[Name]['args']) => Commands[Name]['result'] | Promise<Commands[Name]['result']>
}

interface Copy {
  view: ExternalEdit
  text: string
  known: string | null
}

export class FakeExternals {
  readonly #copies = new Map<number, Copy>()
  #last = 0
  /** The commands that were asked for. */
  readonly commands: string[] = []

  constructor(
    private readonly files: FakeFiles,
    private readonly publish: (edits: ExternalEdit[]) => void,
  ) {}

  get all(): ExternalEdit[] {
    return [...this.#copies.values()].map(({ view }) => structuredClone(view))
  }

  /** The program of the copy that was opened last saves. */
  save(text: string): void {
    const copy = this.#copies.get(this.#last)
    if (!copy) return
    copy.text = text
    this.#send(copy, false)
  }

  #send(copy: Copy, over: boolean): void {
    const { hostId, path } = copy.view
    const now = this.files.text(hostId, path.path)
    if (now !== copy.known && !over)
      copy.view = { ...copy.view, unsent: true, state: { state: 'conflict', deleted: now === null } }
    else {
      this.files.write(hostId, path.path, copy.text)
      copy.known = copy.text
      copy.view = { ...copy.view, unsent: false, saves: copy.view.saves + 1, state: { state: 'watching' } }
    }
    this.publish(this.all)
  }

  #answer(id: number, answer: ExternalAnswer): null {
    const copy = this.#copies.get(id)
    if (!copy) throw problem('edit-refused', { reason: 'gone' })
    if (answer.kind === 'stop') {
      this.#copies.delete(id)
      this.publish(this.all)
      return null
    }
    if (answer.kind === 'copy') {
      const path = copy.view.path.path.replace(/[^/]*$/, answer.name)
      copy.view = { ...copy.view, path: { path, shown: path } }
    }
    this.#send(copy, true)
    return null
  }

  handlers(): Handlers {
    return {
      file_edit_external: ({ host, path, command }) => {
        this.commands.push(command)
        const id = ++this.#last
        const folder = `/home/ada/.local/share/bowline/edits/${id}`
        const text = this.files.text(host, path) ?? ''
        const view = { id, hostId: host, path: { path, shown: path }, folder, saves: 0, unsent: false }
        this.#copies.set(id, { view: { ...view, state: { state: 'watching' } }, text, known: text })
        this.publish(this.all)
        return { id, file: `${folder}/copy`, started: command !== '' }
      },
      file_edit_externals: () => this.all,
      file_edit_answer: ({ id, answer }) => this.#answer(id, answer),
      file_edit_copy: ({ id }) => {
        const text = this.#copies.get(id)?.text
        return text === undefined ? null : { text, encoding: 'utf8', lineEnds: 'lf' }
      },
    }
  }
}
