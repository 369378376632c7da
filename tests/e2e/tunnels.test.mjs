// Tunnels in the real window, on a real server: added, used, seen, stopped.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { createServer as createSocket } from 'node:net'
import { after, before, test } from 'node:test'
import { openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { look } from './support/pictures.mjs'
import { openSshd } from './support/sshd.mjs'
import { openServer, runAction, shown, useChinese } from './support/window.mjs'

const PAGE = 'x'.repeat(3_000_000)

let desktop, sshd, app, web, taken

const listening = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)))

before(async () => {
  web = createServer((_, response) => response.end(PAGE))
  web.keepAliveTimeout = 100
  await listening(web)
  taken = createSocket()
  await listening(taken)
  desktop = await openDesktop()
  sshd = await openSshd()
  app = await openApp(desktop)
  await shown(app)
  await openServer(app, sshd, 'web-01')
})

after(async () => {
  await app?.close()
  await sshd?.close()
  await desktop?.close()
  web?.close()
  taken?.close()
})

/** Where a tunnel says that it listens. */
async function port(name) {
  let found
  await app.until(
    `${name} listens`,
    async () => {
      const [row] = await app.allByRole('listitem', name, { exact: true })
      const text = row ? await row.getText() : ''
      found = /127\.0\.0\.1:(\d+)/.exec(text)?.[1]
      return found !== undefined
    },
    () => app.text(),
  )
  return Number(found)
}

async function add(listen, target) {
  await app.click('button', 'Add a tunnel')
  await app.fill('Port here', listen)
  if (target) await app.fill('Target, as the host sees it', target)
  await app.click('button', 'Add and start')
}

test('a tunnel is added, a page comes through it, and its figures say so', async () => {
  await runAction(app, 'Tunnels of the host')
  await app.click('button', 'Add a tunnel')
  await app.fill('Port here', 'eighty')
  await app.fill('Target, as the host sees it', 'localhost')
  await app.untilText('Write an address and a port')
  await look(app, 'tunnels-form')
  await app.click('button', 'Cancel')
  const target = `localhost:${web.address().port}`
  await add('0', target)
  const bound = await port(`0 → ${target}`)
  const page = await (await fetch(`http://127.0.0.1:${bound}/`)).text()
  assert.equal(page, PAGE)
  await app.untilText(/1 in all/)
  await app.untilText('↓ 3.0 MB')
})

test('a port that is in use is said at its tunnel, and the other one goes on', async () => {
  const busy = String(taken.address().port)
  await add(busy, 'localhost:80')
  await app.untilText('another program listens there already')
  await look(app, 'tunnels')
  await app.click('button', `Remove ${busy} → localhost:80`)
  const bound = await port(`0 → localhost:${web.address().port}`)
  assert.equal((await (await fetch(`http://127.0.0.1:${bound}/`)).text()).length, PAGE.length)
})

test('a tunnel that is stopped listens no more, and is still there after a restart of the page', async () => {
  const name = `0 → localhost:${web.address().port}`
  const bound = await port(name)
  await app.click('button', `Stop ${name}`)
  await app.untilText('stopped')
  await assert.rejects(fetch(`http://127.0.0.1:${bound}/`))
  await app.driver.navigate().refresh()
  await shown(app)
  await app.until('a terminal is back', async () => (await app.allByRole('tab', 'web-01')).length > 0)
  await runAction(app, 'Tunnels of the host')
  await app.click('button', `Start ${name}`)
  const again = await port(name)
  assert.equal((await (await fetch(`http://127.0.0.1:${again}/`)).text()).length, PAGE.length)
})

test('nothing is cut off in Chinese', async () => {
  await useChinese(app)
  await app.untilText('web-01 的隧道')
  await look(app, 'tunnels-zh')
})
