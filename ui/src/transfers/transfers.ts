/** Files that go through terminals by ZMODEM, as the engine last told of them. */
import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import { t } from '../i18n'
import { useBackend, type TerminalId, type TransferFault, type TransferView } from '../ipc'
import { useNotices } from '../notices/notices'
import { useWindows } from '../windows/windows'

const causeText = ({ kind, detail }: TransferFault) => t(`transfers.causes.${kind}`, { detail })

export const useTransfers = defineStore('transfers', () => {
  const views = shallowReactive(new Map<TerminalId, TransferView>())
  const notices = useNotices()
  const windows = useWindows()

  function show(view: TransferView): void {
    if (view.phase === 'offered' || view.phase === 'running') {
      views.set(view.id, view)
      return
    }
    // What is over is told once.
    if (!views.delete(view.id) || !windows.isFront) return
    if (view.phase === 'done') {
      const key = view.direction === 'receive' ? 'transfers.received' : 'transfers.sent'
      notices.toast(() => t(key, { n: view.files, folder: view.folder ?? '' }, view.files))
    } else if (view.phase === 'failed') {
      const { cause, files } = view
      if (cause === null) notices.toast(() => t('transfers.cancelled', { n: files }, files))
      else notices.toast(() => t('transfers.failed', { cause: causeText(cause), n: files }, files), { tone: 'bad' })
    }
  }

  function showAll(all: TransferView[]): void {
    views.clear()
    all.forEach(show)
  }

  function of(id: TerminalId | undefined): TransferView | undefined {
    return id === undefined ? undefined : views.get(id)
  }

  /** Its terminal has ended. */

  /** Lets the person choose where to, or which files. Dismissed, the offer stays. */
  async function accept(view: TransferView): Promise<void> {
    if (view.phase !== 'offered') return
    if (view.direction === 'receive') await useBackend().call('transfer_pick_folder', { id: view.id })
    else await useBackend().call('transfer_pick_files', { id: view.id })
  }

  async function cancel(id: TerminalId): Promise<void> {
    await useBackend().call('transfer_cancel', { id })
  }

  return { views, show, showAll, of, accept, cancel }
})
