// A hundred terminals in one window: what each costs beyond the first, and how long it takes to look at another one.

import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { pressKeys } from './peers.mjs'
import { TICKS_PER_SECOND, appProcess, cpuTicks, family, line, memoryOf } from './kit.mjs'

const LINES = 10_000
/** Full lines, so that nothing is saved by short ones. */
const FILL = `seq ${LINES} | awk '{ printf "%06d %s\\n", $1, "${'0123456789'.repeat(9)}" }'`
const SWITCHES = 20
const IDLE_SECONDS = 10
const BUSY = 20

/** The window shows one terminal on a host, at its prompt. */
export async function many(app, { terminals, tool, keys }) {
  await fill(app, 1)
  await settle()
  const one = memoryOf(family(appProcess(app)))
  for (let number = 2; number <= terminals; number += 1) {
    execFileSync('xdotool', ['key', 'ctrl+shift+t'], { env: app.desktop.env })
    await app.until(`there are ${number} tabs`, async () => (await count(app)) === number)
    await fill(app, number)
  }
  await settle()
  const all = memoryOf(family(appProcess(app)))
  const each = (all.pss - one.pss) / (terminals - 1)
  const detail = `${one.pss.toFixed(0)} MiB with one, ${all.pss.toFixed(0)} with ${terminals} (${all.detail})`
  line(
    `${terminals} terminals of ${LINES} full lines, each beyond the first`,
    `${each.toFixed(1)} MiB PSS; ${detail}`,
    '<= 8 MiB',
  )
  const pids = family(appProcess(app))
  const before = cpuTicks(pids)
  await sleep(IDLE_SECONDS * 1000)
  const cpu = ((cpuTicks(pids) - before) / TICKS_PER_SECOND / IDLE_SECONDS) * 100
  line(`CPU while ${terminals} terminals are idle`, `${cpu.toFixed(1)} % of a core`, 'about 0')
  const times = await switches(app, terminals)
  const worst = times.at(-1)
  line(
    'another tab, long unseen, until its text stands there',
    `median ${times[times.length >> 1]} ms, worst ${worst}`,
    '< 100 ms',
  )
  await busy(app, { terminals, tool, keys })
}

/** Typing in the last one, while twenty others print a screen of lines twenty times a second. */
async function busy(app, { terminals, tool, keys }) {
  for (let at = terminals - BUSY - 1; at < terminals - 1; at += 1) {
    await show(app, at)
    await app.untilTerminal(`full-${at + 1}`)
    await app.type('while sleep 0.05; do seq 20; done\n')
  }
  await show(app, terminals - 1)
  await app.untilTerminal(`full-${terminals}`)
  await app.type('exec bash --norc\nclear; echo $((6 * 7))\n')
  await app.untilTerminal(/^42$/m)
  await sleep(3000)
  const { p50, p95, worst } = await pressKeys(app.desktop, tool, keys)
  const times = `p50 ${p50.toFixed(1)}, p95 ${p95.toFixed(1)}, worst ${worst.toFixed(1)} ms`
  line(`key to pixel with ${BUSY} of ${terminals} terminals busy`, times, 'p95 < 50 ms')
}

const show = (app, tab) =>
  app.run((index) => {
    const target = document.querySelectorAll('[role="tab"]')[index]
    target.dispatchEvent(new window.PointerEvent('pointerdown', { bubbles: true, button: 0 }))
    target.click()
  }, tab)

async function fill(app, number) {
  await app.untilTerminal(/[$#] ?$/m)
  await app.type(`${FILL}; echo fu''ll-${number}\n`)
  await app.untilTerminal(`full-${number}`)
}

/** The web view gives memory back late. */
const settle = () => sleep(15_000)

const count = async (app) => (await app.allByRole('tab')).length

/** Milliseconds in the page from the click until rows with text are there, in order of length. */
async function switches(app, terminals) {
  const times = []
  for (let at = 0; at < SWITCHES; at += 1) {
    const tab = (at * 17) % (terminals - 10)
    times.push(
      await app.run(async (index) => {
        const isSeen = (it) => it.getClientRects().length > 0
        const before = [...document.querySelectorAll('.xterm')].find(isSeen)
        const target = document.querySelectorAll('[role="tab"]')[index]
        const began = performance.now()
        target.dispatchEvent(new window.PointerEvent('pointerdown', { bubbles: true, button: 0 }))
        target.click()
        const shown = () => {
          const now = [...document.querySelectorAll('.xterm')].find((it) => it !== before && isSeen(it))
          return now !== undefined && /\d{6} 0123456789/.test(now.querySelector('.xterm-rows')?.textContent ?? '')
        }
        while (!shown()) await new Promise((resolve) => requestAnimationFrame(resolve))
        return Math.round(performance.now() - began)
      }, tab),
    )
    await sleep(800)
  }
  return times.sort((a, b) => a - b)
}
