// Files that are changed in place, in the real window on a real server: opened, saved, merged, and by another program.

import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { look } from './support/pictures.mjs'
import { openSshd } from './support/sshd.mjs'
import { openServer, runAction, shown, useChinese } from './support/window.mjs'

let desktop, sshd, app, folder

const CONF = 'server {\n  listen 443 ssl;\n  root /srv/www;\n}\n'

before(async () => {
  folder = mkdtempSync('/tmp/bowline-edit-')
  writeFileSync(join(folder, 'nginx.conf'), CONF, { mode: 0o640 })
  writeFileSync(join(folder, 'crlf.txt'), 'one\r\ntwo\r\n')
  writeFileSync(join(folder, 'outside.txt'), 'from the server\n')
  desktop = await openDesktop()
  sshd = await openSshd({ lines: ['Subsystem sftp internal-sftp'] })
  app = await openApp(desktop)
  await shown(app)
  await openServer(app, sshd, 'web-01')
  await runAction(app, 'Files: go to a path')
  await app.fill('Path', folder, { exact: true })
  await app.press(Key.ENTER)
  await app.until('the folder is shown', async () => (await names()).includes('nginx.conf'))
})

after(async () => {
  await app?.close()
  await sshd?.close()
  await desktop?.close()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

const names = () => app.run(() => [...document.querySelectorAll('.files .row .name .text')].map((one) => one.textContent))
const read = (name) => readFileSync(join(folder, name), 'utf8')
/** The text of the editor that is shown: it lies in a shadow root. */
const text = () =>
  app.run(() => {
    const shown = [...document.querySelectorAll('.edit .text')].find((one) => one.getBoundingClientRect().width > 0)
    return [...(shown?.shadowRoot.querySelectorAll('.cm-editor:not([hidden]) .cm-line') ?? [])]
      .map((one) => one.textContent)
      .join('\n')
  })

/** Into whatever has the focus, key by key. */
async function type(words) {
  for (const letter of words) await app.press(letter === '\n' ? Key.ENTER : letter)
}

const focusText = () =>
  app.run(() => {
    const shown = [...document.querySelectorAll('.edit .text')].find((one) => one.getBoundingClientRect().width > 0)
    shown.shadowRoot.querySelector('.cm-editor:not([hidden]) .cm-content').focus()
  })

async function edit(name) {
  await app.contextClick('row', name)
  await app.click('menuitem', 'Edit', { exact: true })
  await app.until(
    'its tab is shown',
    () =>
      app.run((wanted) => {
        const shown = [...document.querySelectorAll('.edit')].find((one) => one.getBoundingClientRect().width > 0)
        return shown?.getAttribute('aria-label')?.startsWith(wanted) ?? false
      }, name),
    text,
  )
  await app.until('the text is shown', async () => (await text()).length > 0, text)
  await focusText()
}

test('a file is opened, changed and saved with Ctrl+S, and keeps its mode', async () => {
  await edit('nginx.conf')
  await app.press(Key.CONTROL, Key.END)
  await type('# 你好\n')
  await app.until('it is said to be unsaved', async () => (await app.text()).includes('not saved'))
  await look(app, 'edit')
  assert.equal(read('nginx.conf'), CONF)
  await app.press(Key.CONTROL, 's')
  await app.until(
    'the server has it',
    () => read('nginx.conf') === `${CONF}# 你好\n`,
    () => read('nginx.conf'),
  )
  assert.equal(statSync(join(folder, 'nginx.conf')).mode & 0o777, 0o640)
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes('bowline-part')),
    [],
  )
})

test('a change on the server is compared and merged', async () => {
  writeFileSync(join(folder, 'nginx.conf'), CONF.replace('443', '8443'))
  await focusText()
  await type('# more\n')
  await app.press(Key.CONTROL, 's')
  await app.untilText('was changed on the server meanwhile')
  await look(app, 'edit-conflict')
  assert.ok(read('nginx.conf').includes('8443') && !read('nginx.conf').includes('more'))
  await app.click('button', 'Compare')
  await app.untilText('Left: on the server.')
  await look(app, 'edit-compare')
  await app.run(() => {
    const shown = [...document.querySelectorAll('.edit .text')].find((one) => one.getBoundingClientRect().width > 0)
    const button = shown.shadowRoot.querySelector('.cm-merge-revert button')
    button.dispatchEvent(new window.MouseEvent('mousedown', { bubbles: true }))
  })
  await app.click('button', 'Save what is on the right')
  await app.until(
    'the server has both',
    () => /8443/.test(read('nginx.conf')) && /# more/.test(read('nginx.conf')),
    () => read('nginx.conf'),
  )
})

test('line ends stay what they are', async () => {
  await edit('crlf.txt')
  await app.press(Key.CONTROL, Key.END)
  await type('three')
  await app.press(Key.CONTROL, 's')
  await app.until(
    'the server has it',
    () => read('crlf.txt') === 'one\r\ntwo\r\nthree',
    () => JSON.stringify(read('crlf.txt')),
  )
})

test('another program changes a file, and a conflict of it is merged in the window', async () => {
  const script = join(folder, '.editor.sh')
  writeFileSync(script, '#!/bin/sh\nprintf "from the program\\n" >> "$1"\necho "$1" > "$0.told"\n')
  chmodSync(script, 0o755)
  await runAction(app, 'Settings')
  await app.fill('Editor for files on hosts', script)
  await app.press(Key.ENTER)
  await look(app, 'edit-setting')
  await app.press(Key.ESCAPE)
  await app.until('the settings are closed', async () => (await app.allByRole('dialog')).length === 0)
  await app.contextClick('row', 'outside.txt')
  await look(app, 'edit-menu')
  await app.click('menuitem', 'Edit with another program')
  await app.until(
    'the server has it',
    () => read('outside.txt') === 'from the server\nfrom the program\n',
    () => read('outside.txt'),
  )
  await app.untilText('saved once')
  const copy = readFileSync(`${script}.told`, 'utf8').trim()
  assert.equal(statSync(join(copy, '..')).mode & 0o777, 0o700)
  writeFileSync(join(folder, 'outside.txt'), 'changed on the server\n')
  writeFileSync(copy, 'changed here\n')
  await app.untilText('outside.txt was changed on the server meanwhile')
  await look(app, 'edit-external')
  await app.click('button', 'Merge')
  await app.untilText('Left: on the server.')
  await app.click('button', 'Save what is on the right')
  await app.until(
    'the server has it',
    () => read('outside.txt') === 'changed here\n',
    () => read('outside.txt'),
  )
  assert.ok(existsSync(copy), 'what was changed here stays')
})

test('a tab with unsaved text is asked about, in Chinese as well', async () => {
  await edit('crlf.txt')
  await app.press(Key.CONTROL, Key.END)
  await type(' unsaved')
  await useChinese(app)
  await app.press(Key.CONTROL, Key.SHIFT, 'w')
  await app.byRole('alertdialog', '关闭前保存 crlf.txt？')
  await look(app, 'edit-close')
  await app.click('button', '保存并关闭', { exact: true })
  await app.until('the server has it', () => read('crlf.txt').endsWith('three unsaved'))
})
