// `npm run pictures`: makes the pictures of README and of the user guide anew, in the real window. Needs root, for an sshd.

import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureApp } from './setup/app.mjs'
import { ensureFrontend } from './setup/frontend.mjs'
import { ensurePackages } from './setup/packages.mjs'
import { endAll } from './processes.mjs'
import { root } from './steps.mjs'

const FOLDER = join(root, 'docs/pictures')
const CONFIG = `
Host web-01 web-02
  HostName %h.example.net
  User deploy
Host db-primary
  HostName 10.0.3.9
  User postgres
  Port 2222
Host 构建机
  HostName build.example.net
  User ci
  IdentityFile ~/.ssh/id_build
  ProxyJump web-01
`

try {
  await ensurePackages()
  await ensureFrontend()
  await take(await ensureApp())
} catch (error) {
  console.error(error)
  process.exitCode = 1
} finally {
  await endAll()
}
process.exit()

async function take(application) {
  const { openDesktop } = await import('../tests/e2e/support/desktop.mjs')
  const { Key, openApp } = await import('../tests/e2e/support/app.mjs')
  const { openLine } = await import('../tests/e2e/support/line.mjs')
  const { openSshd } = await import('../tests/e2e/support/sshd.mjs')
  const window = await import('../tests/e2e/support/window.mjs')
  const files = await import('../tests/e2e/support/guide-pictures.mjs')
  mkdirSync(FOLDER, { recursive: true })
  const desktop = await openDesktop()
  const sshd = await openSshd({ lines: ['AcceptEnv LANG LC_* COLORTERM', 'Subsystem sftp internal-sftp'] })
  const line = await openLine(sshd.port)
  let app
  try {
    mkdirSync(join(desktop.home, '.ssh'), { recursive: true })
    writeFileSync(join(desktop.home, '.ssh/config'), CONFIG)
    app = await openApp(desktop, { application })
    const picture = async (name) => copyFileSync(await app.screenshot(`guide-${name}`), join(FOLDER, `${name}.png`))
    await window.shown(app)
    await window.useTheme(app, 'dark')
    await picture('first-run')

    await app.click('button', 'Import 4 hosts')
    await app.byRole('checkbox', 'web-01')
    await picture('import')
    // They are in the sidebar anyway, as links.
    await app.press(Key.ESCAPE)
    await app.until('the dialog is closed', async () => (await app.allByRole('dialog')).length === 0)

    await window.addHost(app, { address: '127.0.0.1', port: line.port, user: 'root', name: 'staging', keyFile: sshd.clientKey })
    await app.click('button', 'Test', { exact: true })
    await app.byRole('button', 'Trust once')
    await picture('host-key')
    await app.click('button', 'Always trust')
    await app.untilText('Everything works')
    await picture('form')
    await app.click('button', 'Save and open')
    await app.untilTerminal(/[$#] ?$/m)
    await window.command(app, 'PS1="root@staging:/srv/www# "; cd /; clear; echo "ready $((6*7))"', 'ready 42')
    await app.type('clear\n')
    await window.command(
      app,
      'for c in 31 32 33 34 35 36; do printf "\\033[${c}m bowline \\033[0m"; done; echo; echo "构建完成 $((1+1))"',
      '构建完成 2',
    )

    await app.press(Key.CONTROL, Key.SHIFT, 'p')
    await app.fill('Search or run a command', 'split')
    await picture('palette')
    await app.press(Key.ESCAPE)
    await app.until('the palette is closed', async () => (await app.allByRole('dialog')).length === 0)
    await takeWindows(app, window, Key, picture)
    await window.runAction(app, 'Split down')
    await app.until(
      'there are two terminals',
      async () => (await app.run(() => document.querySelectorAll('.xterm').length)) === 2,
    )
    await app.untilTerminal(/[$#] ?$/m)
    await window.command(
      app,
      'PS1="root@staging:~# "; clear; printf "\\033[32m   Compiling\\033[0m bowline-core v0.1.0\\n\\033[32m    Finished\\033[0m release in $((50+4)) s\\n"',
      'release in 54 s',
    )
    await picture('window-dark')
    const site = join(sshd.folder, 'home/site')
    await files.takeFiles(app, site, picture)
    await files.takeEditing(app, site, picture)
    await files.takePanes(app, desktop.home, site, picture)
    await files.takeTunnels(app, picture)

    await app.click('button', 'Show health of staging')
    // A round trip is measured every two seconds while somebody looks.
    await new Promise((resolve) => setTimeout(resolve, 15_000))
    await picture('health')
    await app.click('button', 'Show health of staging')
    await line.refuse()
    line.cut()
    await app.untilText(/Trying again in \d+ s/)
    await picture('waiting')
    await line.accept()
    await app.until('both terminals are back', async () => !/Trying again|Connecting to/.test(await app.text()), undefined, {
      patience: 60_000,
    })
    await window.useTheme(app, 'light')
    await picture('window-light')
    await window.runAction(app, 'Settings')
    await app.byRole('dialog', 'Settings')
    await picture('settings')
    await app.press(Key.ESCAPE)
    await app.until('the settings are closed', async () => (await app.allByRole('dialog')).length === 0)

    await sshd.renewHostKey()
    await app.contextClick('treeitem', 'staging')
    await app.click('menuitem', 'Disconnect')
    await app.until('the connection is gone', async () => (await app.allByRole('button', 'Reopen')).length > 0)
    await (await app.allByRole('button', 'Reopen'))[0].click()
    await app.untilText('The host key has changed')
    await picture('host-key-changed')
    await app.click('button', "Don't connect")
    await app.until('the question is gone', async () => (await app.allByRole('dialog')).length === 0)
    await window.useChinese(app)
    await picture('window-chinese')
  } catch (error) {
    console.error(app?.log() ?? '')
    throw error
  } finally {
    await app?.close()
    await line.close()
    await sshd.close()
    await desktop.close()
  }
}

/** A tab on its way to a window that was torn off before. Leaves one window with the tab that there was. */
async function takeWindows(app, window, Key, picture) {
  const main = await app.driver.getWindowHandle()
  await window.runAction(app, 'New tab on the same host')
  await app.until('there are two tabs', async () => (await app.allByRole('tab')).length === 2)
  await app.untilTerminal(/[$#] ?$/m)
  await window.runAction(app, 'Move tab to a new window')
  let other
  await app.until('there is another window', async () => {
    other = (await app.driver.getAllWindowHandles()).find((handle) => handle !== main)
    return other !== undefined && (await app.allByRole('tab')).length === 1
  })
  // By key: the mouse of the X server is over the other window.
  await app.press(Key.CONTROL, Key.SHIFT, 'm')
  await app.click('menuitem', 'Move to window')
  await app.byRole('menuitem', 'Window 2: staging')
  await picture('windows')
  await app.press(Key.ESCAPE)
  await app.press(Key.ESCAPE)
  await app.driver.switchTo().window(other)
  await app.untilTerminal(/[$#] ?$/m)
  // The window is gone before the keys are let go.
  await app.press(Key.CONTROL, Key.SHIFT, 'w').catch(() => {})
  await app.driver.switchTo().window(main)
  await app.driver.actions().clear()
  await app.until('one window is left', async () => (await app.driver.getAllWindowHandles()).length === 1)
}
