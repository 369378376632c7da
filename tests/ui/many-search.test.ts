/** The search over a whole scrollback, with patterns that would hang JavaScript's own engine. */
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { useChromium } from './chromium'
import { openHost, prompt, screen } from './workspace-page'

const { open } = useChromium()

async function openSearch(output: string): Promise<Page> {
  const page = await open({ query: { hosts: 'few' } })
  await openHost(page, 'web-01')
  await prompt(page)
  await page.evaluate((text) => window.bowlineShells?.[0]?.say(text), `${output}\r\nthe end\r\n`)
  await expect.poll(() => screen(page)).toContain('the end')
  await page.keyboard.press('Control+Shift+F')
  return page
}

const result = (page: Page) => page.getByRole('search').getByRole('status').textContent()
const asPattern = (page: Page) => page.getByRole('button', { name: 'Regular expression' }).click()
const field = (page: Page) => page.getByRole('search').getByRole('textbox')
/** What is selected, which is what was found. */
const selected = (page: Page) =>
  page.evaluate(() => document.querySelectorAll('.xterm-decoration.match[style*="outline"]').length)

it('counts every match of a scrollback', async () => {
  const page = await openSearch(Array.from({ length: 6000 }, (_, n) => `row ${n} x x`).join('\r\n'))
  await page.keyboard.type('x')
  await expect.poll(() => result(page)).toBe('12000 of 12000')
  await page.keyboard.press('Enter')
  await expect.poll(() => result(page)).toBe('11999 of 12000')
  await asPattern(page)
  await field(page).fill('^row \\d{4} ')
  await expect.poll(() => result(page)).toMatch(/of 5000$/)
})

it('is not held up by a pattern that goes back and forth, nor by a line that fills the scrollback', async () => {
  const page = await openSearch(`${'a'.repeat(400_000)}!\r\n${`${'a'.repeat(60)}!\r\n`.repeat(50)}`)
  await asPattern(page)
  await field(page).fill('(a+)+[?]')
  await expect.poll(() => result(page)).toBe('No match')
  await field(page).fill('(a|aa)+!')
  await expect.poll(() => result(page)).toMatch(/of \d+$/)
  const slowest = await page.evaluate(async () => {
    let slowest = 0
    let last = performance.now()
    for (let n = 0; n < 20; n++) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      slowest = Math.max(slowest, performance.now() - last)
      last = performance.now()
    }
    return slowest
  })
  expect(slowest).toBeLessThan(1000)
})

it('marks what it found over the ends of rows and behind wide characters', async () => {
  const page = await openSearch(`${'界'.repeat(80)}needle and ${'-'.repeat(300)} needle`)
  await page.keyboard.type('needle')
  await expect.poll(() => result(page)).toBe('2 of 2')
  expect(await selected(page)).toBeGreaterThan(0)
  await page.keyboard.press('Control+Shift+C')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Control+Shift+C')
  await expect.poll(() => page.evaluate(() => window.bowline?.controls.clipboard())).toBe('needle')
})

it('says what it cannot look for', async () => {
  const page = await openSearch('aa')
  await asPattern(page)
  for (const [pattern, said] of [
    ['(a)\\1', 'No look-around or back references here'],
    ['(', 'Not a pattern'],
    ['(a{1000}){1000}', 'Pattern too large'],
  ] as const) {
    await field(page).fill(pattern)
    await expect.poll(() => result(page)).toBe(said)
  }
})

it('finds what is printed while it is open', async () => {
  const page = await openSearch('one needle')
  await page.keyboard.type('needle')
  await expect.poll(() => result(page)).toBe('1 of 1')
  await page.evaluate(() => window.bowlineShells?.[0]?.say('another needle\r\n'))
  await expect.poll(() => result(page)).toBe('1 of 2')
})
