/**
 * Takes on what other starts of the app ask for, in the window in front. A tab is opened only for what the person typed into a shell
 * of their own; a link brings a form or a question, and waits while another dialog is open: what is typed there must not go.
 */
import { watch } from 'vue'
import { useDialogs } from '../dialogs'
import { t } from '../i18n'
import { problemText } from '../i18n/problem'
import type { HostId, OpenRequest } from '../ipc'
import { attempt } from '../notices/attempt'
import { useNotices } from '../notices/notices'
import { useWindows } from '../windows/windows'
import { useLinks } from './links'

/** Call once, when the window is there. */
export function followLinks(open: (host: HostId) => void): () => void {
  const links = useLinks()
  const dialogs = useDialogs()
  const windows = useWindows()
  const notices = useNotices()
  /** Links of which was said that they wait. */
  const announced = new Set<number>()

  function show(request: OpenRequest): void {
    if (request.kind === 'host') open(request.host)
    else if (request.kind === 'refused') {
      const { problem } = request
      const said = () => [problemText(problem).text, problemText(problem).fix].filter(Boolean).join(' ')
      notices.toast(said, { tone: 'bad' })
    } else if (request.hosts.length > 0) {
      dialogs.show({ kind: 'link', text: request.text, link: request.link, hosts: request.hosts })
    } else {
      const { address, port, user } = request.link
      dialogs.show({ kind: 'host-add', start: { address, port: port ?? 22, user }, link: request.text })
    }
  }

  return watch(
    () => ({ next: links.waiting[0], front: windows.isFront, busy: dialogs.open !== null }),
    ({ next, front, busy }) => {
      if (!next || !front) return
      if (next.kind === 'link' && busy) {
        if (!announced.has(next.id)) notices.toast(() => t('links.waits'))
        announced.add(next.id)
        return
      }
      void attempt(async () => {
        if (await links.take(next)) show(next)
      })
    },
    { immediate: true },
  )
}
