// Files that are dropped on the real window by the X server's own mouse, on a real sshd.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { dragTo, letGo, mouseOf, openDragSource } from './support/drag.mjs'
import { openSshd } from './support/sshd.mjs'
import { addHost, command, runAction, shown, useTheme } from './support/window.mjs'

let desktop, sshd, app, files, source

before(async () => {
  desktop = await openDesktop()
  sshd = await openSshd({ lines: ['AcceptEnv LANG LC_*', 'Subsystem sftp internal-sftp'] })
  mkdirSync(join(desktop.home, 'out going'))
  mkdirSync(join(sshd.folder, 'home/in coming'))
  files = ['a b.bin', "it's.txt", '文件.txt'].map((name) => join(desktop.home, 'out going', name))
  for (const file of files) writeFileSync(file, randomBytes(300_000))
  app = await openApp(desktop)
  await shown(app)
  await addHost(app, { address: '127.0.0.1', port: sshd.port, user: sshd.user, name: 'web-01', keyFile: sshd.clientKey })
  await app.click('button', 'Save and open')
  await app.click('button', 'Always trust')
  await app.untilTerminal(/[$#] ?$/m)
  source = await openDragSource(desktop, files)
})

after(async () => {
  await source?.close()
  await app?.close()
  await sshd?.close()
  await desktop?.close()
})

/** The middle of the first element that a selector finds, on the screen. */
async function onScreen(selector) {
  const place = await app.run((wanted) => {
    const shown = [...document.querySelectorAll(wanted)].find((it) => it.getClientRects().length > 0)
    const box = shown?.getBoundingClientRect()
    return box && [window.screenX + box.x + box.width / 2, window.screenY + box.y + box.height / 2]
  }, selector)
  assert.ok(place, `${selector} is shown`)
  return place.map(Math.round)
}

const arrived = (folder) => files.every((file) => existsSync(join(folder, file.split('/').at(-1))))

function assertSame(folder) {
  for (const file of files) assert.ok(readFileSync(join(folder, file.split('/').at(-1))).equals(readFileSync(file)), file)
}

test('files dropped on a terminal go to its directory, which an overlay names', async () => {
  const incoming = join(sshd.folder, 'home/in coming')
  await app.type(`cd '${incoming}'\n`)
  await command(app, 'echo "there $((6 * 7))"', 'there 42')
  await dragTo(desktop, source.middle, await onScreen('section.terminal'))
  await app.untilText('Copy 3 items to')
  await app.untilText(`web-01:${incoming}`)
  for (const theme of ['dark', 'light']) {
    await app.run((wanted) => (document.documentElement.dataset.theme = wanted), theme)
    await app.screenshot(`drop-overlay-${theme}`)
  }
  letGo(desktop)
  await app.until('the overlay is gone', async () => !(await app.text()).includes('Copy 3 items to'))
  await app.until('the files are there', () => arrived(incoming))
  await app.untilText(/and 2 more/)
  await runAction(app, 'Show or hide the transfers')
  await app.untilText('done')
  await useTheme(app, 'dark')
  await app.screenshot('drop-tray')
  assertSame(incoming)
})

test('a file that stands there is asked about in the tray', async () => {
  writeFileSync(files[0], randomBytes(400_000))
  await dragTo(desktop, source.middle, await onScreen('section.terminal'))
  await app.untilText('Copy 3 items to')
  letGo(desktop)
  await app.untilText('waits for your answer')
  await app.screenshot('drop-conflict')
  const [all] = await app.allByRole('checkbox', 'for all further files')
  await all.click()
  await app.click('button', 'Overwrite', { exact: true })
  await app.until('the new one is there', () => readFileSync(join(sshd.folder, 'home/in coming/a b.bin')).length === 400_000)
  assertSame(join(sshd.folder, 'home/in coming'))
})

test('a drag that is given up copies nothing, and tabs can still be dragged', async () => {
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, '6')
  await dragTo(desktop, source.middle, await onScreen('section.terminal'))
  await app.untilText('Copy 3 items to')
  mouseOf(desktop)('key', 'Escape')
  await app.until('the overlay is gone', async () => !(await app.text()).includes('Copy 3 items to'))
  letGo(desktop)
  await runAction(app, 'Split right')
  await app.untilTerminal(/[$#] ?$/m)
  const panes = async () => (await app.run(() => [...document.querySelectorAll('.dv-groupview')].length)) ?? 0
  await app.until('there are two panes', async () => (await panes()) === 2)
  // The tab of the left pane to the middle of the right one, which leaves no left one.
  await dragTo(desktop, await onScreen('.dv-tab'), await onScreen('.dv-active-group section.terminal'))
  letGo(desktop)
  await app.until('the tab lies in the other pane', async () => (await panes()) === 1)
})

/** A folder as a panel of files shows it, on another host that is the same machine. */
async function showFolder(hostId, path, file) {
  await app.run(
    (host, folder, dragged) => {
      const row = document.createElement('div')
      row.id = 'folder'
      row.draggable = true
      row.dataset.dropHost = host
      row.dataset.dropPath = folder
      row.textContent = folder
      row.style.cssText = 'position:fixed;left:20px;top:420px;width:220px;height:30px;z-index:9;background:teal'
      row.addEventListener('dragstart', (event) =>
        event.dataTransfer.setData('application/x-bowline-files', JSON.stringify({ hostId: host, paths: [dragged] })),
      )
      document.body.append(row)
    },
    hostId,
    path,
    file,
  )
}

test('files dropped on a folder go there, and its files can be dragged on to the terminal of another host', async () => {
  const folder = join(sshd.folder, 'home/shared')
  mkdirSync(folder)
  writeFileSync(join(folder, 'report.txt'), 'knots')
  await addHost(app, { address: '127.0.0.1', port: sshd.port, user: sshd.user, name: 'web-02', keyFile: sshd.clientKey })
  await app.click('button', 'Save', { exact: true })
  await app.byRole('treeitem', 'web-02')
  const id = await app.run(async () => {
    const { hosts } = await window.__TAURI_INTERNALS__.invoke('hosts')
    return hosts.find(({ label }) => label === 'web-02').id
  })
  await showFolder(id, folder, join(folder, 'report.txt'))
  await dragTo(desktop, source.middle, await onScreen('#folder'))
  await app.untilText('Copy 3 items to')
  await app.untilText(`web-02:${folder}`)
  await app.screenshot('drop-folder')
  letGo(desktop)
  await app.until('the files are there', () => arrived(folder))
  await dragTo(desktop, await onScreen('#folder'), await onScreen('.dv-active-group section.terminal'))
  await app.untilText('Copy one item to')
  await app.screenshot('drop-host-to-host')
  letGo(desktop)
  const there = await app.run(() => document.querySelector('.tray')?.textContent ?? '')
  assert.ok(there.length > 0)
  await app.until('the report has come over', () =>
    ['home', 'home/in coming'].some((name) => existsSync(join(sshd.folder, name, 'report.txt'))),
  )
  await app.run(() => document.querySelector('#folder').remove())
})

test('the icon of the app may show how far it is', async () => {
  const value = { status: 'normal', progress: 50 }
  const refused = await app.run(async (given) => {
    try {
      await window.__TAURI_INTERNALS__.invoke('plugin:window|set_progress_bar', { label: 'main', value: given })
      return null
    } catch (error) {
      return `${error}`
    }
  }, value)
  assert.equal(refused, null)
})

test('paths are typed into a local shell', async () => {
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, 'm')
  await app.untilTerminal(/[$#%>] ?$/m)
  await app.type('ls -d ')
  await dragTo(desktop, source.middle, await onScreen('.dv-active-group section.terminal'))
  await app.untilText('Type the paths of 3 files')
  letGo(desktop)
  await app.untilTerminal('文件.txt')
  await app.type('| wc -l\n')
  await app.untilTerminal(/^3$/m)
})

test('nothing was refused by the content policy', async () => {
  const refused = await app.watchPolicy()
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, 'j')
  assert.deepEqual(await refused(), [])
})
