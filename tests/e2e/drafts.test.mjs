// What was typed into a file of a host and never saved, when the page is loaded anew and when the app is killed.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Key, openApp } from './support/app.mjs'
import { killApp } from './support/app-process.mjs'
import { openDesktop } from './support/desktop.mjs'
import { openSshd } from './support/sshd.mjs'
import { openServer, runAction, shown } from './support/window.mjs'

let desktop, sshd, app, folder, drafts

before(async () => {
  folder = mkdtempSync('/tmp/bowline-drafts-')
  writeFileSync(join(folder, 'nginx.conf'), 'listen 443\n')
  desktop = await openDesktop()
  drafts = join(desktop.env.XDG_DATA_HOME, 'dev.bowline.desktop/drafts')
  sshd = await openSshd({ lines: ['Subsystem sftp internal-sftp'] })
  app = await openApp(desktop)
  await shown(app)
  await openServer(app, sshd, 'web-01')
})

after(async () => {
  await app?.close()
  await sshd?.close()
  await desktop?.close()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

const kept = () => {
  try {
    return readdirSync(drafts).map((name) => join(drafts, name))
  } catch {
    return []
  }
}

const text = () =>
  app.run(() =>
    [...(document.querySelector('.edit .text')?.shadowRoot?.querySelectorAll('.cm-line') ?? [])]
      .map((line) => line.textContent)
      .join('\n'),
  )

async function edit() {
  await runAction(app, 'Files: go to a path')
  await app.fill('Path', folder, { exact: true })
  await app.press(Key.ENTER)
  await app.contextClick('row', 'nginx.conf')
  await app.click('menuitem', 'Edit', { exact: true })
  await app.until('the text is shown', async () => (await text()).length > 0)
  await app.run(() => document.querySelector('.edit .text').shadowRoot.querySelector('.cm-content').focus())
}

async function type(words) {
  for (const letter of words) await app.press(letter)
}

/** A draft is sealed: that it holds what was typed is seen when it is used. */
const untilKept = (since) =>
  app.until('a draft is kept', () => kept().some((file) => file.endsWith('.sealed') && statSync(file).mtimeMs > since), kept)

test('a reload of the page costs nothing of it', async () => {
  await edit()
  const typed = Date.now()
  await type('one ')
  await untilKept(typed)
  assert.equal(statSync(drafts).mode & 0o777, 0o700)
  const [draft] = kept()
  assert.equal(statSync(draft).mode & 0o777, 0o600)
  assert.ok(!readFileSync(draft).includes('listen'), 'nobody can read it without the keyring')
  await app.run(() => window.location.reload())
  await shown(app)
  // The palette has what can be done when it is opened, and the terminal is on its way to its tab.
  await app.untilTerminal(/[$#] ?$/m)
  await edit()
  await app.untilText('There is a draft of nginx.conf')
  await app.screenshot('draft-offered')
  await app.click('button', 'Use the draft')
  await app.until('it is there', async () => (await text()).startsWith('one listen'), text)
})

test('nor does the death of the app', async () => {
  await app.run(() => document.querySelector('.edit .text').shadowRoot.querySelector('.cm-content').focus())
  await app.press(Key.CONTROL, Key.HOME)
  const typed = Date.now()
  await type('two ')
  await untilKept(typed)
  killApp(app)
  await app.close()
  writeFileSync(join(folder, 'nginx.conf'), 'listen 8443\n')
  app = await openApp(desktop)
  await shown(app)
  const [host] = await app.allByRole('treeitem', 'web-01')
  await host.click()
  await app.press(Key.ENTER)
  await app.untilTerminal(/[$#] ?$/m)
  await edit()
  await app.untilText('The file on the host has changed since.')
  await app.click('button', 'Use it, and compare')
  await app.untilText('Left: on the server.')
  await app.screenshot('draft-compared')
  await app.click('button', 'Save what is on the right')
  await app.until(
    'the host has it',
    () => readFileSync(join(folder, 'nginx.conf'), 'utf8') === 'two one listen 443\n',
    () => readFileSync(join(folder, 'nginx.conf'), 'utf8'),
  )
  await app.until('the draft is gone', () => kept().length === 0, kept)
})
