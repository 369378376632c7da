// How terminals look and read: colours, contrast, screen readers, composed text, in the real window.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { look } from './support/pictures.mjs'
import { command, showTheme, shown, startAgain, tryBuiltInHost, useChinese } from './support/window.mjs'

let desktop, app, refused

before(async () => {
  desktop = await openDesktop()
  app = await openApp(desktop)
  await shown(app)
  refused = await app.watchPolicy()
  await tryBuiltInHost(app)
})

after(async () => {
  await app?.close()
  await desktop?.close()
})

async function settings(page) {
  await app.press(Key.CONTROL, ',')
  await app.click('tab', page, { within: await app.byRole('dialog', 'Settings') })
}

const leave = async () => {
  await app.press(Key.ESCAPE)
  await app.until('the dialog is closed', async () => (await app.allByRole('dialog')).length === 0)
}

const background = () => app.run(() => getComputedStyle(document.querySelector('.terminal-surface')).backgroundColor)

const SAMPLE = String.raw`for n in 0 1 2 3 4 5 6 7; do printf "\033[3${'$'}{n}m text \033[9${'$'}{n}m text \033[4${'$'}{n}m    \033[10${'$'}{n}m    \033[0m\n"; done; echo "a => b != c 你好，世界"`

test('a scheme is chosen for the dark and for the light window, with a look at it', async () => {
  await showTheme(app, 'dark')
  await app.type(`clear; ${SAMPLE}\n`)
  await settings('Text and colours')
  await app.choose('Colours while the window is dark', 'gruvbox-dark')
  // A part of it can be seen, which is enough for the driver not to scroll, and too little for it to click.
  await app.run(() => [...document.querySelectorAll('select')].at(-1).scrollIntoView({ block: 'center' }))
  await app.choose('Colours while the window is light', 'solarized-light')
  await look(app, 'settings-colours')
  await leave()
  await app.until('it is shown', async () => (await background()) === 'rgb(40, 40, 40)')
  await app.screenshot('scheme-gruvbox-dark')
  await showTheme(app, 'light')
  await app.until('the other one is shown', async () => (await background()) === 'rgb(253, 246, 227)')
  await app.screenshot('scheme-solarized-light')
  await showTheme(app, 'dark')
})

test('a scheme is imported from a file of another terminal', async () => {
  const colour = (name, [red, green, blue]) =>
    `<key>${name}</key><dict><key>Red Component</key><real>${red}</real><key>Green Component</key><real>${green}</real><key>Blue Component</key><real>${blue}</real></dict>`
  const ansi = Array.from({ length: 16 }, (_, n) => colour(`Ansi ${n} Color`, [n / 15, 0.6, 1 - n / 15]))
  const file = join(desktop.home, 'Reef.itermcolors')
  writeFileSync(
    file,
    `<?xml version="1.0"?><!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd"><plist version="1.0"><dict>${ansi.join('')}${colour('Background Color', [0, 0.2, 0.2])}${colour('Foreground Color', [1, 1, 1])}</dict></plist>`,
  )
  await settings('Text and colours')
  await app.run(() => document.querySelector('details.import summary').click())
  const field = await app.run(() => document.querySelector('details.import input[type=file]'))
  await field.sendKeys(file)
  await app.untilText('Reef is now used while the window is dark.')
  assert.equal(await background(), 'rgb(0, 51, 51)')
  await app.screenshot('scheme-imported')
  await app.choose('Colours while the window is dark', 'bowline')
  await leave()
})

test('text has the contrast that was asked for', async () => {
  const dim = () =>
    app.run(() => {
      const span = [...document.querySelectorAll('.xterm-rows span')].filter((one) => one.textContent === 'DIMMED').at(-1)
      return span ? Number(/rgb\((\d+)/.exec(getComputedStyle(span).color)[1]) : null
    })
  await command(app, String.raw`clear; printf '\033[38;2;30;30;30mDIM%s\033[0m\n' MED`, 'DIMMED')
  assert.ok((await dim()) > 80)
  await settings('Accessibility')
  await look(app, 'settings-accessibility')
  await app.choose('Contrast of text in terminals', '1')
  await leave()
  await app.until('it is as the program wants it', async () => (await dim()) === 30)
})

test('a screen reader can read the lines', async () => {
  await settings('Accessibility')
  await app.choose('Terminals for a screen reader', 'on')
  await leave()
  await command(app, 'echo "read $((6 * 7))"', 'read 42')
  await app.until('the line is there', async () => (await app.allByRole('listitem', 'read 42', { exact: true })).length > 0)
  await settings('Accessibility')
  await app.choose('Terminals for a screen reader', 'auto')
  await leave()
})

test('the pages of the settings are left backwards by the keyboard, too', async () => {
  // The key of the X server itself, as WebDriver's has another name; it goes to the window that was clicked last.
  execFileSync('xdotool', ['mousemove', '700', '500', 'click', '1'], { env: desktop.env })
  execFileSync('xdotool', ['key', 'ctrl+comma'], { env: desktop.env })
  await app.byRole('dialog', 'Settings')
  await app.until('a page has the focus', () => app.run(() => document.activeElement.getAttribute('role') === 'tab'))
  execFileSync('xdotool', ['key', 'shift+Tab'], { env: desktop.env })
  await app.until('the cross has the focus', () => app.run(() => document.activeElement.getAttribute('aria-label') === 'Close'))
  await leave()
})

test('signs are joined where that is wanted', async () => {
  await command(app, String.raw`clear; printf 'a =%s b !%s c\n' '>' '='`, 'a => b != c')
  await settings('Text and colours')
  await app.click('switch', 'Join signs like => and !=')
  await leave()
  await app.screenshot('ligatures')
  assert.match((await app.rows()).join('\n'), /^a => b != c$/m)
})

test('composed text is shown at the cursor and sent once', async () => {
  await app.type('clear; cat\n')
  await app.untilTerminal(/cat|^$/m)
  const places = await app.driver.executeAsyncScript((done) => {
    const field =
      document.querySelector('.xterm.focus .xterm-helper-textarea') ?? document.querySelector('.xterm-helper-textarea')
    const say = (type, data) => field.dispatchEvent(new window.CompositionEvent(type, { data, bubbles: true }))
    say('compositionstart', '')
    field.value = 'ni'
    say('compositionupdate', 'ni')
    setTimeout(() => {
      const view = field.closest('.xterm').querySelector('.composition-view')
      const cursor = field.closest('.xterm').querySelector('.xterm-cursor').getBoundingClientRect()
      const box = view.getBoundingClientRect()
      const seen = { text: view.textContent, shown: view.classList.contains('active'), x: box.x - cursor.x, y: box.y - cursor.y }
      field.value = '你好，世界。'
      say('compositionend', '你好，世界。')
      setTimeout(() => done(seen), 100)
    }, 100)
  })
  assert.equal(places.text, 'ni')
  assert.equal(places.shown, true)
  assert.ok(Math.abs(places.x) < 3 && Math.abs(places.y) < 4, JSON.stringify(places))
  await app.press(Key.ENTER)
  await app.untilTerminal(/^你好，世界。\n你好，世界。$/m)
  await app.press(Key.CONTROL, 'c')
})

test('a screen reader that runs is noticed at the start', async () => {
  assert.deepEqual(await refused(), [])
  const property = ['string:org.a11y.Status', 'string:ScreenReaderEnabled', 'variant:boolean:true']
  const bus = ['--session', '--print-reply', '--dest=org.a11y.Bus', '/org/a11y/bus']
  execFileSync('dbus-send', [...bus, 'org.freedesktop.DBus.Properties.Set', ...property], { env: desktop.env })
  app = await startAgain(app)
  refused = await app.watchPolicy()
  await app.click('treeitem', 'Built-in host')
  await app.untilTerminal(/[$#] ?$/m)
  await app.until('the lines are there to be read', () => app.run(() => document.querySelector('.xterm-accessibility') !== null))
})

test('the window and its settings are in Chinese, too', async () => {
  await useChinese(app)
  await app.press(Key.CONTROL, ',')
  await app.click('tab', '文字与颜色')
  await app.screenshot('settings-colours-chinese')
  await app.click('tab', '终端')
  await app.screenshot('settings-terminal-chinese')
  await app.press(Key.ESCAPE)
})

test('nothing was refused by the content policy', async () => assert.deepEqual(await refused(), []))
