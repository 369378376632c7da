// Shells of this computer, transcripts, recordings and playing them, in the real window.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Key, openApp } from './support/app.mjs'
import { openDesktop } from './support/desktop.mjs'
import { command, runAction, shown, useChinese, useTheme } from './support/window.mjs'

let desktop, app, folder

before(async () => {
  desktop = await openDesktop()
  // The desktop's own way to say where documents lie.
  folder = join(desktop.home, 'Papers')
  mkdirSync(join(desktop.home, '.config'), { recursive: true })
  writeFileSync(join(desktop.home, '.config/user-dirs.dirs'), 'XDG_DOCUMENTS_DIR="$HOME/Papers"\n')
  app = await openApp(desktop)
  await shown(app)
})

after(async () => {
  await app?.close()
  await desktop?.close()
})

const captured = (extension) =>
  readdirSync(join(folder, 'Bowline'))
    .filter((name) => name.endsWith(extension))
    .map((name) => join(folder, 'Bowline', name))

test('a local shell opens in the home folder, and ends with its children', async () => {
  await app.click('button', 'New local terminal')
  await app.untilTerminal(/[$#%>] ?$/m)
  await app.byRole('tab', 'Local shell')
  await command(app, 'echo "in <$PWD> $((6 * 7))" | tr "<>" "[]"', `in [${desktop.home}] 42`)
  await app.screenshot('sources-local')
  await app.type('sleep 4321 &\n')
  await app.untilTerminal(/\[1\] \d+/)
  const child = Number(/\[1\] (\d+)/.exec((await app.rows()).join('\n'))[1])
  await app.press(Key.CONTROL, Key.SHIFT, 'w')
  await app.until('the child is gone', async () => !isAlive(child))
})

test('an ended local shell is opened again by Enter', async () => {
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, 'm')
  await app.untilTerminal(/[$#%>] ?$/m)
  await app.type('exit 3\n')
  await app.untilText('The local shell ended with status 3.')
  await app.screenshot('sources-local-ended')
  await app.press(Key.ENTER)
  await command(app, 'echo "again $((6 * 7))"', 'again 42')
})

test('a terminal is recorded, and the recording is played', async () => {
  await runAction(app, 'Start or stop recording')
  await app.byRole('tab', 'recording')
  await app.untilText('REC')
  await command(app, 'printf "\\033[1;33mrecorded %s\\033[0m 你好\\n" text', 'recorded text')
  await command(app, 'sleep 4; echo "later $((6 * 7))"', 'later 42')
  await app.screenshot('sources-recording')
  await runAction(app, 'Start or stop recording')
  await app.untilText('is recorded.')
  const [file] = captured('.cast')
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(JSON.parse(readFileSync(file, 'utf8').split('\n')[0]).version, 2)

  await app.click('button', 'Play', { exact: true })
  await app.byRole('group', 'Playback of')
  await app.untilTerminal('recorded text')
  await app.screenshot('sources-playback')
  await app.click('button', 'Pause')
  await app.click('button', 'Back 5 seconds')
  await app.until(
    'it is at its beginning',
    async () => /^0:00 \/ 0:\d\d$/m.test(await app.text()),
    () => app.text(),
  )
  await app.until('what came later is not there', async () => !(await app.rows()).join('\n').includes('recorded text'))
  // The keys of the terminal above do the same.
  await app.press(Key.CONTROL, Key.SHIFT, 'j')
  await app.press(Key.END)
  await app.untilTerminal('later 42')
  await app.press(Key.HOME)
  await app.press('>')
  await app.press('>')
  await app.press('s')
  await app.press(' ')
  await app.until('it plays at four times the speed', async () => {
    const [speed] = await app.allByRole('combobox', 'Speed')
    return (await speed?.getAttribute('value')) === '4'
  })
  await app.untilTerminal('later 42')
  await useTheme(app, 'light')
  await app.screenshot('sources-playback-light')
  await useTheme(app, 'dark')
})

test('a recording has the size that it was recorded with', async () => {
  const wide = join(desktop.home, 'wide.cast')
  const lines = [
    '{"version":2,"width":132,"height":43,"title":"wide"}',
    `[0.1,"o","${'='.repeat(131)}>\\r\\n"]`,
    '[0.2,"o","\\u001b[43;120Hcorner"]',
    'not a line',
    '[0.1,"o","\\u001b[?25l"]',
    '[1e99,"r","99999x0"]',
  ]
  writeFileSync(wide, lines.slice(0, 5).join('\n'))
  await openRecording(wide)
  await app.untilTerminal(/^ {119}corner$/m)
  assert.equal((await app.rows())[0], `${'='.repeat(131)}>`)
  await app.screenshot('sources-wide')
})

test('a file that is no recording is said to be none', async () => {
  const wrong = join(desktop.home, 'wrong.cast')
  writeFileSync(wrong, '\x7fELF\0\0\0')
  await openRecording(wrong)
  await app.untilText('it does not begin with the header of an asciicast')
  await app.screenshot('sources-unusable')
})

test('a transcript has what the terminal of a host shows', async () => {
  for (const name of ['wrong', 'wide']) await closeTab(name)
  await app.press(Key.CONTROL, Key.SHIFT, 'k')
  await runAction(app, 'Open Built-in host')
  await app.untilTerminal(/[$#%>] ?$/m)
  await runAction(app, 'Start or stop the transcript')
  await app.byRole('tab', 'transcript on')
  await command(app, 'seq 3000 | tail -2; echo "written $((6 * 7))"', 'written 42')
  await app.screenshot('sources-transcript')
  const [file] = captured('.log')
  await app.until('it is written', async () => readFileSync(file, 'utf8').includes('2999\r\n3000\r\nwritten 42'))
  await runAction(app, 'Start or stop the transcript')
  await app.until('the tab says nothing of it', async () => (await app.allByRole('tab', 'transcript on')).length === 0)
})

test('a file that sz sends is saved where the person wants', async () => {
  const downloads = join(desktop.home, 'Downloads')
  mkdirSync(downloads)
  const noise = Buffer.alloc(2_000_000, 'noise')
  writeFileSync(join(desktop.home, 'noise.bin'), noise)
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, 'm')
  await app.untilTerminal(/[$#%>] ?$/m)
  await app.type('sz noise.bin\n')
  await app.untilText('A program on Local shell wants to send you files.')
  await app.screenshot('sources-transfer-offered')
  await app.click('button', 'Refuse')
  await app.untilText('The transfer was cancelled.')
  await command(app, 'echo "refused $((6 * 7))"', 'refused 42')
  await app.type('sz noise.bin\n')
  await inPicker('^Select Folder$', downloads, () => app.click('button', 'Save to'))
  await app.untilText('One file was saved in')
  await app.screenshot('sources-transfer-done')
  assert.ok(readFileSync(join(downloads, 'noise.bin')).equals(noise))
  await command(app, 'echo "saved $((6 * 7))"', 'saved 42')
  await app.press(Key.CONTROL, Key.SHIFT, 'w')
})

test('it speaks Chinese', async () => {
  await useChinese(app)
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, 'r')
  await app.byRole('tab', '正在录制')
  await app.press(Key.CONTROL, Key.SHIFT, Key.ALT, 'r')
  await app.untilText('已录制到')
  await app.click('button', '播放', { exact: true })
  await app.byRole('group', '播放')
  await app.screenshot('sources-chinese')
})

/** Through the desktop's own picker. There is no window manager here that would give it the keyboard, and take it back. */
function openRecording(path) {
  return inPicker('^Open File$', path, () => runAction(app, 'Open a recording'))
}

async function inPicker(title, path, open) {
  const xdotool = (...args) => execFileSync('xdotool', args, { env: desktop.env, encoding: 'utf8' }).trim()
  const visible = (name) => {
    try {
      return xdotool('search', '--onlyvisible', '--name', name).split('\n').at(-1)
    } catch {
      return undefined
    }
  }
  const own = visible('Bowline$')
  await open()
  await app.until('the picker is there', () => visible(title) !== undefined)
  const picker = visible(title)
  xdotool('windowfocus', '--sync', picker)
  xdotool('key', 'slash')
  await sleep(200)
  xdotool('key', 'ctrl+a')
  xdotool('type', '--delay', '10', path)
  await sleep(300)
  xdotool('key', 'Return')
  await app.until('the picker is gone', () => visible(title) === undefined)
  xdotool('windowfocus', '--sync', own)
}

async function closeTab(name) {
  await app.click('tab', name)
  await app.press(Key.CONTROL, Key.SHIFT, 'w')
}

function isAlive(process) {
  try {
    const [, state] = /\) (\S)/.exec(readFileSync(`/proc/${process}/stat`, 'utf8'))
    return state !== 'Z'
  } catch {
    return false
  }
}
