// The budgets of the terminal in the window, beside the terminals that people know: all over ssh to one sshd, on one display.

import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Key } from '../e2e/support/app.mjs'
import { openSshd } from '../e2e/support/sshd.mjs'
import { addHost, command, runAction } from '../e2e/support/window.mjs'
import { many } from './many.mjs'
import { MIB, appProcess, family, line, median, memoryOf, mixed, onDesktop } from './kit.mjs'
import { peerKeys, peerOutput, peers, pressKeys, unseen } from './peers.mjs'

const YES_SECONDS = 60
const PROMPTS = 5
const PRINTS = 3

/** `tool` is the program that presses keys and looks at pixels. */
export async function bench(application, { tool, megabytes, keys, terminals }) {
  const server = await openSshd()
  try {
    const file = join(server.folder, 'mixed')
    writeFileSync(file, mixed(megabytes * MIB))
    await onDesktop(application, async (app) => {
      await connect(app, server)
      await typing(app, server, { tool, keys })
      await printing(app, server, { file, megabytes })
      await stopping(app, server, { tool, keys, file })
    })
    await onDesktop(application, async (app) => {
      await connect(app, server)
      await many(app, { terminals, tool, keys })
    })
  } finally {
    await server.close()
  }
}

async function connect(app, server) {
  await addHost(app, { address: '127.0.0.1', port: server.port, user: server.user, name: 'bench', keyFile: server.clientKey })
  await app.click('button', 'Save and open')
  await app.click('button', 'Always trust')
  await command(app, 'exec bash --norc', /^bash-\S+[#$]/m)
  await command(app, 'clear; echo $((6 * 7))', '42')
}

async function typing(app, server, { tool, keys }) {
  const ours = await pressKeys(app.desktop, tool, keys)
  line('key to pixel over ssh: Bowline', times(ours), 'p50 <= 17, p95 <= 25 ms')
  for (const peer of peers(server)) {
    line(`key to pixel over ssh: ${peer.name}`, times(await peerKeys(app.desktop, server, peer, tool, keys)), 'beside it')
  }
}

async function printing(app, server, { file, megabytes }) {
  const before = memoryOf(family(appProcess(app)))
  const runs = []
  // In turn: what else the machine does then weighs on both.
  for (let run = 0; run < PRINTS; run += 1) {
    runs.push({ nobody: unseen(server, file, megabytes), ours: await printed(app, server, file, megabytes) })
  }
  const after = memoryOf(family(appProcess(app)))
  const ours = median(runs.map((run) => run.ours))
  const share = median(runs.map((run) => run.ours / run.nobody))
  line('ssh -tt host cat > /dev/null', `${median(runs.map((run) => run.nobody)).toFixed(1)} MiB/s`, 'the yardstick')
  const rates = []
  for (const peer of peers(server)) {
    const rate = await peerOutput(app.desktop, server, peer, file, megabytes)
    rates.push(rate)
    line(`output over ssh: ${peer.name}`, `${rate.toFixed(1)} MiB/s of ${megabytes} MiB`, 'beside it')
  }
  const ratios = `${share.toFixed(2)} x ssh -tt, ${(ours / Math.max(...rates)).toFixed(2)} x the fastest`
  line('output over ssh: Bowline', `${ours.toFixed(1)} MiB/s of ${megabytes} MiB, ${ratios}`, '>= 0.8 x, >= 1.5 x')
  line('memory before and after', `${before.pss.toFixed(0)} and ${after.pss.toFixed(0)} MiB PSS (${after.detail})`, 'flat')
}

/** MiB/s from the start of the command to its last line in the window. */
async function printed(app, server, file, megabytes) {
  await app.type("printf '\\033]0;soon\\007'\n")
  const title = () => app.run(() => document.querySelector('[role="tablist"]').textContent)
  await app.until('the title is another one', async () => (await title()).includes('soon'), title)
  await app.run(() => {
    window.over = null
    const timer = setInterval(() => {
      if (!document.querySelector('[role="tablist"]')?.textContent.includes('over')) return
      window.over = Date.now()
      clearInterval(timer)
    }, 20)
  })
  const mark = join(server.folder, 'began')
  rmSync(mark, { force: true })
  await app.type(`clear; date +%s%N > ${mark}; cat ${file}; printf '\\033]0;ov''er\\007the la''st line\\n'\n`)
  await app.until('it is printed', async () => (await app.run(() => window.over)) !== null, { patience: 120_000 })
  await app.untilTerminal(/the last line/)
  const over = await app.run(() => window.over)
  return megabytes / ((over - Number(readFileSync(mark, 'utf8')) / 1e6) / 1000)
}

/** `yes` in one tab: typing in another one and in the pane beside it meanwhile, and the time from Ctrl-C to the prompt. */
async function stopping(app, server, { tool, keys, file }) {
  await app.run(() => {
    window.gaps = []
    let last = performance.now()
    const frame = (now) => {
      window.gaps.push(now - last)
      last = now
      requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
  })
  const before = memoryOf(family(appProcess(app)))
  await app.type('yes bowline\n')
  await app.untilTerminal(/bowline\nbowline/)
  const began = Date.now()
  await app.press(Key.CONTROL, Key.SHIFT, 't')
  await command(app, 'exec bash --norc', /^bash-\S+[#$]/m)
  await command(app, 'clear; echo $((6 * 7))', '42')
  const elsewhere = await pressKeys(app.desktop, tool, keys, await cursorCell(app))
  line('key to pixel in another tab than `yes`', times(elsewhere), 'p95 <= 50 ms')
  await app.press(Key.CONTROL, Key.SHIFT, 'w')
  await runAction(app, 'Split right')
  await command(app, 'exec bash --norc', /^bash-\S+[#$]/m)
  await command(app, 'clear; echo $((6 * 7))', '42')
  const beside = await pressKeys(app.desktop, tool, keys, await cursorCell(app))
  line('key to pixel beside `yes`, which is seen too', times(beside), 'p95 <= 50 ms')
  await sleep(Math.max(0, YES_SECONDS * 1000 - (Date.now() - began)))
  const after = memoryOf(family(appProcess(app)))
  const gaps = await app.run(() => window.gaps.sort((a, b) => a - b))
  line('longest time without a frame', `${gaps.at(-1).toFixed(0)} ms in ${YES_SECONDS} s`, '<= 200 ms')
  line(`memory before and after ${YES_SECONDS} s`, `${before.pss.toFixed(0)} and ${after.pss.toFixed(0)} MiB PSS`, 'flat')
  await app.press(Key.CONTROL, Key.SHIFT, 'w')
  await app.press(Key.CONTROL, 'c')
  await app.until('it is quiet', async () => /[#$] ?$/.test((await app.rows()).join('\n').trimEnd()))
  const mark = join(server.folder, 'stopped')
  await command(app, `PROMPT_COMMAND='date +%s%N > ${mark}' PS1='ready> '; clear`, /^ready>/m)
  await app.type('yes bowline\n')
  await sleep(2000)
  const stops = await repeated(PROMPTS, () => stopped(app, server))
  line('Ctrl-C on `yes` to the prompt', prompts(stops), '< 200 ms')
  await app.press(Key.CONTROL, 'c')
  const drained = await repeated(PROMPTS, async () => {
    await app.until('the prompt is back', async () => /ready> *$/.test((await app.rows()).join('\n').trimEnd()))
    // It is stopped while most of the file is still on its way.
    await app.type(`cat ${file}; yes bowline\n`)
    await sleep(700)
    const stop = await stopped(app, server)
    await app.press(Key.CONTROL, 'c')
    return stop
  })
  line('Ctrl-C on a `cat` that has not drained', prompts(drained), '< 200 ms')
}

async function repeated(times, work) {
  const all = []
  for (let run = 0; run < times; run += 1) all.push(await work())
  return all
}

/** Until the shell has written its prompt, and until a person sees it. */
function prompts(stops) {
  const [wrote, shown] = [stops.map((stop) => stop.wrote), stops.map((stop) => stop.shown)]
  const worst = (all) => Math.max(...all).toFixed(0)
  return `${median(shown).toFixed(0)} ms in the window, worst ${worst(shown)} (the shell ${median(wrote).toFixed(0)}, worst ${worst(wrote)})`
}

/**
 * Milliseconds from Ctrl-C, pressed through the X server, until the shell has written its prompt and until it stands in the
 * window; then `yes` is started again.
 */
async function stopped(app, server) {
  const mark = join(server.folder, 'stopped')
  rmSync(mark, { force: true })
  await app.run(() => {
    window.prompted = null
    const look = () => {
      const rows = [...document.activeElement.closest('.xterm').querySelectorAll('.xterm-rows > div')]
      const last = rows
        .map((row) => row.textContent.trim())
        .filter((text) => text !== '')
        .at(-1)
      if (last === 'ready>') window.prompted = Date.now()
      else requestAnimationFrame(look)
    }
    look()
  })
  const pressed = Date.now()
  execFileSync('xdotool', ['key', 'ctrl+c'], { env: app.desktop.env })
  await app.until('the prompt stands in the window', async () => (await app.run(() => window.prompted)) !== null)
  const wrote = Number(readFileSync(mark, 'utf8')) / 1e6 - pressed
  const shown = (await app.run(() => window.prompted)) - pressed
  await app.type('yes bowline\n')
  await sleep(2000)
  return { wrote, shown }
}

/** Where the next letter will stand, in pixels of the screen. */
function cursorCell(app) {
  return app.run(() => {
    const active = document.activeElement.closest('.xterm')
    const cursor = active.querySelector('.xterm-cursor').getBoundingClientRect()
    const at = [cursor.left + window.screenX, cursor.top + window.screenY, cursor.width, cursor.height]
    return at.map(Math.round).join(',')
  })
}

function times({ p50, p95, worst, keys }) {
  return `p50 ${p50.toFixed(1)}, p95 ${p95.toFixed(1)}, worst ${worst.toFixed(1)} ms (${keys} keys)`
}
