/**
 * Files of a host for other programs. A drag out of the window must name files that are there when it begins, so small ones are
 * fetched first and then lie on the clipboard.
 */
import { t } from '../i18n'
import { useBackend, type HostId } from '../ipc'
import { useNotices } from '../notices/notices'

const SLOW_MS = 600

export async function copyOut(hostId: HostId, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return
  const notices = useNotices()
  // What comes at once needs no word before.
  const asked = useBackend().call('files_copy_out', { host: hostId, paths: [...paths] })
  const slow = setTimeout(() => notices.toast(() => t('copyOut.fetching'), { until: asked }), SLOW_MS)
  const count = await asked.finally(() => clearTimeout(slow))
  if (count > 0) notices.toast(() => t('copyOut.ready', { n: count }, count))
}
