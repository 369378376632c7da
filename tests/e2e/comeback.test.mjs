// What a terminal gets back after a lost connection: its directory, its keys, and in tmux the very same shell.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { openLine } from './support/line.mjs'
import { look } from './support/pictures.mjs'
import { openSshd } from './support/sshd.mjs'
import { addHost, command, shown, useChinese } from './support/window.mjs'

const BACK_AGAIN = { patience: 45_000 }

let desktop, sshd, line, app

before(async () => {
  desktop = await openDesktop()
  sshd = await openSshd({ lines: ['AcceptEnv LANG LC_*'] })
  line = await openLine(sshd.port)
  app = await openApp(desktop)
  await shown(app)
})

after(async () => {
  await app?.close()
  await line?.close()
  await sshd?.close()
  await desktop?.close()
})

/** The bar over the terminal that is seen; empty without one. */
const bar = () =>
  app.run(() => {
    const bars = [...document.querySelectorAll('.bar')].filter((one) => one.getClientRects().length > 0)
    return bars.map((one) => one.innerText).join('\n')
  })

async function untilBar(wanted) {
  let said = ''
  await app.until(
    `the bar says ${wanted}`,
    async () => wanted.test((said = await bar())),
    async () => `it says ${JSON.stringify(said)}; the window says:\n${await app.text()}`,
    BACK_AGAIN,
  )
}

async function press(name) {
  await app.click('button', name, { exact: true })
}

/** Cuts the line, and waits until the window says that it tries again. */
async function lose() {
  await line.refuse()
  line.cut()
  await untilBar(/reset|refused|重置|拒绝/)
}

/** How often the terminal's screen shows a line. */
const shows = async (wanted) => (await app.rows()).filter((row) => row.trim() === wanted).length

test('a lost shell comes back in its directory, behind a seam with the time and the cause', async () => {
  const { port } = line
  await addHost(app, { address: '127.0.0.1', port, user: sshd.user, name: 'web', keyFile: sshd.clientKey })
  await press('Save and open')
  await press('Always trust')
  await command(
    app,
    `cd "/usr/share/doc"; printf '\\033]7;file://%s%s\\033\\\\' "$(uname -n)" "$PWD"; echo "at $((6 * 7))"`,
    'at 42',
  )
  await lose()
  await line.accept()
  await untilBar(/^$/)
  await app.untilTerminal(/↻ Connection lost \d\d:\d\d:\d\d \(reset\) · new shell \d\d:\d\d:\d\d/)
  await command(app, 'echo "in <$PWD>"', /^in <\/usr\/share\/doc>$/m)
  await look(app, 'comeback-seam')
})

test('keys that are typed meanwhile are shown, and sent once when the person says so', async () => {
  await lose()
  await app.type('echo "sent $((6 * 7))"')
  await untilBar(/Typed meanwhile, and not sent:\s+echo "sent \$\(\(6 \* 7\)\)"/)
  await look(app, 'comeback-pending-waiting')
  await line.accept()
  await untilBar(/The shell is back. Send what you typed meanwhile\?\s+echo "sent/)
  await app.type('\n')
  await untilBar(/\* 7\)\)"⏎/)
  await look(app, 'comeback-pending-ask')
  assert.equal(await shows('sent 42'), 0)
  await press('Send')
  await app.untilTerminal(/^sent 42$/m)
  await command(app, 'echo "then $((6 * 7))"', 'then 42')
  assert.equal(await shows('sent 42'), 1)
})

test('keys that are discarded reach no shell', async () => {
  await lose()
  await app.type('echo "never $((6 * 7))"\n')
  await line.accept()
  await untilBar(/The shell is back/)
  await app.press(Key.CONTROL, Key.SHIFT, Key.BACK_SPACE)
  await untilBar(/^$/)
  await command(app, 'echo "clean $((6 * 7))"', 'clean 42')
  assert.equal(await shows('never 42'), 0)
})

test('a host that lives in tmux has the same shell after the loss, and a closed tab ends it', async () => {
  const { port } = line
  await addHost(app, { address: '127.0.0.1', port, user: sshd.user, name: 'lasting', keyFile: sshd.clientKey })
  await app.click('button', 'In each terminal')
  await app.fill('Start-up command', 'echo "begun $((6 * 7))"')
  await app.choose('Shells live in', 'tmux')
  await look(app, 'comeback-form')
  await press('Save and open')
  await app.untilTerminal(/^begun 42$/m)
  const shell = /^shell <(\d+)>$/m
  await command(app, 'clear; echo "shell <$$>"', shell)
  const before = shell.exec((await app.rows()).join('\n'))[1]
  await command(app, 'kept=$((40 + 2)); for n in $(seq 60); do echo "row $n"; done', /^row 60$/m)
  await lose()
  await line.accept()
  await untilBar(/^$/)
  await app.untilTerminal(/^row 60$/m)
  await command(app, 'echo "again <$$> $kept"', new RegExp(`^again <${before}> 42$`, 'm'))
  await look(app, 'comeback-tmux')
  // The seam and what was there before it lie in the scrollback.
  await app.press(Key.SHIFT, Key.PAGE_UP)
  await app.untilTerminal(/the same shell, back \d\d:\d\d:\d\d/)
  await look(app, 'comeback-tmux-seam')
  const alive = () => {
    try {
      process.kill(Number(before), 0)
      return true
    } catch {
      return false
    }
  }
  assert.ok(alive())
  await app.press(Key.CONTROL, Key.SHIFT, 'w')
  await app.until('its shell has ended', async () => !alive())
})

test('everything is said in Chinese as well', { skip: !process.env.BOWLINE_PICTURES }, async () => {
  await useChinese(app)
  await app.click('treeitem', 'web')
  await app.untilTerminal(/[$#] ?$/m)
  await lose()
  await app.type('echo 你好\n')
  await untilBar(/断线期间输入/)
  await look(app, 'comeback-pending-zh')
  await line.accept()
  await untilBar(/shell 已恢复/)
  await look(app, 'comeback-ask-zh')
  await press('丢弃')
  await app.untilTerminal(/连接断开（被重置）· \d\d:\d\d:\d\d 新的 shell/)
  await app.contextClick('treeitem', 'lasting')
  await app.click('menuitem', '编辑')
  await app.byLabel('启动命令', { exact: true })
  await look(app, 'comeback-form-zh')
})
