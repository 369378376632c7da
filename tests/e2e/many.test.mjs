// Many terminals at work: tabs with colours and pins, panes in every direction, a broadcast, snippets, search and highlights.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { look } from './support/pictures.mjs'
import { command, runAction, shown, startAgain, tryBuiltInHost, useChinese } from './support/window.mjs'

const PROMPT = /[$#] ?$/m

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

const tabNames = () => app.run(() => [...document.querySelectorAll('.dv-tab')].map((tab) => tab.getAttribute('aria-label')))
const panes = () => app.run(() => document.querySelectorAll('.dv-groupview').length)
const untilPanes = (wanted) => app.until(`there are ${wanted} panes`, async () => (await panes()) === wanted)

/** What each terminal that can be seen shows. */
const screens = () =>
  app.run(() =>
    [...document.querySelectorAll('section.terminal')]
      .filter((one) => one.getClientRects().length > 0)
      .map((one) => [...one.querySelectorAll('.xterm-rows > div')].map((row) => row.textContent).join('\n')),
  )

test('a tab has a menu by pointer and by key: colour, pin, rename', async () => {
  await app.contextClick('tab', 'Built-in host')
  const colour = await app.byRole('menuitem', 'Colour')
  await app.run((item) => item.focus(), colour)
  await app.press(Key.ARROW_RIGHT)
  await app.byRole('menuitemradio', 'violet')
  await look(app, 'many-tab-menu')
  await app.click('menuitemradio', 'violet')
  await app.until('the tab is violet', async () => (await tabNames())[0].endsWith(', violet'))
  await app.press(Key.CONTROL, Key.SHIFT, 'm')
  await app.byRole('menu', 'Menu of the tab')
  await app.press(Key.ESCAPE)
  await app.until('the menu is gone', async () => (await app.allByRole('menu')).length === 0)
  await command(app, 'echo "typed $((6 * 7))"', 'typed 42')
})

test('a pinned tab asks before it is closed', async () => {
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, 'p')
  await app.until('it is pinned', async () => (await tabNames())[0].includes('pinned'))
  await app.press(Key.CONTROL, Key.SHIFT, 'w')
  await app.byRole('alertdialog', 'Close the pinned tab')
  await look(app, 'many-pinned')
  await app.press(Key.ESCAPE)
  await app.until('nothing asks', async () => (await app.allByRole('alertdialog')).length === 0)
  assert.equal((await tabNames()).length, 1)
})

test('more tabs than fit are counted and found by name', async () => {
  for (let n = 0; n < 9; n += 1) await runAction(app, 'Duplicate tab')
  await app.untilTerminal(PROMPT)
  await runAction(app, 'Rename tab')
  await app.fill('Name of the tab', 'logs of today')
  await app.press(Key.ENTER)
  await runAction(app, 'Tab colour: green')
  await app.press(Key.ALT, '1')
  await app.byRole('button', 'out of sight')
  await look(app, 'many-tabs')
  await app.click('button', 'out of sight')
  await app.byRole('option', 'logs of today')
  await look(app, 'many-tab-list')
  await app.fill('Find a tab', 'today')
  await app.press(Key.ENTER)
  await app.until('it is shown', async () =>
    app.run(() => document.querySelector('.dv-active-tab').getAttribute('aria-label').startsWith('logs of today')),
  )
  await runAction(app, 'Close other tabs of this pane')
  await app.until('two are left', async () => (await tabNames()).length === 2)
})

test('panes split in every direction, are resized by key, and take a tab that is dragged to an edge', async () => {
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, 'd')
  await untilPanes(2)
  await app.untilTerminal(PROMPT)
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, 's')
  await untilPanes(3)
  await app.untilTerminal(PROMPT)
  const active = () => app.run(() => document.querySelector('.dv-active-group').getBoundingClientRect().toJSON())
  const before = await active()
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, Key.ARROW_RIGHT)
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, Key.ARROW_DOWN)
  await app.until('it is larger', async () => {
    const now = await active()
    return now.width > before.width && now.height > before.height
  })

  const { from, to } = await app.run(() => {
    const tab = [...document.querySelectorAll('.dv-tab')].find((one) => one.getAttribute('aria-label').startsWith('logs'))
    const [box, pane] = [tab.getBoundingClientRect(), tab.closest('.dv-groupview').getBoundingClientRect()]
    const at = (x, y) => ({ x: Math.round(window.screenX + x), y: Math.round(window.screenY + y) })
    return { from: at(box.x + 20, box.y + 20), to: at(pane.x + pane.width / 2, pane.bottom - 20) }
  })
  const mouse = (...args) => execFileSync('xdotool', args.map(String), { env: app.desktop.env })
  mouse('mousemove', from.x, from.y, 'mousedown', 1)
  for (let step = 1; step <= 12; step += 1) {
    mouse('mousemove', from.x + ((to.x - from.x) * step) / 12, from.y + ((to.y - from.y) * step) / 12)
    await new Promise((done) => setTimeout(done, 30))
  }
  await app.screenshot('many-drag')
  mouse('mouseup', 1)
  await untilPanes(4)
  await look(app, 'many-panes')
})

test('a broadcast goes to all that are chosen, in a frame that cannot be missed, and stops', async () => {
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, 'b')
  await app.click('button', 'All visible')
  await look(app, 'many-broadcast-dialog')
  await app.click('button', 'Broadcast to 4')
  await app.until('there are four frames', async () => (await app.run(() => document.querySelectorAll('.frame').length)) === 4)
  await app.type('echo "to all $((6 * 7))"\n')
  await app.until('all have got it', async () => (await screens()).filter((text) => text.includes('to all 42')).length === 4)
  await look(app, 'many-broadcast')
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, 'b')
  await app.until('there is no frame', async () => (await app.run(() => document.querySelectorAll('.frame').length)) === 0)
  await command(app, 'echo "alone $((6 * 7))"', 'alone 42')
  assert.equal((await screens()).filter((text) => text.includes('alone 42')).length, 1)
})

test('a snippet is kept over a restart, asks for what it needs and is typed', async () => {
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, 'i')
  await app.click('button', 'New snippet')
  await app.fill('Name', 'sum')
  await app.fill('Text', 'echo "sum of {{a:40}} and {{b}} is $(({{a}} + {{b}}))"')
  await app.click('checkbox', 'Press Enter at the end')
  await look(app, 'many-snippet-form')
  await app.click('button', 'Save')
  await app.byRole('button', 'Insert sum')
  await look(app, 'many-snippets')
  await app.press(Key.ESCAPE)

  app = await startAgain(app)
  await runAction(app, 'Open Built-in host')
  await app.untilTerminal(PROMPT)
  await app.press(Key.CONTROL, Key.SHIFT, 'p')
  await app.fill('Search or run a command', 'Snippet: sum')
  await app.press(Key.ENTER)
  await app.fill('b', '2', { exact: true })
  await look(app, 'many-snippet-insert')
  await app.press(Key.ENTER)
  await app.untilTerminal('sum of 40 and 2 is 42')
})

test('the search counts the whole scrollback and is not hung by a pattern that goes back and forth', async () => {
  await command(
    app,
    'clear; seq 1 3000 | sed "s/^/row /"; head -c 3000 /dev/zero | tr "\\0" a; echo " done $((6 * 7))"',
    'done 42',
  )
  await app.press(Key.CONTROL, Key.SHIFT, 'f')
  await app.click('button', 'Regular expression')
  await app.fill('Find', '^row [0-9]*7$', { exact: true })
  await app.untilText(/\d+ of 300/)
  await look(app, 'many-search')
  const began = Date.now()
  await app.fill('Find', '(a+)+X', { exact: true })
  await app.untilText('No match')
  assert.ok(Date.now() - began < 10_000, `it took ${Date.now() - began} ms`)
  await app.press(Key.ESCAPE)
})

test('rules colour what they find, and a new line marks a tab that is not looked at', async () => {
  await runAction(app, 'Highlights and triggers')
  await app.click('checkbox', 'ERROR')
  await app.click('checkbox', 'IPv4')
  await app.click('button', 'New rule')
  await app.fill('Name', 'Build')
  await app.fill('Regular expression', 'build (done|failed)')
  await app.click('checkbox', 'Mark the tab')
  await app.fill('Text to try it on', 'the build failed at 12:00')
  await look(app, 'many-highlight-rule')
  await app.click('button', 'Save')
  await app.byRole('checkbox', 'Build')
  await look(app, 'many-highlights')
  await app.press(Key.ESCAPE)
  await app.until('the dialog is gone', async () => (await app.allByRole('dialog')).length === 0)
  await command(app, 'clear; echo "12:00 ERR""OR 10.0.3.20 does not answer 界 ERR""OR"', 'does not answer')
  const marks = () => app.run(() => document.querySelectorAll('.xterm-decoration.highlight').length)
  await app.until('three places are coloured', async () => (await marks()) === 3)
  await look(app, 'many-highlighted')
  await app.type('sleep 2; echo "build do""ne"\n')
  await runAction(app, 'New tab on the same host')
  await app.until('the first tab is marked', async () => app.run(() => document.querySelector('.dv-tab .bell') !== null))
})

test('all of it speaks Chinese', async () => {
  await useChinese(app)
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, 'i')
  await app.byRole('dialog', '代码片段')
  await app.screenshot('many-snippets-chinese')
  await app.press(Key.ESCAPE)
  await app.press(Key.CONTROL, Key.SHIFT, 'm')
  await app.byRole('menu', '的菜单')
  await app.screenshot('many-tab-menu-chinese')
  await app.press(Key.ESCAPE)
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, 'h')
  await app.byRole('dialog', '高亮与触发器')
  await app.screenshot('many-highlights-chinese')
  await app.press(Key.ESCAPE)
})
