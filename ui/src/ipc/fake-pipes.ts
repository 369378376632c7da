/** The pipes of the fake engine. They run until a test says how they go on. */
import { problem } from './fake-problem'
import type { Commands, EngineEvent, PipeDraft, PipeId, PipesView, PipeView, SavedPipe, StageView } from './generated'

type PipeCommandName =
  | 'pipes'
  | 'pipe_run'
  | 'pipe_stop'
  | 'pipe_forget'
  | 'pipe_text'
  | 'pipes_saved'
  | 'pipe_save'
  | 'pipe_unsave'
  | 'pipe_pick_target'
type PipeHandlers = { [Name in PipeCommandName]: (args: Commands[Name]['args']) => Commands[Name]['result'] }

const RUNNING: StageView = { state: 'running', end: null, stderrBytes: 0, teeProblem: null }

export class FakePipes {
  readonly ran: PipeDraft[] = []
  readonly stopped: PipeId[] = []
  saved: SavedPipe[] = []
  /** What the native picker gives. */
  picked: string | null = '/home/ada/out.bin'
  stderr = 'warning: one\nwarning: two\n'
  output = '42\n'
  #pipes: PipeView[] = []
  #next = 1

  constructor(private readonly emit: (event: EngineEvent) => void) {}

  readonly handlers: PipeHandlers = {
    pipes: () => this.view(),
    pipe_run: ({ draft }) => this.#run(draft),
    pipe_stop: ({ id }) => {
      this.stopped.push(id)
      const stages = this.#find(id).stages.map((stage): StageView => {
        return { ...stage, state: 'ended', end: stage.end ?? { kind: 'stopped', confirmed: true } }
      })
      this.change(id, { running: false, stopped: true, status: 255, endedMs: Date.now(), stages })
      return null
    },
    pipe_forget: ({ id }) => {
      this.#show(this.#pipes.filter((pipe) => pipe.id !== id || pipe.running))
      return null
    },
    pipe_text: ({ which }) => (which.kind === 'output' ? this.output : this.stderr),
    pipes_saved: () => this.saved,
    pipe_save: ({ pipe }) => {
      this.saved = [...this.saved.filter(({ name }) => name !== pipe.name), pipe]
      return this.saved
    },
    pipe_unsave: ({ name }) => {
      this.saved = this.saved.filter((one) => one.name !== name)
      return this.saved
    },
    pipe_pick_target: () => this.picked,
  }

  view(): PipesView {
    return { pipes: this.#pipes }
  }

  /** The newest one is so from now on. */
  change(id: PipeId | null, change: Partial<PipeView>): void {
    const wanted = id ?? this.#pipes.at(-1)?.id
    this.#show(this.#pipes.map((pipe) => (pipe.id === wanted ? { ...pipe, ...change } : pipe)))
  }

  #find(id: PipeId): PipeView {
    const found = this.#pipes.find((pipe) => pipe.id === id)
    if (!found) throw problem('pipe-not-found', {})
    return found
  }

  #run(draft: PipeDraft): PipeId {
    this.ran.push(draft)
    const id = this.#next++
    const files = (draft.source === null ? 0 : 1) + (draft.target === null ? 0 : 1)
    const count = draft.commands.length + files
    const pipe: PipeView = {
      id,
      draft,
      running: true,
      stopped: false,
      status: null,
      well: false,
      stages: Array.from({ length: count }, () => RUNNING),
      joints: Array.from({ length: draft.target === null ? count : count - 1 }, (_, at) => ({
        bytes: 732e6 / (at + 1),
        perSecond: 53e6,
      })),
      outputBytes: 0,
      left: [],
      startedMs: Date.now(),
      endedMs: null,
    }
    this.#show([...this.#pipes, pipe])
    return id
  }

  #show(pipes: PipeView[]): void {
    this.#pipes = pipes
    this.emit({ type: 'pipes', data: structuredClone(this.view()) })
  }
}
