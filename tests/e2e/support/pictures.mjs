// Pictures of a state for people to look at. They are taken only when asked for: `BOWLINE_PICTURES=1`, as they take seconds each.

import * as window from './window.mjs'

/** One in dark and one in light, below target/screenshots. */
export async function look(app, name) {
  if (!process.env.BOWLINE_PICTURES) return
  for (const theme of ['dark', 'light']) {
    await window.showTheme(app, theme)
    await app.screenshot(`${name}-${theme}`)
  }
  await window.showTheme(app, 'dark')
}
