/** Highlights and triggers in Chromium over the fake engine. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium } from './chromium'
import { openHost, prompt, screen } from './workspace-page'

const { open } = useChromium()

const rule = (more: Record<string, unknown>) => {
  return { id: 'mine', name: 'Mine', pattern: 'needle', colour: 'red', on: true, hosts: {}, ...more }
}

async function openTabs(hosts: string[], rules?: unknown[]): Promise<Page> {
  const page = await open({ query: { hosts: 'few' }, ...(rules ? { settings: { highlights: rules } } : {}) })
  for (const host of hosts) await openHost(page, host)
  await prompt(page)
  return page
}

const say = (page: Page, text: string, shell = 0) =>
  page.evaluate(([said, at]) => window.bowlineShells?.[at]?.say(said), [text, shell] as const)
const marks = (page: Page) => page.locator('.xterm-decoration.highlight')
const settle = (page: Page) => page.waitForTimeout(300)

describe('highlights', () => {
  it('are off at first, are switched on and made in the dialog, and colour what is on the screen already', async () => {
    const page = await openTabs(['web-01'])
    await say(page, 'an ERROR and a needle\r\n')
    await settle(page)
    expect(await marks(page).count()).toBe(0)
    await page.keyboard.press('Control+Shift+Alt+H')
    const list = page.getByRole('dialog', { name: 'Highlights and triggers' })
    await list.getByRole('checkbox', { name: 'ERROR: on for every host' }).check()
    await expectAccessible(page)
    await expect.poll(() => marks(page).count()).toBe(1)
    await list.getByRole('button', { name: 'New rule' }).click()
    const form = page.getByRole('dialog', { name: 'Rule' })
    await form.getByRole('textbox', { name: 'Name' }).fill('Mine')
    await form.getByRole('textbox', { name: 'Regular expression' }).fill('(a)\\1')
    await form.getByText('No look-around or back references here').waitFor()
    expect(await form.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true)
    await form.getByRole('textbox', { name: 'Regular expression' }).fill('need.e')
    await form.getByRole('textbox', { name: 'Text to try it on' }).fill('one needle, two needles')
    await expect.poll(() => form.locator('mark').allTextContents()).toEqual(['needle', 'needle'])
    await expectAccessible(page)
    await form.getByRole('button', { name: 'Save' }).click()
    await expect.poll(() => marks(page).count()).toBe(2)
    await list.getByRole('button', { name: 'Delete Mine' }).click()
    await expect.poll(() => marks(page).count()).toBe(1)
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(() => marks(page).count()).toBe(2)
  })

  it('that were made after one was deleted stay when that comes back to its place', async () => {
    const page = await openTabs(['web-01'], [rule({ id: 'a', name: 'First' }), rule({ id: 'b', name: 'Second' })])
    await page.keyboard.press('Control+Shift+Alt+H')
    const list = page.getByRole('dialog', { name: 'Highlights and triggers' })
    await list.getByRole('button', { name: 'Delete First' }).click()
    await list.getByRole('button', { name: 'New rule' }).click()
    const form = page.getByRole('dialog', { name: 'Rule' })
    await form.getByRole('textbox', { name: 'Name' }).fill('Third')
    await form.getByRole('textbox', { name: 'Regular expression' }).fill('thread')
    await form.getByRole('button', { name: 'Save' }).click()
    await list.getByRole('checkbox', { name: 'Second: on for every host' }).uncheck()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.keyboard.press('Control+Shift+Alt+H')
    await expect.poll(() => list.locator('.name').allTextContents()).toEqual(['First', 'Second', 'Third'])
    expect(await list.getByRole('checkbox', { name: 'Second: on for every host' }).isChecked()).toBe(false)
  })

  it('are switched by host', async () => {
    const page = await openTabs(['web-01', 'web-02'], [rule({ hosts: { 'web-02': false } })])
    for (const shell of [0, 1]) await say(page, 'a needle\r\n', shell)
    await settle(page)
    expect(await marks(page).count()).toBe(0)
    await page.keyboard.press('Alt+1')
    await expect.poll(() => marks(page).count()).toBe(1)
  })

  it('follow the text as it scrolls, over wide characters and the ends of rows', async () => {
    const page = await openTabs(['web-01'], [rule({})])
    await say(page, `${'界'.repeat(10)}needle${' '.repeat(200)}\r\n`)
    await expect.poll(() => marks(page).count()).toBe(1)
    const cell = await page.locator('.xterm-rows').evaluate((rows) => {
      const row = [...rows.children].find((one) => one.textContent?.includes('needle'))
      const [text] = [...(row?.childNodes ?? [])].filter((node) => node.textContent?.includes('needle'))
      const range = document.createRange()
      range.selectNodeContents(text ?? rows)
      return range.getBoundingClientRect().x
    })
    expect(cell).toBeGreaterThan(0)
    await say(page, Array.from({ length: 100 }, (_, n) => `line ${n}\r\n`).join(''))
    await expect.poll(() => screen(page)).toContain('line 99')
    await expect.poll(() => marks(page).count()).toBe(0)
  })

  it('that call are given to the engine, and its finds mark the tab and are told', async () => {
    const page = await openTabs(['web-01', 'web-02'], [rule({ mark: true, notify: true, colour: null })])
    const rules = await page.evaluate(() => window.bowline?.controls.triggers())
    expect(rules).toEqual([{ id: 'mine', pattern: 'needle', caseSensitive: false, on: true, hosts: {} }])
    const find = (ruleId: string, line: string) =>
      page.evaluate((data) => window.bowline?.controls.emit({ type: 'found', data }), { id: 1, ruleId, line })
    await find('mine', 'the needle \u202eis here')
    await page.getByText('Mine in web-01: the needle is here').waitFor()
    await expect.poll(() => page.getByRole('tab').first().locator('.bell').count()).toBe(1)
    await find('gone', 'of a rule that was deleted')
    expect(await page.getByText('of a rule that was deleted').count()).toBe(0)
  })

  it('that call are refused where the engine cannot look for their pattern', async () => {
    const page = await openTabs(['web-01'])
    await page.keyboard.press('Control+Shift+Alt+H')
    await page.getByRole('button', { name: 'New rule' }).click()
    const form = page.getByRole('dialog', { name: 'Rule' })
    await form.getByRole('textbox', { name: 'Name' }).fill('Mine')
    await form.getByRole('textbox', { name: 'Regular expression' }).fill('unusable')
    await form.getByRole('checkbox', { name: 'Notify me' }).check()
    await form.getByRole('button', { name: 'Save' }).click()
    await form.getByText('The pattern cannot be looked for in all terminals').waitFor()
    await expectAccessible(page)
    await form.getByRole('textbox', { name: 'Regular expression' }).fill('usable')
    await form.getByRole('button', { name: 'Save' }).click()
    await form.waitFor({ state: 'detached' })
  })

  it('do not hold up the window with a hostile pattern on a hostile line', async () => {
    const page = await openTabs(['web-01'], [rule({ pattern: '(n+)+x' })])
    const began = Date.now()
    await say(page, `${'n'.repeat(3000)}\r\n`.repeat(20))
    await settle(page)
    await page.keyboard.type('echo still\r')
    await expect.poll(() => screen(page)).toMatch(/^still$/m)
    expect(Date.now() - began).toBeLessThan(5000)
  })
})
