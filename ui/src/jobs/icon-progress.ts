/** How far all jobs are, on the icon of the app where the desktop has a place for it. The window in front tells it. */
import { watch } from 'vue'
import { useBackend, type IconProgress } from '../ipc'
import { useWindows } from '../windows/windows'
import { useJobs } from './jobs'

export function showIconProgress(): () => void {
  const jobs = useJobs()
  const windows = useWindows()
  return watch(
    () => {
      const { underWay, running, failed, share } = jobs.summary
      if (underWay === 0 || !windows.isFront) return 'none'
      // Whole percents: the desktop need not hear of more.
      return `${running > 0 ? 'running' : failed > 0 ? 'failed' : 'waiting'} ${Math.floor((share ?? 0) * 100)}`
    },
    (shown) => {
      const [state, percent] = shown.split(' ')
      const share = Number(percent) / 100
      const progress: IconProgress =
        state === 'running' || state === 'waiting' || state === 'failed' ? { state, share } : { state: 'none' }
      // A desktop without it shows nothing.
      useBackend()
        .setIconProgress(progress)
        .catch(() => undefined)
    },
  )
}
