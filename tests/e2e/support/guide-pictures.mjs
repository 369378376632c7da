// Pictures of what is done with the files and ports of a host. Each begins and ends with the terminals of a host in front.

import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { Key } from './app.mjs'
import { runAction } from './window.mjs'

const CONF = `server {
  listen 443 ssl;
  server_name example.net;
  root /srv/www;

  location / {
    try_files $uri $uri/ =404;
  }
}
`

/** The files panel beside the terminals. The picture of transfers is one of tests/e2e/drop.test.mjs. */
export async function takeFiles(app, folder, picture) {
  for (const name of ['releases', 'logs', 'static']) mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, 'nginx.conf'), CONF)
  writeFileSync(join(folder, '发布说明.md'), '# 发布说明\n')
  writeFileSync(join(folder, 'backup.tar.zst'), Buffer.alloc(48 << 20, 'knot'))
  await goTo(app, folder)
  await app.untilText('nginx.conf')
  await picture('files')
  await runAction(app, 'Files of the host')
}

/** A text that somebody else has changed meanwhile, beside what is on the server. */
export async function takeEditing(app, folder, picture) {
  await goTo(app, folder)
  await app.contextClick('row', 'nginx.conf')
  await app.click('menuitem', 'Edit', { exact: true })
  await app.until('the text is shown', () =>
    app.run(() => {
      const text = document.querySelector('.edit .text')?.shadowRoot?.querySelector('.cm-content')
      text?.focus()
      return (text?.textContent.length ?? 0) > 0
    }),
  )
  await app.press(Key.CONTROL, Key.END)
  await type(app, '# 明天再启用 HTTP/3\n')
  writeFileSync(join(folder, 'nginx.conf'), CONF.replace('example.net', 'example.net www.example.net'))
  await app.press(Key.CONTROL, 's')
  await app.click('button', 'Compare')
  await app.until('the two stand side by side', () =>
    app.run(() => document.querySelector('.edit .text').shadowRoot.querySelectorAll('.cm-mergeViewEditor').length === 2),
  )
  await picture('editing')
  await app.click('button', 'Save what is on the right')
  await app.until('it is saved', async () => !(await app.text()).includes('not saved'))
  await app.press(Key.CONTROL, Key.SHIFT, 'w')
  await app.until('its tab is closed', () => app.run(() => document.querySelector('.edit') === null))
  await runAction(app, 'Files of the host')
}

/** This computer on one side and a host on the other. */
export async function takePanes(app, home, folder, picture) {
  const here = join(home, 'site')
  mkdirSync(join(here, 'static'), { recursive: true })
  writeFileSync(join(here, 'nginx.conf'), CONF)
  writeFileSync(join(here, 'index.html'), '<p>hello')
  await runAction(app, 'Files: open in two panes')
  const focus = (side) => app.run((n) => document.querySelectorAll('.two-panes [role="grid"]')[n]?.focus(), side)
  await app.until('two lists', () => app.run(() => document.querySelectorAll('.two-panes [role="grid"]').length === 2))
  for (const [side, path, name] of [
    [0, here, 'index.html'],
    [1, folder, 'backup.tar.zst'],
  ]) {
    await focus(side)
    await goTo(app, path)
    await app.untilText(name)
  }
  await focus(0)
  await app.press(Key.HOME)
  await picture('panes')
  await app.press(Key.CONTROL, Key.SHIFT, 'w')
  await app.until('its tab is closed', () => app.run(() => document.querySelector('.two-panes') === null))
}

/** A tunnel of a host that a page has just come through. */
export async function takeTunnels(app, picture) {
  const web = createServer((_, response) => response.end('x'.repeat(3_000_000)))
  await new Promise((done) => web.listen(0, '127.0.0.1', done))
  try {
    await runAction(app, 'Tunnels of the host')
    const target = `localhost:${web.address().port}`
    await app.click('button', 'Add a tunnel')
    await app.fill('Port here', '8080')
    await app.fill('Target, as the host sees it', target)
    await app.click('button', 'Add and start')
    await app.untilText('127.0.0.1:8080')
    await (await fetch('http://127.0.0.1:8080/')).text()
    await app.untilText('3.0 MB')
    await picture('tunnels')
    await runAction(app, 'Tunnels of the host')
  } finally {
    web.close()
  }
}

async function goTo(app, path) {
  await runAction(app, 'Files: go to a path')
  await app.fill('Path', path, { exact: true })
  await app.press(Key.ENTER)
}

/** Into whatever has the focus, key by key. */
async function type(app, words) {
  for (const letter of words) await app.press(letter === '\n' ? Key.ENTER : letter)
}
