// The connection tells the truth: lines that are cut, refused and frozen, keys that change, and the ways to a host.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { openLine } from './support/line.mjs'
import { openSshd } from './support/sshd.mjs'
import { look } from './support/pictures.mjs'
import { isTrusted } from './support/files.mjs'
import { addHost, command, shown, useChinese } from './support/window.mjs'

// The engine waits at most this long before the next try, and then has to log in.
const BACK_AGAIN = { patience: 45_000 }
const DOUBT = { patience: 30_000 }

let desktop, sshd, line, byPassword, app

before(async () => {
  desktop = await openDesktop()
  sshd = await openSshd()
  byPassword = await openSshd({ password: true, lines: ['LogLevel DEBUG1'] })
  line = await openLine(sshd.port)
  app = await openApp(desktop)
  await shown(app)
})

after(async () => {
  await app?.close()
  await line?.close()
  await sshd?.close()
  await byPassword?.close()
  await desktop?.close()
})

/** Text of the strip, the tree and the tabs says nothing about the bar: this is the bar alone. */
const bar = () =>
  app.run(() => {
    const bars = [...document.querySelectorAll('.bar')].filter((one) => one.getClientRects().length > 0)
    return bars.map((one) => one.innerText).join('\n')
  })

async function untilBar(wanted, options) {
  let said = ''
  await app.until(
    `the bar says ${wanted}`,
    async () => wanted.test((said = await bar())),
    async () => `it says ${JSON.stringify(said)}; the window says:\n${await app.text()}`,
    options,
  )
}

const noBar = (options) => untilBar(/^$/, options)

async function press(name) {
  await app.click('button', name, { exact: true })
}

test('a terminal whose line is cut says why, keeps its text, and comes back by itself', async () => {
  const { port } = line
  await addHost(app, { address: '127.0.0.1', port, user: sshd.user, name: 'web', keyFile: sshd.clientKey })
  await press('Save and open')
  await press('Always trust')
  await command(app, 'echo "before $((6 * 7))"', 'before 42')
  await line.refuse()
  line.cut()
  await untilBar(/Trying again in \d+ s|Connecting to web again/)
  await untilBar(/refused.*Trying again in \d+ s/s)
  assert.match((await app.rows()).join('\n'), /before 42/)
  await look(app, 'down')
  await line.accept()
  await noBar(BACK_AGAIN)
  await app.untilTerminal(/before 42[^]*[$#] ?$/m)
  await command(app, 'echo "after $((40 + 2))"', 'after 42')
  await look(app, 'back')
})

test('"Try now" tries at once, and "Give up" ends the terminal with the reason', async () => {
  await line.refuse()
  line.cut()
  // By themselves the tries are up to half a minute apart after an outage just before.
  await app.until(
    'so many tries have failed',
    async () => {
      if (/tries failed in a row/.test(await bar())) return true
      await app.run(() => [...document.querySelectorAll('.bar button')].find((it) => it.innerText === 'Try now')?.click())
      return false
    },
    bar,
    BACK_AGAIN,
  )
  // When so many have failed that the next one is half a minute away, one that comes sooner was asked for.
  await untilBar(/(\d+) tries failed in a row.*in 2\d s/, BACK_AGAIN)
  await look(app, 'tripped')
  const tries = async () => Number(/(\d+) tries failed/.exec(await bar())?.[1])
  const failed = await tries()
  await press('Try now')
  await app.until('one more try has failed', async () => (await tries()) === failed + 1)
  await press('Give up')
  await untilBar(/(was reset|refused the connection).*Enter opens it again/s)
  await look(app, 'given-up')
  await line.accept()
  await app.type('\n')
  await command(app, 'echo "reopened $((6 * 7))"', 'reopened 42')
})

test('a frozen line is doubted within seconds, everywhere, and the doubt goes when it moves', async () => {
  line.freeze()
  await app.type('echo "thawed $((6 * 7))"\n')
  await untilBar(/Nothing heard for/, DOUBT)
  await app.byRole('treeitem', 'web, silent')
  await app.byRole('tab', 'silent')
  assert.match(await app.run(() => document.querySelector('footer.strip').innerText), /silent/)
  await look(app, 'suspect')
  line.thaw()
  await noBar()
  await app.untilTerminal('thawed 42')
})

test('health and the timeline tell what happened', async () => {
  await app.click('button', 'Show health of web')
  const drawer = await app.byRole('complementary', 'Drawer')
  const said = () => app.run((it) => it.innerText, drawer)
  await app.until('a round trip is shown', async () => /Round trip\s+[<\d]/.test(await said()), said)
  for (const fact of ['Last heard', `127.0.0.1:${line.port}`, 'Cipher', 'Key exchange', 'Connection 1', '1 of 8 sessions'])
    await app.untilText(fact)
  await app.byRole('img', 'Round trips: now')
  // Linux counts what TCP had to send again.
  await app.untilText(/Sent again\s+(no segments|one segment|\d+ segments)/)
  await look(app, 'health')
  await app.press(Key.CONTROL, Key.SHIFT, 'h')
  await app.until('the drawer is closed', async () => (await app.allByRole('complementary', 'Drawer')).length === 0)
  await app.press(Key.CONTROL, Key.SHIFT, 'y')
  for (const event of ['You gave up.', 'Heard again.', /Connected at try \d/, /Refused/]) await app.untilText(event)
  await look(app, 'timeline')
  await app.press(Key.CONTROL, Key.SHIFT, 'y')
})

test('another host key halts, is explained, and the page of trusted keys can undo', async () => {
  // Another server in its place, as after a reinstallation.
  line.target = byPassword.port
  line.cut()
  // It may have been up for so short a time that its loss belongs to the failures before, and half a minute is waited.
  await untilBar(/was reset/)
  if ((await app.allByRole('dialog')).length === 0) await press('Try now').catch(() => {})
  await app.untilText('The host key has changed', BACK_AGAIN)
  await look(app, 'host-key-changed-again')
  await press("Don't connect")
  await untilBar(/is not the one that is trusted. Nothing was sent/)
  await app.byRole('treeitem', 'web, needs you')
  await look(app, 'halted')
  assert.doesNotMatch(byPassword.log(), /for root|Accepted|publickey/)
  await press('Trusted keys')
  await app.fill('Find a trusted key', '127.0.0.1')
  await app.byRole('listitem', `[127.0.0.1]:${line.port}`)
  await look(app, 'trusted-keys')
  await app.click('button', `Remove the key of [127.0.0.1]:${line.port}`)
  await look(app, 'trusted-keys-sure')
  await press('Remove the key')
  await press('Undo')
  await app.byRole('listitem', `[127.0.0.1]:${line.port}`)
  assert.ok(isTrusted(desktop, line.port), 'the key is back in the file')
  await app.press(Key.ESCAPE)
  await app.until('the page is closed', async () => (await app.allByRole('dialog')).length === 0)
  line.target = sshd.port
  await app.type('\n')
  await command(app, 'echo "trusted $((6 * 7))"', 'trusted 42')
})

test('endless output in one tab leaves the others alone, and Ctrl-C ends it', async () => {
  await app.type('yes bowline\n')
  await app.untilTerminal(/bowline\nbowline\nbowline/)
  await app.press(Key.CONTROL, Key.SHIFT, 't')
  await app.until('there are two tabs', async () => (await app.allByRole('tab')).length === 2)
  await command(app, 'echo "beside $((6 * 7))"', 'beside 42')
  await app.press(Key.CONTROL, Key.TAB)
  await app.untilTerminal(/bowline\nbowline\nbowline/)
  await app.press(Key.CONTROL, 'c')
  await command(app, 'echo "stopped $((6 * 7))"', 'stopped 42')
})

test('a key is made and installed on a host with its password, and logs in from then on', async () => {
  const { port, user, password } = byPassword
  await addHost(app, { address: '127.0.0.1', port, user, name: 'account' })
  await press('Save')
  await app.contextClick('treeitem', 'account')
  await app.click('menuitem', 'Install my key')
  await press('Make a new key')
  await look(app, 'key-new')
  await press('Make the key')
  await look(app, 'key-install')
  await press('Install')
  await press('Always trust')
  const field = await app.byLabel('Password', { exact: true })
  await field.sendKeys(password, Key.ENTER)
  await app.untilText('was added on account, and a login with it worked')
  await look(app, 'key-installed')
  await press('Use this key')
  await app.click('treeitem', 'account')
  await command(app, 'echo "key $((6 * 7))"', 'key 42')
  assert.match(byPassword.log(), /Accepted publickey for/)
})

test('a host is reached through a jump host that its settings name', async () => {
  const { port, user, clientKey } = sshd
  await addHost(app, { address: '127.0.0.1', port, user, name: 'inner', keyFile: clientKey })
  await app.click('button', 'Advanced')
  await app.fill('Jump hosts', 'account')
  await look(app, 'jump-form')
  await press('Save and open')
  await press('Always trust')
  await command(app, 'echo "inside $((6 * 7))"', 'inside 42')
  assert.match(byPassword.log(), /direct-tcpip/)
  await app.press(Key.CONTROL, Key.SHIFT, 'h')
  await app.untilText(`account → [127.0.0.1]:${port}`)
  await look(app, 'health-jump')
  await app.press(Key.CONTROL, Key.SHIFT, 'h')
})

test('everything is said in Chinese as well', { skip: !process.env.BOWLINE_PICTURES }, async () => {
  await useChinese(app)
  await app.press(Key.CONTROL, Key.SHIFT, 'y')
  await look(app, 'timeline-zh')
  await app.press(Key.CONTROL, Key.SHIFT, 'h')
  await look(app, 'health-zh')
  await app.press(Key.CONTROL, Key.SHIFT, 'h')
  await app.click('treeitem', 'web')
  await line.refuse()
  line.cut()
  await untilBar(/40|连续|失败|重试/, BACK_AGAIN)
  await look(app, 'down-zh')
})
