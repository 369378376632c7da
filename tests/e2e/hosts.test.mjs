// A person with a server of their own: adds it, logs in, comes back to it after a restart.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { filesThatHold, isTrusted } from './support/files.mjs'
import { openSshd } from './support/sshd.mjs'
import { command, openForm, shown, startAgain } from './support/window.mjs'

let desktop, sshd, app

before(async () => {
  desktop = await openDesktop()
  sshd = await openSshd({ password: true })
  app = await openApp(desktop)
  await shown(app)
})

after(async () => {
  await app?.close()
  await sshd?.close()
  await desktop?.close()
})

test('the form says what is wrong as one types, and keeps what was typed', async () => {
  await openForm(app)
  await app.fill('Address', '-oProxyCommand=x')
  await app.untilText(/dash/i)
  await app.fill('Address', 'a;b')
  await app.untilText(/character/i)
  await app.fill('Address', '127.0.0.1')
  await app.fill('Port', String(sshd.port))
  await app.fill('User', sshd.user)
  await app.fill('Name', 'web-01 构建机')
  await app.fill('Group', 'Production')
  await app.screenshot('form')
})

test('a test of the draft tells each step, asks for the host key and the password, and leaves the form as it was', async () => {
  await app.click('button', 'Test', { exact: true })
  await app.untilText('Is this the right server?')
  await app.untilText(sshd.fingerprint)
  await app.screenshot('host-key-unknown')
  await app.click('button', 'Trust once')
  await app.untilText(`Password for ${sshd.user}`)
  await app.press(Key.ESCAPE)
  await app.untilText(/Log in[\s\S]*failed/)
  assert.equal(await (await app.byLabel('Address')).getAttribute('value'), '127.0.0.1')
})

test('a saved password and a trusted key lead straight to a shell', async () => {
  await app.fill('Password', sshd.password, { exact: true })
  await app.click('button', 'Save and open')
  await app.untilText('Is this the right server?')
  await app.click('button', 'Always trust')
  await command(app, 'echo "it is $((6 * 7))"', 'it is 42')
  await app.screenshot('real-server')
  assert.ok(isTrusted(desktop, sshd.port), 'the key is in the file')
})

test('the password lies in the keyring and in no file, log or preference', () => {
  assert.deepEqual(filesThatHold(desktop.root, sshd.password), [])
  assert.ok(!app.log().includes(sshd.password))
})

test('after a restart the host is there, and its password is still known', async () => {
  app = await startAgain(app)
  await app.click('treeitem', 'web-01 构建机')
  await command(app, 'echo "again $((40 + 2))"', 'again 42')
})

test('a shell that ends says with which status, and Enter opens it again', async () => {
  await app.type('exit 3\n')
  await app.untilText('ended with status 3')
  await app.screenshot('ended')
  await app.type('\n')
  await command(app, 'echo "reopened $((1 + 1))"', 'reopened 2')
})

test('a deleted host comes back with Undo', async () => {
  await app.contextClick('treeitem', 'web-01 构建机')
  await app.click('menuitem', 'Delete')
  await app.until('the host is gone', async () => (await app.allByRole('treeitem', 'web-01 构建机')).length === 0)
  await app.click('button', 'Undo')
  await app.byRole('treeitem', 'web-01 构建机')
})

test('a changed host key is a hard stop that shows both fingerprints and sends nothing', async () => {
  await app.contextClick('treeitem', 'web-01 构建机')
  await app.click('menuitem', 'Disconnect')
  await app.untilText(/disconnected|status/i)
  const before = sshd.fingerprint
  await sshd.renewHostKey()
  const logged = sshd.log().length
  await app.click('treeitem', 'web-01 构建机')
  await app.untilText('The host key has changed')
  await app.untilText(before)
  await app.untilText(sshd.fingerprint)
  await app.screenshot('host-key-changed')
  await app.click('button', "Don't connect")
  await app.untilText(/host key changed/i)
  assert.ok(!sshd.log().slice(logged).includes(sshd.user), sshd.log().slice(logged))
})

test('a changed key is replaced when the address is typed by hand', async () => {
  await app.click('treeitem', 'web-01 构建机')
  await app.untilText('The host key has changed')
  await app.click('button', 'I know why the key changed')
  await app.fill('Address of the server', `[127.0.0.1]:${sshd.port}`)
  await app.click('button', 'Replace the key and connect')
  await command(app, 'echo "replaced $((6 * 7))"', 'replaced 42')
})
