// Ways in: a key, and passwords that are wrong.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { openSshd } from './support/sshd.mjs'
import { addHost, command, shown } from './support/window.mjs'

let desktop, byKey, byPassword, app

before(async () => {
  // Without a keyring: everything still works, and the window says what it cannot do.
  desktop = await openDesktop({ keyring: false })
  byKey = await openSshd()
  byPassword = await openSshd({ password: true })
  app = await openApp(desktop)
  await shown(app)
})

after(async () => {
  await app?.close()
  await byKey?.close()
  await byPassword?.close()
  await desktop?.close()
})

test('a key file is enough', async () => {
  await addHost(app, { address: '127.0.0.1', port: byKey.port, user: byKey.user, name: 'by key', keyFile: byKey.clientKey })
  await app.click('button', 'Save and open')
  await app.click('button', 'Always trust')
  await command(app, 'echo "key $((6 * 7))"', 'key 42')
})

test('without a keyring the window says so quietly', async () => {
  await app.untilText(/keyring/i)
  await app.screenshot('no-keyring')
})

test('a wrong password is asked for again, three times at most, and then explained', async () => {
  await addHost(app, { address: '127.0.0.1', port: byPassword.port, user: byPassword.user, name: 'by password' })
  await app.click('button', 'Save and open')
  await app.click('button', 'Always trust')
  for (const shown of [`Password for ${byPassword.user}`, 'Attempt 2 of 3', 'Attempt 3 of 3']) {
    await app.untilText(shown)
    const field = await app.byLabel('Password', { exact: true })
    await field.sendKeys('wrong', Key.ENTER)
  }
  await app.untilText(/did not let|refused/i)
  await app.until('no question is left', async () => (await app.allByRole('dialog')).length === 0)
  await app.screenshot('password-refused')
})

test('the right password after that opens the shell', async () => {
  await app.type('\n')
  await app.untilText(`Password for ${byPassword.user}`)
  const field = await app.byLabel('Password', { exact: true })
  await field.sendKeys(byPassword.password, Key.ENTER)
  await command(app, 'echo "in $((6 * 7))"', 'in 42')
})

test('a second terminal on the same host asks for nothing and shares the connection', async () => {
  const before = byPassword.log().match(/Accepted password/g).length
  await app.press(Key.CONTROL, Key.SHIFT, 't')
  await app.until('there are three tabs', async () => (await app.allByRole('tab')).length === 3)
  await command(app, 'echo "second $((6 * 7))"', 'second 42')
  assert.equal(byPassword.log().match(/Accepted password/g).length, before)
})

test('a port where nothing listens is explained in the tab', async () => {
  await addHost(app, { address: '127.0.0.1', port: 1, user: 'x', name: 'nothing there' })
  await app.click('button', 'Save and open')
  await app.untilText(/nothing listens|refused/i)
  await app.screenshot('refused')
})
