import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { dragTo, letGo, openDragSource } from './support/drag.mjs'
import * as window from './support/window.mjs'

let desktop
let app

before(async () => {
  desktop = await openDesktop()
  app = await openApp(desktop)
})

after(async () => {
  await app?.close()
  await desktop?.close()
})

test('one click on first run gives a working shell', async () => {
  await window.shown(app)
  await window.tryBuiltInHost(app)
  await window.command(app, 'echo "knots: $((6 * 7))"', 'knots: 42')
})

test('its files are those that the shell sees, and what is dropped on the shell arrives', async () => {
  const below = join(desktop.home, 'knots')
  mkdirSync(below)
  writeFileSync(join(desktop.home, 'bowline.txt'), 'it holds')
  await window.runAction(app, 'Files of the host')
  await app.byRole('row', 'bowline.txt')
  await app.type('cd knots\n')
  const source = await openDragSource(desktop, [join(desktop.home, 'bowline.txt')])
  try {
    const middle = await app.run(() => {
      const box = document.querySelector('section.terminal').getBoundingClientRect()
      return [window.screenX + box.x + box.width / 2, window.screenY + box.y + box.height / 2]
    })
    await dragTo(desktop, source.middle, middle.map(Math.round))
    await app.untilText(below)
    letGo(desktop)
    await app.until('it is there', () => existsSync(join(below, 'bowline.txt')))
  } finally {
    await source.close()
  }
  await window.runAction(app, 'Show or hide the drawer')
})

test('wide characters and 24-bit colour arrive as they were sent', async () => {
  // On a ground where it can be read as it is: on a light one it would be made darker.
  await window.useTheme(app, 'dark')
  await window.command(app, String.raw`printf '\033[38;2;226;181;109mamber\033[0m 你好，世界\n'`, /^amber 你好，世界/m)
  const colours = await app.run(() =>
    [...document.querySelectorAll('.xterm-rows span')]
      .filter((it) => it.textContent === 'amber')
      .map((it) => getComputedStyle(it).color),
  )
  assert.deepEqual(colours, ['rgb(226, 181, 109)'])
  await window.useTheme(app, 'light')
})

test('the shell knows the size of the window', async () => {
  await app.resize(1000, 640)
  await window.untilColumns(app, '-lt 100')
  await app.resize(1280, 820)
  await window.untilColumns(app, '-gt 100')
})

test('a full-screen program draws, takes keys and gives the screen back', async () => {
  await app.type('vi\n')
  await app.untilTerminal(/^~$/m)
  await app.type('isecond home')
  await app.press(Key.ESCAPE)
  await app.untilTerminal('second home')
  await app.type(':q!\n')
  await window.command(app, 'echo "left: $((1 + 1))"', 'left: 2')
  assert.doesNotMatch((await app.rows()).join('\n'), /second home/)
})

test('Ctrl-C stops a program', async () => {
  await app.type('sleep 600\n')
  await app.press(Key.CONTROL, 'c')
  await window.command(app, 'echo "back: $((40 + 2))"', 'back: 42')
})

test('nothing is refused by the content security policy while a terminal is drawn', async () => {
  const refused = await app.watchPolicy()
  await window.useTheme(app, 'light')
  await window.useTheme(app, 'dark')
  await window.command(app, String.raw`printf '\033[38;2;1;2;3mdone\033[0m: %d\n' 7`, 'done: 7')
  assert.deepEqual(await refused(), [])
})

test('a shell that ended says how', async () => {
  await app.type('exit 3\n')
  await app.untilText(/status 3/)
})
