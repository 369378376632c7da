/** A Chromium per test file, a fresh page per test, and what every test here asks of a page. */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createRequire } from 'node:module'
import { readFile } from 'node:fs/promises'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest'

const STEP_TIMEOUT_MS = 8000

export interface PageOptions {
  /** See `ui/src/ipc/fake-page.ts`. */
  query?: Record<string, string>
  theme?: 'light' | 'dark'
  language?: 'en' | 'zh-CN'
  size?: { width: number; height: number }
  /** Settings that were stored before. */
  settings?: Record<string, unknown>
  /** The hosts are not shown at the start. */
  navigation?: 'hidden'
}

function executable(): string {
  const named = process.env['BOWLINE_CHROMIUM']
  if (named) return named
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'chrome']
  const folders = ['/usr/bin', ...(process.env['PATH'] ?? '').split(delimiter)]
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path))
  if (!found) throw new Error('no Chromium on the PATH; set BOWLINE_CHROMIUM to its path')
  return found
}

/** Call at the top of a test file; `open` then gives a page that is closed after its test. */
export function useChromium(): { open: (options?: PageOptions) => Promise<Page> } {
  let browser: Browser | undefined
  let complaints: string[] = []

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: executable(),
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    })
  })
  afterAll(() => browser?.close())
  afterEach(async () => {
    const heard = complaints
    complaints = []
    await Promise.all((browser?.contexts() ?? []).map((context) => context.close()))
    expect(heard, 'errors in the console of the page').toEqual([])
  })

  async function open(options: PageOptions = {}): Promise<Page> {
    if (!browser) throw new Error('the browser was not started')
    const context = await browser.newContext({
      viewport: options.size ?? { width: 1280, height: 820 },
      colorScheme: options.theme ?? 'dark',
      locale: options.language ?? 'en',
      reducedMotion: 'reduce',
    })
    const page = await context.newPage()
    // A step that cannot be done says which one, instead of letting the whole test run out of time.
    page.setDefaultTimeout(STEP_TIMEOUT_MS)
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    if (options.settings) {
      // Once: a reload later in the test must find what the window itself stored.
      await page.addInitScript((stored) => {
        localStorage['bowline-preferences'] ??= stored
      }, JSON.stringify(options.settings))
    }
    const address = new URL(inject('address'))
    address.search = new URLSearchParams(options.query).toString()
    await page.goto(address.href)
    if (options.navigation === 'hidden') await page.getByRole('main').waitFor()
    else await page.getByRole('navigation').waitFor()
    return page
  }

  return { open }
}

const axeSource = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  id: string
  impact: string | null
  nodes: { html: string; failureSummary: string }[]
}

/** Fails on anything that axe calls serious or critical. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(await axeSource)
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: (options: unknown) => Promise<{ violations: Violation[] }> } }
    const result = await axe.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
      // Experimental: it joins the columns of a row without a space and then misses "web-0112 ms" in the row's name.
      rules: { 'label-content-name-mismatch': { enabled: false } },
    })
    return result.violations
  })
  const grave = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)}\n${node.failureSummary}`))
  expect(grave).toEqual([])
}
