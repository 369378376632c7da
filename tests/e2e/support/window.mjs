// Bowline's window in the words of a person: the one place that knows what its controls are called.

import { Key, openApp } from './app.mjs'

const TERMINAL_READY_MS = 30_000

/** Waits until the window has painted its sidebar. */
export function shown(app) {
  return app.byRole('navigation', 'Hosts')
}

/** First run, first choice: the host that needs no server. Returns when its shell has asked for a command. */
export async function tryBuiltInHost(app) {
  // By the page itself, once: a click that WebDriver could not finish is made again, and has opened a tab by then.
  await app.run((button) => button.click(), await app.byRole('button', 'Try the built-in host'))
  await app.untilTerminal(/[$#%>] ?$/m, { patience: TERMINAL_READY_MS })
}

/** Runs an action by its English name, through the command palette. */
export async function runAction(app, name) {
  await app.press(Key.CONTROL, Key.SHIFT, 'p')
  await app.fill('Search or run a command', name)
  await app.byRole('option', name)
  await app.press(Key.ENTER)
  await app.until('the palette is closed', async () => (await app.allByRole('dialog', 'Commands and hosts')).length === 0)
}

/** Shows the window in 'light' or 'dark'. */
export async function useTheme(app, wanted) {
  const now = () => app.run(() => document.documentElement.dataset.theme)
  if ((await now()) !== wanted) await runAction(app, 'Switch between light and dark')
  await app.until(`the window is ${wanted}`, async () => (await now()) === wanted)
}

/** The same without the palette, which would take a dialog away. */
export async function showTheme(app, wanted) {
  await app.run((theme) => (document.documentElement.dataset.theme = theme), wanted)
}

/** From English to Chinese; the names in this file are English, so this comes last. */
export async function useChinese(app) {
  await runAction(app, 'Switch between English and Chinese')
  await app.byRole('button', '添加主机')
}

/** Types a command and waits for what it prints. The text to wait for must not be part of the command itself. */
export async function command(app, line, printed, options) {
  await app.type(`${line}\n`)
  return app.untilTerminal(printed, options)
}

/** Has the shell itself wait until its terminal is narrow or wide enough: `untilColumns(app, '-lt 100')`. */
export function untilColumns(app, condition) {
  return command(
    app,
    `until set -- $(stty size); [ $2 ${condition} ]; do sleep 0.1; done; echo "$2 columns ${condition}"`,
    new RegExp(`^\\d+ columns ${condition}$`, 'm'),
  )
}

/** Closes the app and starts it again on the same desktop, as after a reboot. */
export async function startAgain(app) {
  const { desktop } = app
  await app.close()
  const next = await openApp(desktop)
  await shown(next)
  return next
}

/** Opens the form for a new host, from the sidebar. */
export async function openForm(app) {
  await app.click('button', 'Add a host', { within: await shown(app) })
}

/** Fills the form for a new host; `keyFile` chooses that way to log in. The form stays open. */
export async function addHost(app, { address, port, user, name, keyFile = null }) {
  await openForm(app)
  await app.fill('Address', address)
  await app.fill('Port', String(port))
  await app.fill('User', user)
  await app.fill('Name', name)
  if (keyFile) {
    await app.choose('Log in with', 'key')
    await app.fill('Key file', keyFile)
  }
}

/** Adds a real server, opens it, trusts it, and returns when its shell has answered. */
export async function openServer(app, sshd, name) {
  await addHost(app, { address: '127.0.0.1', port: sshd.port, user: sshd.user, name, keyFile: sshd.clientKey })
  // On a machine under load the form may still be moving under the first click.
  await app.until(
    'the server is asked about',
    async () => {
      if ((await app.text()).includes('Is this the right server?')) return true
      const [save] = await app.allByRole('button', 'Save and open')
      await save?.click()
      await app.untilText('Is this the right server?', { patience: 4000 }).catch(() => undefined)
      return false
    },
    () => '',
    { patience: 60_000 },
  )
  await app.click('button', 'Always trust')
  await command(app, 'echo "it is $((6 * 7))"', 'it is 42')
}
