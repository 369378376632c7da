/**
 * Files of a host that are dragged out of the window. Other programs take files by where they are on this computer, so they are
 * fetched once the pointer is outside. What the desktop is given here only names the drag: the shell says where the files are
 * (`src-tauri/src/drag_out.rs`), and only GTK lets it.
 */
import { t } from '../i18n'
import { useBackend } from '../ipc'
import { attempt } from '../notices/attempt'
import { useNotices } from '../notices/notices'
import { platform as thisPlatform, type Platform } from '../workspace/platform'
import type { Dragged } from './dragged'

const SCHEME = 'bowline-files:'
/** What comes at once needs no word before. */
const SLOW_MS = 600
/**
 * There is one pointer. While a program still waits for what was dropped on it, WebKitGTK tells the end of that drag a moment after
 * the next one has begun, and as if it were the end of that.
 */
const LATE_END_MS = 100

export class DragOut {
  #id = ''
  #isOut = false
  /** Until when an end is that of the drag before. */
  #lateEndUntil = -Infinity
  readonly #givesAway: boolean

  constructor(platform: Platform = thisPlatform) {
    this.#givesAway = platform === 'linux'
  }

  begin(dragged: Dragged, data: DataTransfer): void {
    if (this.#id !== '') {
      void attempt(() => this.#over(this.#id, true))
      this.#lateEndUntil = performance.now() + LATE_END_MS
    }
    this.#id = crypto.randomUUID()
    this.#isOut = false
    if (!this.#givesAway) return
    data.setData('text/uri-list', SCHEME + this.#id)
    const begun = { id: this.#id, host: dragged.hostId, paths: [...dragged.paths] }
    void attempt(() => useBackend().call('drag_out_begin', begun))
  }

  /** The pointer is over other programs. */
  left(): void {
    if (this.#id === '' || this.#isOut) return
    this.#isOut = true
    if (this.#givesAway) void attempt(() => fetched(this.#id))
  }

  /** Whether an end that is told now is that of the drag before, which is over already. */
  isLateEnd(): boolean {
    const isLate = performance.now() < this.#lateEndUntil
    this.#lateEndUntil = -Infinity
    return isLate
  }

  /** The drag is over; `taken` says whether anybody has the files. */
  async end(taken: boolean): Promise<void> {
    const id = this.#id
    this.#id = ''
    if (id !== '') await this.#over(id, taken)
  }

  async #over(id: string, taken: boolean): Promise<void> {
    if (this.#givesAway) {
      const end = await useBackend().call('drag_out_end', { id })
      if (end === 'ready') useNotices().toast(() => t('dragOut.ready'))
    } else if (this.#isOut && !taken) useNotices().toast(() => t('dragOut.notHere'))
  }
}

async function fetched(id: string): Promise<void> {
  const fetching = useBackend().call('drag_out_fetch', { id })
  const slow = setTimeout(() => useNotices().toast(() => t('dragOut.fetching'), { until: fetching }), SLOW_MS)
  await fetching.finally(() => clearTimeout(slow))
}
