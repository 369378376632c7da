/* global window, document, performance, addEventListener -- of the page, in the functions that run there */
/**
 * How fast a flood gets through xterm.js and how soon keys are handled meanwhile, in headless Chromium over the fake engine. The figures
 * that count are those of the real window; these show at once whether a change made the terminal slower.
 *
 *     node tests/ui/bench_terminal.mjs [MiB]      prints one JSON object
 */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { build, preview } from 'vite'

const KEYS = 60
const KEY_EVERY_MS = 50
const mebibytes = Number(process.argv[2] ?? 64)
const configFile = fileURLToPath(new URL('../../ui/vite.config.ts', import.meta.url))
const named = process.env.BOWLINE_CHROMIUM
const executablePath = named ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
if (!executablePath) throw new Error('no Chromium; set BOWLINE_CHROMIUM to its path')

const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
const rounded = (value) => Math.round(value * 10) / 10

async function openTerminal(browser, address) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 820 } })
  await page.goto(`${address}?hosts=few`)
  await page.getByRole('navigation').waitFor()
  await page.keyboard.press('Control+Shift+P')
  await page.getByRole('combobox').fill('web-01')
  await page.keyboard.press('Enter')
  await page.waitForFunction(() => document.querySelector('.xterm-rows')?.textContent.includes('$'))
  return page
}

async function throughput(page) {
  const before = await page.evaluate(() => performance.now())
  await page.keyboard.type(`flood ${mebibytes}\r`)
  const after = await page.evaluate(async () => {
    const shell = window.bowlineShells.at(-1)
    do await new Promise((resolve) => setTimeout(resolve, 5))
    while (shell.underWay > 32 * 1024)
    return performance.now()
  })
  return (mebibytes * 1000) / (after - before)
}

/** From the key event to the engine's call, with the flood on the screen. */
async function keyTimes(page) {
  await page.keyboard.type('flood 100000\r')
  await page.evaluate(() => {
    const shell = window.bowlineShells.at(-1)
    const write = shell.write.bind(shell)
    window.keyTimes = []
    let pressed = 0
    addEventListener('keydown', (event) => (pressed = event.timeStamp), { capture: true })
    shell.write = (bytes) => {
      window.keyTimes.push(performance.now() - pressed)
      write(bytes)
    }
  })
  for (let n = 0; n < KEYS; n++) {
    await page.keyboard.press('a')
    await page.waitForTimeout(KEY_EVERY_MS)
  }
  const pressedAt = await page.evaluate(() => performance.now())
  await page.keyboard.press('Control+c')
  await page.waitForFunction(() => /\^C/.test(document.querySelector('.xterm-rows')?.textContent ?? ''))
  const stopped = (await page.evaluate(() => performance.now())) - pressedAt
  return { times: (await page.evaluate(() => window.keyTimes)).sort((a, b) => a - b), stopped }
}

const outDir = await mkdtemp(join(tmpdir(), 'bowline-bench-'))
await build({ configFile, mode: 'fake', logLevel: 'error', build: { outDir, emptyOutDir: true } })
const server = await preview({
  configFile,
  mode: 'fake',
  logLevel: 'error',
  build: { outDir },
  preview: { host: '127.0.0.1', port: 0, strictPort: false },
})
const browser = await chromium.launch({
  executablePath,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
})
try {
  const page = await openTerminal(browser, server.resolvedUrls.local[0])
  await throughput(page)
  const rate = await throughput(page)
  const { times, stopped } = await keyTimes(page)
  const report = {
    floodMiBPerSecond: rounded(rate),
    keyP50Ms: rounded(percentile(times, 0.5)),
    keyP99Ms: rounded(percentile(times, 0.99)),
    keys: times.length,
    ctrlCToScreenMs: rounded(stopped),
  }
  console.log(JSON.stringify(report))
} finally {
  await browser.close()
  await server.close()
  await rm(outDir, { recursive: true, force: true })
}
