// Pictures that programs draw, in the real window: sixel and files as iTerm2 has them, harmless ones and others.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { crc32, deflateSync } from 'node:zlib'
import { answerTo } from './support/answers.mjs'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { look } from './support/pictures.mjs'
import { command, shown, tryBuiltInHost } from './support/window.mjs'

let desktop, app, refused

before(async () => {
  desktop = await openDesktop()
  app = await openApp(desktop)
  await shown(app)
  refused = await app.watchPolicy()
  await tryBuiltInHost(app)
})

after(async () => {
  await app?.close()
  await desktop?.close()
})

const E = '\x1b'

/** Red above, blue below, and green to the right of both: to see that nothing is turned or torn. */
function sixel(width, height) {
  const part = Math.floor(width / 4)
  const band = (colour) => `#${colour}!${width - part}~#3!${part}~-`
  const bands = Math.ceil(height / 6)
  const rows = Array.from({ length: bands }, (_, n) => band(n < bands / 2 ? 1 : 2)).join('')
  return `${E}Pq"1;1;${width};${height}#1;2;100;0;0#2;2;0;0;100#3;2;0;100;0${rows}${E}\\`
}

function png(width, height, rows) {
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name), data])
    const ends = Buffer.alloc(8)
    ends.writeUInt32BE(data.length, 0)
    ends.writeUInt32BE(crc32(body), 4)
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2, 0, 0, 0], 8)
  const magic = Buffer.from('89504e470d0a1a0a', 'hex')
  return Buffer.concat([magic, chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}

function yellowPng(width, height) {
  const row = Buffer.concat([Buffer.alloc(1), Buffer.alloc(width * 3, Buffer.from([255, 255, 0]))])
  return png(width, height, Buffer.concat(Array.from({ length: height }, () => row)))
}

const inline = (data, how = '') => `${E}]1337;File=size=${data.length};inline=1${how}:${data.toString('base64')}\x07`

let counter = 0

/** Shows what is in a file that holds these bytes, and waits until the shell answers behind it. */
async function show(bytes) {
  counter += 1
  const file = join(desktop.root, `picture-${counter}`)
  writeFileSync(file, bytes, 'latin1')
  return command(app, `cat ${file}; printf '\\nshown %d\\n' $((${counter} * 11))`, `shown ${counter * 11}`, { patience: 20_000 })
}

/** Colours that are drawn, each with how many thousands of pixels it has. */
const drawn = () =>
  app.run(() => {
    const canvas = document.querySelector('.xterm-image-layer')
    if (!canvas) return null
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    const counts = {}
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] < 255) continue
      const name = `${data[at]},${data[at + 1]},${data[at + 2]}`
      counts[name] = (counts[name] ?? 0) + 1
    }
    return counts
  })

async function setPictures() {
  await app.press(Key.CONTROL, ',')
  await app.click('tab', 'Terminal', { within: await app.byRole('dialog', 'Settings') })
  await app.click('switch', 'Show pictures')
  await look(app, 'settings-pictures')
  await app.press(Key.ESCAPE)
  await app.until('the dialog is closed', async () => (await app.allByRole('dialog')).length === 0)
}

test('where pictures are not shown their size stands in their place, and no program hears of them', async () => {
  const rows = await show(sixel(320, 120))
  assert.ok(
    rows.some((row) => row.includes('[image 320 x 120]')),
    rows.join('\n'),
  )
  assert.equal(await drawn(), null)
  assert.equal(await answerTo(app, String.raw`\033[c`), `${E}[?1;2c`)
  assert.equal(await answerTo(app, String.raw`\033[?1;1S\033[14t\033[16t`), '')
})

test('pictures are drawn where the cursor is, and text goes on below them', async () => {
  await setPictures()
  await command(app, 'clear; echo ready $((6 * 7))', 'ready 42')
  const rows = await show(sixel(320, 120))
  assert.ok(!rows.some((row) => row.includes('[image')), rows.join('\n'))
  await app.until('it is drawn', drawn)
  const colours = await drawn()
  for (const colour of ['255,0,0', '0,0,255', '0,255,0']) assert.ok(colours[colour] > 1000, JSON.stringify(colours))
  await show(inline(yellowPng(200, 100)))
  await app.until('the file is drawn', async () => (await drawn())['255,255,0'] > 5000)
  await show(inline(yellowPng(50, 50), ';width=30;height=2;preserveAspectRatio=0'))
  await look(app, 'pictures')
  await app.screenshot('pictures-drawn')
})

test('a program that asks hears the same sizes whatever the window is', async () => {
  const rows = await app.run(() => document.querySelectorAll('.xterm-rows > div').length)
  assert.equal(await answerTo(app, String.raw`\033[c`), `${E}[?62;4;9;22c`)
  const size = await answerTo(app, String.raw`\033[14t`)
  assert.ok(size.startsWith(`${E}[4;${rows * 20};`) && size.endsWith('0t'), JSON.stringify(size))
  assert.equal(await answerTo(app, String.raw`\033[16t`), `${E}[6;20;10t`)
  assert.equal(await answerTo(app, String.raw`\033[?1;1S`), `${E}[?1;0;256S`)
})

test('the lines stay where they are when the window is filled anew', async () => {
  await command(app, 'clear; echo above $((6 * 7))', 'above 42')
  await show(sixel(400, 110))
  const text = () => app.run(() => [...document.querySelectorAll('.xterm-rows > div')].map((row) => row.textContent.trimEnd()))
  const before = await text()
  await app.run(() => window.location.reload())
  await app.untilText(`shown ${counter * 11}`)
  const after = await text()
  const at = after.findIndex((row) => row === '[image 400 x 110]')
  assert.ok(at >= 0, after.join('\n'))
  assert.equal(before[at], '')
  after[at] = ''
  assert.deepEqual(after, before)
  refused = await app.watchPolicy()
  await app.screenshot('pictures-filled-anew')
})

test('only the newest are kept, and the size of the others stands in their place', async () => {
  await command(app, 'clear; echo many $((6 * 7))', 'many 42')
  // Each takes more than a megabyte where it is drawn. More at once would be beyond what a terminal draws in a second.
  const half = Array.from({ length: 30 }, () => `${sixel(1000, 500)}\r\n`).join('')
  await show(half)
  await command(app, 'sleep 1; echo rested $((6 * 7))', 'rested 42')
  await show(half)
  const rows = () => app.run(() => [...document.querySelectorAll('.xterm-rows > div')].map((row) => row.textContent.trimEnd()))
  assert.ok(!(await rows()).some((row) => row.includes('[image')))
  const scroll = (by) =>
    app.run((deltaY) => {
      const screen = document.querySelector('.xterm-screen')
      screen.dispatchEvent(new window.WheelEvent('wheel', { deltaY, bubbles: true, cancelable: true }))
    }, by)
  await app.until('the oldest are text', async () => {
    await scroll(-100_000)
    return (await rows()).includes('[image 1000 x 500]')
  })
  await app.screenshot('pictures-oldest')
  await scroll(1_000_000)
})

test('pictures made to do harm do none', async () => {
  const bomb = png(30_000, 30_000, Buffer.alloc(30_000 * 100))
  const hostile = {
    'a huge size': `${E}Pq"1;1;100000;100000~~${E}\\`,
    'a repeat without end': `${E}Pq!2147483647~-!2147483647~${E}\\`,
    'one in the other': `${E}Pq"1;1;40;40~~${E}Pq"1;1;40;40~~${E}\\`,
    'cut off': `${E}Pq"1;1;40;40~~\x18`,
    'never ending': `${E}Pq${'#1;2;1;2;3!8192~$'.repeat(600_000)}${E}\\`,
    'too long to be kept': `${E}Pq"1;1;40;40${'~'.repeat(12_000_000)}${E}\\`,
    'narrow and endless': `${E}Pq!8000~-${'@-'.repeat(500_000)}${E}\\`,
    'many colours': `${E}Pq"1;1;40;40${'#999999999;2;999999999;0;0'.repeat(1000)}~${E}\\`,
    'a bomb': inline(bomb),
    'a file of nothing': inline(Buffer.alloc(0)),
    'half a file': inline(yellowPng(300, 300).subarray(0, 120)),
    'a lie about its size': inline(yellowPng(20, 20), ';width=999999px;height=999999px'),
    'a page of markup': inline(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=1"/>')),
    'a negative size': inline(Buffer.concat([yellowPng(9, 9).subarray(0, 16), Buffer.from('ffffff00ffffff00', 'hex')])),
  }
  for (const [what, bytes] of Object.entries(hostile)) {
    await command(app, `clear; echo now $((6 * 7))`, 'now 42', { patience: 20_000 })
    const began = performance.now()
    await show(bytes)
    const took = performance.now() - began
    assert.ok(took < 15_000, `${what} took ${took} ms`)
    console.log(`${what}: ${Math.round(took)} ms`)
  }
  await app.screenshot('pictures-hostile')
  await show(sixel(100, 100))
  await app.until('pictures are still drawn', async () => (await drawn())?.['255,0,0'] > 500)
})

test('they are gone when they are not wanted any more', async () => {
  await setPictures()
  await command(app, 'clear; echo off $((6 * 7))', 'off 42')
  const rows = await show(sixel(100, 100))
  assert.ok(
    rows.some((row) => row.includes('[image 10') || row.includes('[image 100')),
    rows.join('\n'),
  )
  assert.equal(await drawn(), null)
  assert.equal(await answerTo(app, String.raw`\033[c`), `${E}[?1;2c`)
  assert.deepEqual(await refused(), [])
})
