/** What the engine writes between a lost shell and the next one, in the window's language: the engine has none. */
import { t } from '.'
import type { SeamWords } from '../ipc'

/** The engine fills these in. */
const OPEN = { lost: '{lost}', back: '{back}', cause: '{cause}' }

export function seamWords(): SeamWords {
  return {
    newShell: t('comeback.seam.newShell', OPEN),
    sameShell: t('comeback.seam.sameShell', OPEN),
    noMultiplexer: t('comeback.seam.noMultiplexer'),
    causes: {
      reset: t('errors.connection-reset.short'),
      closed: t('errors.connection-closed.short'),
      broken: t('errors.connection-broken.short'),
      silent: t('errors.connection-silent.short'),
      lost: t('comeback.seam.cut'),
    },
  }
}
