// Tabs in windows of their own: what runs in them goes on, wherever they go, whatever is closed, reloaded or killed.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { isRunning, killApp, memoryOf } from './support/app-process.mjs'
import { look } from './support/pictures.mjs'
import { openSshd } from './support/sshd.mjs'
import { addHost, command, runAction, shown, tryBuiltInHost } from './support/window.mjs'

/** What terminals show is written so often, while they show more: after so long there is nothing left to write. */
const WRITE_PAUSE_MS = 5500
const PROMPT = /[$#] ?$/m
let desktop, sshd, app, main

before(async () => {
  desktop = await openDesktop()
  sshd = await openSshd()
  app = await openApp(desktop)
  await shown(app)
  await tryBuiltInHost(app)
  main = await app.driver.getWindowHandle()
})

after(async () => {
  await app?.close()
  await sshd?.close()
  await desktop?.close()
})

const handles = () => app.driver.getAllWindowHandles()
const tabs = () => app.run(() => [...document.querySelectorAll('[role=tab]')].map((tab) => tab.getAttribute('aria-label')))
/** None while a page is being loaded, which WebDriver calls an error. */
const tabsSoFar = () => tabs().catch(() => [])
const untilTabs = (count) => app.until(`there are ${count} tabs`, async () => (await tabsSoFar()).length === count)

async function newTab(kind = 'New tab on the same host') {
  const before = (await tabs()).length
  await runAction(app, kind)
  await untilTabs(before + 1)
  await app.untilTerminal(PROMPT)
}

/** What the app takes once it takes no more: a new page still grows for a moment. */
async function settledMemory() {
  let last = await memoryOf(app)
  await app.until('memory has settled', async () => {
    await sleep(500)
    const before = last
    last = await memoryOf(app)
    return Math.abs(last - before) < 1
  })
  return last
}

/** Goes on in a window that was not there before. */
async function toNewWindow(before) {
  let fresh
  await app.until('there is another window', async () => {
    fresh = (await handles()).find((handle) => !before.includes(handle))
    return fresh !== undefined
  })
  await app.driver.switchTo().window(fresh)
  await app.until('it has its page', async () => (await tabsSoFar()).length > 0)
  return fresh
}

async function tearOff() {
  const before = await handles()
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, Key.PAGE_UP)
  return toNewWindow(before)
}

/** As its title bar would: WebDriver takes away the page and leaves the window. */
const closeWindow = () =>
  // Once the script has answered: there is nobody to answer afterwards.
  app.run(() => void setTimeout(() => window.__TAURI_INTERNALS__.invoke('window_close'), 200))

async function untilWindows(count) {
  await app.until(`there are ${count} windows`, async () => (await handles()).length === count)
}

test('a running program goes on in a window of its own, with what it showed, and takes keys there', async () => {
  await newTab()
  await command(app, 'seq 300; printf "\\033[1;31mred\\033[0m in $$\\n"', /red in \d+/)
  const shell = (await app.rows()).join('\n').match(/red in (\d+)/)[1]
  await app.type('while sleep 0.1; do printf "\\rtick %s of $$ " $((n++)); done\n')
  await app.untilTerminal(/^tick \d+ of/m)
  const alone = await memoryOf(app)
  await tearOff()
  await app.untilTerminal(new RegExp(`^tick \\d+ of ${shell}`, 'm'))
  assert.equal((await tabs()).length, 1)
  const colour = await app.run(() => {
    const red = [...document.querySelectorAll('.xterm-rows span')].find((one) => one.textContent.includes('red'))
    return red && window.getComputedStyle(red).color
  })
  const plain = await app.run(() => window.getComputedStyle(document.querySelector('.xterm-rows')).color)
  assert.ok(colour && colour !== plain, `red is ${colour}, other text ${plain}`)
  await app.until('the terminal has the keyboard', () =>
    app.run(() => document.hasFocus() && document.activeElement.matches('.xterm-helper-textarea')),
  )
  await app.press(Key.CONTROL, 'c')
  await app.untilTerminal(/\^C/)
  await command(app, 'echo "here $((6 * 7)) in $$"', `here 42 in ${shell}`)
  for (let page = 0; page < 4; page += 1) await app.press(Key.SHIFT, Key.PAGE_UP)
  await app.untilTerminal(/^1\d\d$/m)
  await app.type('\n')
  assert.equal((await app.allByRole('navigation', 'Hosts')).length, 0, 'the hosts are not shown')
  await look(app, 'windows-torn-off')
  const both = await settledMemory()
  console.log(`one window ${alone.toFixed(0)} MiB PSS, two ${both.toFixed(0)}: ${(both - alone).toFixed(0)} for the second`)
  await app.driver.switchTo().window(main)
  await untilTabs(1)
})

test('it is reloaded and has its tab; a setting of one window is that of the other', async () => {
  const [other] = (await handles()).filter((handle) => handle !== main)
  await app.driver.switchTo().window(other)
  await app.run(() => window.location.reload())
  await untilTabs(1)
  await app.untilTerminal(/here 42/)
  await app.driver.switchTo().window(main)
  await app.run(() => window.location.reload())
  await shown(app)
  await untilTabs(1)
  const theme = () => app.run(() => document.documentElement.dataset.theme)
  const before = await theme()
  await runAction(app, 'Switch between light and dark')
  await app.until('the main window has the other theme', async () => (await theme()) !== before)
  await app.driver.switchTo().window(other)
  await app.until('so has the other', async () => (await theme()) !== before)
  await runAction(app, 'Switch between light and dark')
  await app.driver.switchTo().window(main)
  await app.until('and back', async () => (await theme()) === before)
})

test('vim goes to the new window, back by the menu, and the window that is empty closes', async () => {
  const [other] = (await handles()).filter((handle) => handle !== main)
  await app.driver.switchTo().window(other)
  await command(app, 'vim -u NONE -N -c "set nocompatible" -c "normal ihello from vim"', 'hello from vim')
  await app.contextClick('tab', null)
  await app.until('the menu is open', async () => (await app.allByRole('menuitem', 'Move to window')).length === 1)
  await app.press(Key.ESCAPE)
  // The window may be gone before the driver has let go of all keys.
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, Key.HOME).catch((error) => assert.equal(error.name, 'NoSuchWindowError'))
  await app.driver.switchTo().window(main)
  await app.driver.actions().clear()
  await untilTabs(2)
  await untilWindows(1)
  await app.untilTerminal('hello from vim')
  await app.type('osecond line')
  await app.untilTerminal('second line')
  await app.press(Key.ESCAPE)
  await app.type(':q!\n')
  await app.untilTerminal(PROMPT)
})

test('a window that is closed gives its tabs back, and what runs in them goes on', async () => {
  await command(app, 'echo "shell $$."', /shell \d+\./)
  const shell = (await app.rows()).join('\n').match(/shell (\d+)\./)[1]
  await runAction(app, 'Start or stop the transcript')
  await app.until('the tab says so', async () => (await tabs()).some((label) => label.includes('transcript on')))
  const other = await tearOff()
  assert.match((await tabs())[0], /transcript on/, 'and says so in its new window')
  await app.untilTerminal(`shell ${shell}.`)
  await newTab()
  await command(app, 'echo "opened $((40 + 2)) there"', 'opened 42 there')
  await app.driver.switchTo().window(other)
  await closeWindow()
  await app.driver.switchTo().window(main)
  await untilTabs(3)
  await app.untilText('2 tabs of the closed window are here now')
  await app.untilTerminal(/opened 42 there|shell \d+\./)
  await look(app, 'windows-came-back')
  await command(app, 'echo "back $((6 * 7))"', 'back 42')
})

/** Where the last tab can be taken, on the screen. */
const gripOfLastTab = () =>
  app.run(() => {
    const box = [...document.querySelectorAll('[role=tab]')].at(-1).getBoundingClientRect()
    return { x: Math.round(window.screenX + box.x + 30), y: Math.round(window.screenY + box.y + 12) }
  })

/** Once the tabs stand still: a window that was made smaller lays them out anew. */
async function settledGrip() {
  let grip = await gripOfLastTab()
  await app.until('the tabs stand still', async () => {
    await sleep(100)
    const before = grip
    grip = await gripOfLastTab()
    return grip.x === before.x && grip.y === before.y
  })
  return grip
}

/** With the X server's own mouse, which also leaves the window. */
async function dragLastTab(x, y) {
  const from = await settledGrip()
  const xdotool = (...args) => execFileSync('xdotool', args.map(String), { env: desktop.env })
  await app.run(() => {
    window.pressed = undefined
    window.addEventListener('pointerdown', (event) => (window.pressed = event.target.closest('[role=tab]') !== null), {
      capture: true,
      once: true,
    })
  })
  xdotool('mousemove', from.x, from.y, 'mousedown', 1)
  await app.until('the tab is held', () => app.run(() => window.pressed === true))
  for (let step = 1; step <= 20; step += 1) {
    xdotool('mousemove', from.x + Math.round(((x - from.x) * step) / 20), from.y + Math.round(((y - from.y) * step) / 20))
    await sleep(20)
  }
  xdotool('mouseup', 1)
}

test('a tab that is dragged out of the window opens one where it is let go, and the next one goes into that', async () => {
  await untilTabs(3)
  const before = await handles()
  await app.resize(900, 600)
  await app.until('the window is as small', () => app.run(() => window.innerWidth === 900))
  await dragLastTab(1100, 300)
  const other = await toNewWindow(before)
  await untilTabs(1)
  const place = await app.run(() => ({ x: window.screenX, y: window.screenY }))
  assert.ok(Math.abs(place.x - (1100 - 120)) < 40 && Math.abs(place.y - (300 - 18)) < 60, JSON.stringify(place))
  await app.driver.switchTo().window(main)
  await untilTabs(2)
  await dragLastTab(1300, 500)
  await untilTabs(1)
  assert.equal((await handles()).length, 2, 'no third window was opened')
  await app.driver.switchTo().window(other)
  await untilTabs(2)
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, Key.HOME)
  await untilTabs(1)
  await app.driver.switchTo().window(main)
  await untilTabs(2)
})

test('a question is asked in one window only, and an answer closes it for all', async () => {
  const [other] = (await handles()).filter((handle) => handle !== main)
  const asked = async () => (await app.allByRole('alertdialog')).length
  await app.driver.switchTo().window(main)
  await addHost(app, { address: '127.0.0.1', port: sshd.port, user: sshd.user, name: 'asks', keyFile: sshd.clientKey })
  await app.click('button', 'Save and open')
  await untilTabs(3)
  const windows = [main, other]
  const counts = async () => {
    const found = []
    for (const handle of windows) {
      await app.driver.switchTo().window(handle)
      found.push(await asked())
    }
    return found
  }
  await app.until('one window asks', async () => (await counts()).reduce((sum, one) => sum + one, 0) === 1)
  // That one has heard of the question too, and says where it waits.
  let found = await counts()
  await app.driver.switchTo().window(windows[found.indexOf(0)])
  await app.untilText('A question waits in another window')
  found = await counts()
  assert.deepEqual(found.toSorted(), [0, 1], 'and no other')
  await app.driver.switchTo().window(windows[found.indexOf(1)])
  await app.click('button', 'Always trust')
  await app.until('no window asks', async () => (await counts()).every((one) => one === 0))
  await app.driver.switchTo().window(main)
  await command(app, 'echo "in $((6 * 7))"', 'in 42')
  await app.press(Key.CONTROL, Key.SHIFT, 'w')
  await untilTabs(2)
})

/** When what a terminal shows was written last; a file that is replaced just now counts as none. */
function writtenAt(folder, kept) {
  const file = readdirSync(folder).find((name) => name.startsWith(kept))
  return (file && statSync(join(folder, file), { throwIfNoEntry: false })?.mtimeMs) ?? 0
}

test('killed with two windows, it offers the tabs of both and brings both back', async () => {
  const [other] = (await handles()).filter((handle) => handle !== main)
  await app.driver.switchTo().window(other)
  const before = Date.now()
  await command(app, 'echo "torn $((6 * 7))"', 'torn 42')
  const data = join(desktop.env.XDG_DATA_HOME, 'dev.bowline.desktop')
  const kept = () => JSON.parse(readFileSync(join(data, 'workspace.json'), 'utf8'))
  await app.until('both are kept', async () => {
    const { tabs: here, windows } = kept()
    return here.length === 2 && windows.length === 1 && [...here, ...windows[0].tabs].every((tab) => tab.kept)
  })
  await app.until('what all three show is kept', () => readdirSync(join(data, 'scrollback')).length >= 3)
  const torn = kept().windows[0].tabs[0].kept
  await app.until('with the newest of the torn one', () => {
    const at = writtenAt(join(data, 'scrollback'), torn)
    return at > before && Date.now() - at > WRITE_PAUSE_MS
  })
  killApp(app)
  await app.close()

  app = await openApp(desktop)
  await shown(app)
  main = await app.driver.getWindowHandle()
  await app.untilText('3 terminals were open')
  await app.click('button', 'Bring them back')
  await untilTabs(2)
  await toNewWindow([main])
  await untilTabs(1)
  await app.untilTerminal(/torn 42/)
  await app.untilTerminal(PROMPT, { patience: 30_000 })
  await command(app, 'echo "anew $((6 * 7))"', 'anew 42')
})

test('the main window is closed and the other one goes on with all tabs; quitting keeps every window', async () => {
  const [other] = (await handles()).filter((handle) => handle !== main)
  await app.driver.switchTo().window(main)
  await closeWindow()
  await app.driver.switchTo().window(other)
  await untilWindows(1)
  await untilTabs(3)
  await app.press(Key.CONTROL, Key.SHIFT, 'b')
  await shown(app)
  await command(app, 'echo "still $((6 * 7))"', 'still 42')
  await tearOff()
  await untilTabs(1)
  const file = join(desktop.env.XDG_DATA_HOME, 'dev.bowline.desktop', 'workspace.json')
  const kept = () => JSON.parse(readFileSync(file, 'utf8'))
  await app.until('the new window is kept', () => kept().windows.some(({ tabs }) => tabs.length === 1))
  // The driver may lose its answer to the key that ends the app; whether it ended is seen below.
  await runAction(app, 'Quit Bowline').catch((error) => assert.doesNotMatch(error.message, /^Waited/))
  await app.until('the app has ended', () => !isRunning(app))
  await app.close()
  const { tabs: here, windows } = kept()
  assert.deepEqual([here.length, ...windows.map(({ tabs }) => tabs.length)], [0, 2, 1], 'each window as it was')
  app = await openApp(desktop)
  await shown(app)
  await app.untilText('3 terminals were open')
})
