// Links and the command beside the app that runs: nothing connects by itself, and the sidebar follows at once.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { start } from '../../scripts/processes.mjs'
import { APP, Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { openForm, shown, showTheme, useChinese } from './support/window.mjs'

const COMMAND = join(APP, '../bowline')
const run = promisify(execFile)
let desktop, app, server
/** Connections to what a link names. */
let connections = 0

/** The command on this desktop. */
const bowline = (...args) => run(COMMAND, args, { env: desktop.env, cwd: desktop.home })
/** Another start of the app, as a browser makes it. */
async function followLink(...args) {
  const second = start(APP, args, { env: desktop.env, stdio: 'ignore' })
  assert.equal((await second.ended).code, 0)
}
const port = () => server.address().port
const dialogs = async () => (await app.allByRole('dialog')).length
const tabs = async () => (await app.allByRole('tab')).length
const rowOf = (name) => app.allByRole('treeitem', name)

async function dismissed() {
  await app.press(Key.ESCAPE)
  await app.until('the dialog is gone', async () => (await dialogs()) === 0)
}

before(async () => {
  server = createServer((socket) => {
    connections += 1
    socket.on('error', () => undefined)
    socket.end('SSH-2.0-nobody\r\n')
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  desktop = await openDesktop()
  app = await openApp(desktop)
  await shown(app)
})

after(async () => {
  await app?.close()
  server?.close()
  await desktop?.close()
})

test('a host that the command adds is in the sidebar at once, and one that it removes is gone', async () => {
  await bowline('hosts', 'add', `ada@127.0.0.1:${port()}`, '--name', 'web-01', '--group', 'prod')
  await app.until('the host is in the sidebar', async () => (await rowOf('web-01')).length === 1, undefined, { patience: 3000 })
  await bowline('hosts', 'add', '192.0.2.9', '--name', 'old')
  await app.until('the other one too', async () => (await rowOf('old')).length === 1, undefined, { patience: 3000 })
  await app.screenshot('links-sidebar')
  await bowline('hosts', 'rm', 'old', '--yes')
  await app.until('it is gone', async () => (await rowOf('old')).length === 0, undefined, { patience: 3000 })
})

test('a host that the window saves is there for the command, and both may go on', async () => {
  await openForm(app)
  await app.fill('Address', '192.0.2.20')
  await app.fill('Name', 'by-window')
  await app.click('button', 'Save', { exact: true })
  await app.until('the form is gone', async () => (await dialogs()) === 0)
  const { stdout } = await bowline('hosts', 'list')
  assert.match(stdout, /by-window\t192\.0\.2\.20/)
  assert.match(stdout, /web-01/)
})

test('a link to an address that is not saved brings the form, filled in, and connects nothing', async () => {
  await followLink(`ssh://eve@127.0.0.2:${port()}`)
  await app.byRole('dialog', 'Add a host')
  assert.equal(await (await app.byLabel('Address')).getAttribute('value'), '127.0.0.2')
  assert.equal(await (await app.byLabel('Port')).getAttribute('value'), String(port()))
  assert.equal(await (await app.byLabel('User')).getAttribute('value'), 'eve')
  await app.untilText(`Filled in from ssh://eve@127.0.0.2:${port()}`)
  await app.screenshot('links-form')
  // Another one waits, and what is typed here stays.
  await app.fill('Name', 'typed')
  await followLink(`ssh://mallory@127.0.0.3:${port()}`)
  await app.untilText('A link waits until this dialog is closed')
  assert.equal(await (await app.byLabel('Name')).getAttribute('value'), 'typed')
  await app.click('button', 'Cancel', { exact: true })
  await app.until('the other one is shown', async () => {
    const [address] = await app.allByRole('textbox', 'Address')
    return (await address?.getAttribute('value')) === '127.0.0.3'
  })
  await dismissed()
  assert.equal(await tabs(), 0)
  assert.equal(connections, 0)
})

test('a link to a saved host asks, and connects nothing', async () => {
  await followLink('ssh://web-01')
  await app.byRole('dialog', 'A link asks for a host')
  await app.byRole('button', 'Open web-01')
  await app.screenshot('links-saved')
  await showTheme(app, 'light')
  await app.screenshot('links-saved-light')
  await showTheme(app, 'dark')
  // Enter does what is the default, and that is nothing.
  await app.press(Key.ENTER)
  await app.until('the dialog is gone', async () => (await dialogs()) === 0)
  assert.equal(await tabs(), 0)
  assert.equal(connections, 0)
})

test('a hostile link is refused, shown as text, and runs nothing', async () => {
  for (const link of ['ssh://-oProxyCommand=touch%20pwned', 'ssh://ada:secret@web-01', 'ssh://web-01/<img%20src=x>']) {
    await followLink(link)
  }
  await app.untilText('it holds a password')
  await app.untilText('something behind its address')
  const text = await app.text()
  assert.ok(!text.includes('secret'), text)
  assert.equal(await dialogs(), 0)
  assert.equal(connections, 0)
  // An option that is no link, as a hostile page might want to smuggle one in.
  await followLink('ssh://--open', 'web-01')
  await followLink('--open=web-01')
  assert.equal(await tabs(), 0)
  await app.screenshot('links-hostile')
})

test('the person opens what the link means', async () => {
  await followLink(`ssh://ada@127.0.0.1:${port()}`)
  await app.click('button', 'Open web-01')
  await app.byRole('tab', 'web-01')
  await app.until('it was dialled', () => connections > 0)
  assert.equal(await tabs(), 1)
})

test('bowline open opens a tab on a saved host, and the form for another', async () => {
  const before = await tabs()
  await bowline('open', 'web-01')
  await app.until('there is one more tab', async () => (await tabs()) === before + 1)
  await bowline('open', 'root@192.0.2.77')
  await app.byRole('dialog', 'Add a host')
  assert.equal(await (await app.byLabel('Address')).getAttribute('value'), '192.0.2.77')
  await dismissed()
  await assert.rejects(bowline('open', 'a b'), /no saved host/)
})

test('a link is told of in Chinese too', async () => {
  await useChinese(app)
  await followLink('ssh://web-01')
  await app.byRole('dialog', '链接请求打开主机')
  await app.screenshot('links-chinese')
  await dismissed()
})

test('bowline open starts the app when it does not run, and the form is there', async () => {
  await app.close()
  const second = await openApp(desktop, { args: [`ssh://ada@192.0.2.44:2244`] })
  try {
    await second.byRole('dialog')
    await second.until('the address is filled in', async () =>
      second.run(() => [...document.querySelectorAll('input')].some((input) => input.value === '192.0.2.44')),
    )
  } finally {
    await second.close()
  }
  await bowline('open', 'web-01')
  const { stdout } = await run('pgrep', ['-f', `${APP} --open web-01`], { env: desktop.env })
  const pid = Number(stdout.trim().split('\n')[0])
  assert.ok(pid > 0)
  process.kill(pid, 'SIGTERM')
  app = undefined
})
