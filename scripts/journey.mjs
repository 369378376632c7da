// The first journey of a person, in the real window on a desktop of its own: start, open the built-in host, work in its shell.
// `npm start` walks it where there is no display.

import { relative } from 'node:path'
import { root } from './steps.mjs'

/** Walks the journey with a built app; prints what it does; pictures are below target/screenshots. */
export async function walk(application) {
  const { openDesktop } = await import('../tests/e2e/support/desktop.mjs')
  const { Key, openApp } = await import('../tests/e2e/support/app.mjs')
  const window = await import('../tests/e2e/support/window.mjs')

  const began = Date.now()
  const pictures = []
  const say = (text) => console.log(`  ${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s  ${text}`)
  const desktop = await openDesktop()
  say('opened a desktop of its own: display, session bus, unlocked keyring, HOME')
  let app
  try {
    app = await openApp(desktop, { application })
    const picture = async (name) => pictures.push(await app.screenshot(name))

    await window.shown(app)
    say('started Bowline; its window is painted')
    await window.useTheme(app, 'dark')
    await picture('1-first-run')

    await window.tryBuiltInHost(app)
    say('opened the built-in host with one click; its shell asks for a command')
    await window.command(app, 'echo "knots: $((6 * 7))"', 'knots: 42')
    await window.command(app, String.raw`printf '\033[38;2;226;181;109mamber\033[0m 你好，世界\n'`, /^amber 你好，世界/m)
    say('typed commands and read what they print, in 24-bit colour and in Chinese')
    await picture('2-terminal-dark')

    await app.resize(1000, 640)
    await window.untilColumns(app, '-lt 100')
    await app.resize(1280, 820)
    await window.untilColumns(app, '-gt 100')
    say('changed the size of the window; the shell knows')

    await app.type('sleep 600\n')
    await app.press(Key.CONTROL, 'c')
    await window.command(app, 'echo "back: $((40 + 2))"', 'back: 42')
    say('stopped a running command with Ctrl-C')

    await window.useTheme(app, 'light')
    await picture('3-terminal-light')
    await window.useTheme(app, 'dark')
    await window.useChinese(app)
    await picture('4-terminal-chinese')
    say('switched to light and back, and to Chinese')

    await app.type('exit 3\n')
    await app.untilText('状态码 3')
    await picture('5-ended')
    say('left the shell; Bowline says how it ended')
  } catch (error) {
    console.log(`\nThe journey stopped there. What the app said:\n${app?.log() ?? ''}`)
    throw error
  } finally {
    await app?.close()
    await desktop.close()
  }
  console.log('\nPictures:')
  for (const path of pictures) console.log(`  ${relative(root, path)}`)
}
