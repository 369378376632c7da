// What outlives the page and the app: shells through a reload, many tabs with few browser terminals, and the last workspace.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { look } from './support/pictures.mjs'
import { command, runAction, shown, tryBuiltInHost } from './support/window.mjs'

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

const tabs = () => app.run(() => [...document.querySelectorAll('[role=tab]')].map((tab) => tab.getAttribute('aria-label')))
/** What is shown now is a new element each time that a tab gets a browser's terminal. */
const mark = (name) => app.run((text) => (document.querySelector('.xterm').dataset.mark = text), name)
const marked = () => app.run(() => document.querySelector('.xterm').dataset.mark ?? null)

async function newTab(kind = 'New tab on the same host') {
  const before = (await tabs()).length
  await runAction(app, kind)
  await app.until('there is one more tab', async () => (await tabs()).length === before + 1)
  await app.untilTerminal(PROMPT)
}

test('a reload keeps the shell, what runs in it and its scrollback', async () => {
  await command(app, 'echo "shell is $$."; seq 200', /^200$/m)
  await app.type('echo "shell is $$."\n')
  const said = (await app.untilTerminal(/shell is (\d+)\./)).join('\n').match(/shell is (\d+)\./)[1]
  await app.type('while sleep 0.1; do printf "\\rtick %s of $$" $((n++)); done\n')
  await app.untilTerminal(/^tick \d+ of/m)
  await app.run(() => window.location.reload())
  await shown(app)
  const after = (await app.untilTerminal(/^tick [1-9]\d+ of (\d+)/m)).join('\n').match(/^tick (\d+) of (\d+)/m)
  assert.equal(after[2], said)
  await look(app, 'comes-back-reloaded')
  await app.press(Key.CONTROL, 'c')
  await command(app, 'echo "again $((6 * 7)) in $$."', `again 42 in ${said}.`)
  for (let page = 0; page < 4; page += 1) await app.press(Key.SHIFT, Key.PAGE_UP)
  await app.untilTerminal(/^10$/m)
  await app.type('\n')
})

test('twelve tabs have few browser terminals, and going back shows the text at once', async () => {
  await command(app, 'echo "in the $((1))st"', 'in the 1st')
  await mark('first')
  while ((await tabs()).length < 12) {
    await newTab()
    await mark(`tab ${(await tabs()).length}`)
  }
  // Those that were hidden for long are taken down a moment later.
  await sleep(1500)
  const tookMs = await app.driver.executeAsyncScript((done) => {
    const began = performance.now()
    document.querySelectorAll('[role=tab]')[0].dispatchEvent(new window.PointerEvent('pointerdown', { bubbles: true, button: 0 }))
    document.querySelectorAll('[role=tab]')[0].click()
    const seen = () => {
      const rows = [...document.querySelectorAll('.xterm')].filter((one) => one.getClientRects().length > 0)
      if (rows.some((one) => one.textContent.includes('in the 1st'))) return done(performance.now() - began)
      if (performance.now() - began > 5000) return done(null)
      requestAnimationFrame(seen)
    }
    seen()
  })
  console.log(`a tab without a browser terminal is shown after ${tookMs?.toFixed(0)} ms`)
  if (tookMs === null) {
    await app.press(Key.ALT, '1')
    await app.untilTerminal('in the 1st')
  }
  assert.equal(await marked(), null, 'it has a new browser terminal')
  await command(app, 'echo "typed $((6 * 7))"', 'typed 42')
  await app.press(Key.ALT, '9')
  await app.until('a tab that was used lately has the one that it had', async () => (await marked()) === 'tab 12')
})

test('killed with five tabs in splits, it offers them back with what they showed', async () => {
  while ((await tabs()).length > 3) {
    const left = (await tabs()).length - 1
    await app.press(Key.CONTROL, Key.SHIFT, 'w')
    await app.until('the tab is closed', async () => (await tabs()).length === left)
  }
  await newTab('Split right')
  await command(app, 'echo "right $((6 * 7))"', 'right 42')
  await newTab('Split down')
  await command(app, 'for i in $(seq 300); do echo "line $i of the lower"; done', 'line 300 of the lower')
  await runAction(app, 'Rename tab')
  await app.driver.actions().sendKeys('the build', Key.ENTER).perform()
  const before = await tabs()
  assert.equal(before.length, 5)
  await look(app, 'comes-back-before')
  const data = findData(desktop.env.XDG_DATA_HOME)
  await app.until('what each shows is kept', async () => {
    const kept = JSON.parse(readFileSync(join(data, 'workspace.json'), 'utf8'))
    return kept.tabs.length === 5 && kept.tabs.every((tab) => tab.kept)
  })
  await sleep(6000)
  for (const file of readdirSync(join(data, 'scrollback'))) {
    const path = join(data, 'scrollback', file)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.ok(!readFileSync(path).includes('of the lower'), 'nothing can be read in it')
  }
  killApp()
  await app.close()

  app = await openApp(desktop)
  await shown(app)
  await app.untilText('5 terminals were open')
  await look(app, 'comes-back-offer')
  await app.click('button', 'Bring them back')
  await app.until('the tabs are back', async () => (await tabs()).length === 5)
  assert.ok(
    (await tabs()).some((label) => label.includes('the build')),
    `${await tabs()}`,
  )
  const seen = () => app.run(() => [...document.querySelectorAll('.xterm-rows')].map((one) => one.textContent).join('\n'))
  await app.until('the kept lines are there', async () => /line 300 of the lower/.test((await seen()).replaceAll('\u00a0', ' ')))
  await app.until('the seam is there', async () => /──── ↻ 2\d\d\d-/.test((await seen()).replaceAll('\u00a0', ' ')))
  const panes = await app.run(() => document.querySelectorAll('.dv-groupview').length)
  assert.equal(panes, 3)
  await look(app, 'comes-back-restored')
  await command(app, 'echo "new $((6 * 7))"', 'new 42')
})

test('the same is offered after it was closed, and can be put off', async () => {
  await app.close()
  app = await openApp(desktop)
  await shown(app)
  await app.untilText('5 terminals were open')
  await app.click('button', 'Not now')
  await app.until('the offer is gone', async () => !(await app.text()).includes('terminals were open'))
  await app.close()
  app = await openApp(desktop)
  await shown(app)
  await app.untilText('5 terminals were open')
  await runAction(app, 'Switch between English and Chinese')
  await app.untilText('上次打开了 5 个终端')
  await look(app, 'comes-back-offer-zh')
})

/** The folder with Bowline's files. */
function findData(root) {
  const found = readdirSync(root).find((name) => readdirSync(join(root, name)).includes('workspace.json'))
  assert.ok(found, `no workspace.json below ${root}`)
  return join(root, found)
}

/** Kills the app itself, as a crash or the system would: the process below the driver's that was started from APP. */
function killApp() {
  const children = (pid) =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .split(' ')
      .filter(Boolean)
      .flatMap((child) => [child, ...children(child)])
  for (const pid of children(app.driverProcess)) {
    if (readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('bowline')) process.kill(Number(pid), 'SIGKILL')
  }
}
