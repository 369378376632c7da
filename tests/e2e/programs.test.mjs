// Full-screen programs, wide characters, colours and sizes, on the built-in host.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { start } from '../../scripts/processes.mjs'
import { APP, Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { command, runAction, shown, tryBuiltInHost, untilColumns, useTheme } from './support/window.mjs'

let desktop, app

before(async () => {
  desktop = await openDesktop()
  app = await openApp(desktop)
  await shown(app)
  await tryBuiltInHost(app)
})

after(async () => {
  await app?.close()
  await desktop?.close()
})

test('typed Chinese arrives as it was typed', async () => {
  await command(app, 'echo "<你好，世界>" | tr "<>" "[]"', '[你好，世界]')
})

test('24-bit colours are shown as sent', async () => {
  // On white this one would be made darker, for its contrast.
  await useTheme(app, 'dark')
  await command(app, String.raw`printf '\033[38;2;226;181;109mAM%s\033[0m\n' BER`, 'AMBER')
  const colour = await app.run(() => {
    const spans = [...document.querySelectorAll('.xterm-rows span')]
    const span = spans.find((one) => one.textContent === 'AMBER')
    return span ? getComputedStyle(span).color : null
  })
  assert.equal(colour, 'rgb(226, 181, 109)')
})

test('vim edits a file on the alternate screen and gives the screen back', async () => {
  await app.type('vi -u NONE note.txt\n')
  await app.untilTerminal(/^~$/m)
  await app.type('ihello from 你好')
  await app.press(Key.ESCAPE)
  await app.screenshot('vim')
  await app.type(':wq\n')
  await command(app, 'cat note.txt | tr a-z A-Z', 'HELLO FROM 你好')
})

test('a full-screen program follows the size of the window', async () => {
  await untilColumns(app, '-gt 100')
  await app.resize(900, 600)
  await untilColumns(app, '-lt 100')
  await app.resize(1280, 820)
  await untilColumns(app, '-gt 100')
})

test('Ctrl-C stops endless output at once', async () => {
  await app.type('yes bowline\n')
  await app.untilTerminal(/bowline\nbowline\nbowline/)
  await app.press(Key.CONTROL, 'c')
  await command(app, 'echo "stopped $((6 * 7))"', 'stopped 42')
})

test('only the pane that takes the keys has a cursor that looks so', async () => {
  await runAction(app, 'Split right')
  await app.untilTerminal(/[$#] ?$/m)
  await runAction(app, 'Split down')
  await app.untilTerminal(/[$#] ?$/m)
  const focused = await app.run(() =>
    [...document.querySelectorAll('.xterm.focus')].map((one) => one.contains(document.activeElement)),
  )
  assert.deepEqual(focused, [true])
})

test('a second start ends at once and leaves the first one its window', async () => {
  const second = start(APP, [], { env: app.desktop.env, stdio: 'ignore' })
  const { code } = await second.ended
  assert.equal(code, 0)
  await command(app, 'echo "still $((6 * 7))"', 'still 42')
})

test('nothing was refused by the content policy', async () => {
  const refused = await app.watchPolicy()
  await app.press(Key.CONTROL, Key.SHIFT, 'p')
  await app.byRole('dialog', 'Commands and hosts')
  await app.press(Key.ESCAPE)
  await app.until('the palette is closed', async () => (await app.allByRole('dialog')).length === 0)
  await command(app, 'echo "policy $((6 * 7))"', 'policy 42')
  assert.deepEqual(await refused(), [])
})
