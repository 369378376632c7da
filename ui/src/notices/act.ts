import { attempt } from './attempt'
import { useNotices, type Toast } from './notices'

/** Does what a toast offers, which is then done with. */
export function act(toast: Toast): void {
  useNotices().dismissToast(toast.id)
  void attempt(() => toast.action?.run())
}
