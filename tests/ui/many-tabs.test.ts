/** Many tabs in Chromium: colours, pins, their menu, the list of those out of sight, and panes in every direction. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium, type PageOptions } from './chromium'
import { openHost, prompt } from './workspace-page'

const { open } = useChromium()

async function openTabs(hosts: string[], options: PageOptions = {}): Promise<Page> {
  const page = await open({ query: { hosts: 'few' }, ...options })
  for (const host of hosts) await openHost(page, host)
  await prompt(page)
  return page
}

const tabs = (page: Page) => page.getByRole('tab')
const names = (page: Page) => tabs(page).evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')))
const panes = (page: Page) => page.locator('.dv-groupview')
const item = (page: Page, name: string) => page.getByRole('menuitem', { name })
const activeName = (page: Page) => page.locator('.dv-active-group .dv-active-tab').getAttribute('aria-label')
const active = (page: Page) => page.locator('.dv-active-group')

async function runAction(page: Page, name: string): Promise<void> {
  await page.keyboard.press('Control+Shift+P')
  await page.getByRole('combobox').fill(name)
  await page.keyboard.press('Enter')
  await expect.poll(() => page.getByRole('combobox').count()).toBe(0)
}

describe('the menu of a tab', () => {
  it('colours it by pointer, and says the colour aloud', async () => {
    const page = await openTabs(['web-01', 'web-02'])
    await tabs(page).first().click({ button: 'right' })
    await item(page, 'Colour').hover()
    await page.getByRole('menuitemradio', { name: 'cyan' }).waitFor()
    await expectAccessible(page)
    await page.getByRole('menuitemradio', { name: 'cyan' }).click()
    await expect.poll(() => names(page)).toEqual(['web-01, cyan', 'web-02'])
    await tabs(page).first().locator('.tab-mark.cyan').waitFor()
    await runAction(page, 'Tab colour: none')
    await expect.poll(() => names(page)).toEqual(['web-01', 'web-02'])
  })

  it('opens by key from the terminal and from the tab, and gives the focus back', async () => {
    const page = await openTabs(['web-01'])
    await page.keyboard.press('Control+Shift+M')
    await page.getByRole('menu', { name: 'Menu of the tab web-01' }).waitFor()
    await page.keyboard.press('Escape')
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label')))
      .toBe('Terminal input of web-01')
    await tabs(page).first().focus()
    await page.keyboard.press('Shift+F10')
    await page.getByRole('menu', { name: 'Menu of the tab web-01' }).waitFor()
    await page.keyboard.press('Home')
    await page.keyboard.press('Enter')
    await page.getByRole('textbox', { name: 'Name of the tab' }).waitFor()
  })

  it('duplicates with name and colour, and closes the others and those to the right', async () => {
    const page = await openTabs(['web-01', 'web-02', 'db-primary'])
    await page.keyboard.press('Alt+1')
    await runAction(page, 'Tab colour: green')
    await tabs(page).first().click({ button: 'right' })
    await item(page, 'Duplicate tab').click()
    await expect.poll(() => names(page)).toEqual(['web-01, green', 'web-02', 'db-primary', 'web-01 2, green'])
    await page.keyboard.press('Alt+2')
    await runAction(page, 'Close tabs to the right')
    await expect.poll(() => names(page)).toEqual(['web-01, green', 'web-02'])
    await runAction(page, 'Close other tabs')
    await expect.poll(() => names(page)).toEqual(['web-02'])
  })
})

describe('a pinned tab', () => {
  it('stands first, is narrow, and is not closed without a question', async () => {
    const page = await openTabs(['web-01', 'web-02', 'db-primary'])
    await page.keyboard.press('Control+Shift+Alt+P')
    await expect.poll(() => names(page)).toEqual(['db-primary, pinned', 'web-01', 'web-02'])
    expect(await activeName(page)).toBe('db-primary, pinned')
    const width = async (at: number) => (await tabs(page).nth(at).boundingBox())?.width ?? 0
    expect(await width(0)).toBeLessThan(140)
    await page.keyboard.press('Control+Shift+W')
    const question = page.getByRole('alertdialog', { name: 'Close the pinned tab db-primary?' })
    await question.waitFor()
    await expectAccessible(page)
    await page.keyboard.press('Escape')
    await expect.poll(() => question.count()).toBe(0)
    expect(await tabs(page).count()).toBe(3)
    await tabs(page).first().click({ button: 'middle' })
    await question.getByRole('button', { name: 'Close tab' }).click()
    await expect.poll(() => names(page)).toEqual(['web-01', 'web-02'])
  })

  it('stays when the others are closed, and first when one is dropped before it', async () => {
    const page = await openTabs(['web-01', 'web-02', 'db-primary'])
    await page.keyboard.press('Alt+2')
    await page.keyboard.press('Control+Shift+Alt+P')
    await expect.poll(() => names(page)).toEqual(['web-02, pinned', 'web-01', 'db-primary'])
    const from = await tabs(page).nth(2).boundingBox()
    const to = await tabs(page).nth(0).boundingBox()
    if (!from || !to) throw new Error('nothing to drag')
    await page.mouse.move(from.x + 40, from.y + 20)
    await page.mouse.down()
    await page.mouse.move(from.x + 20, from.y + 22, { steps: 4 })
    await page.mouse.move(to.x + 6, to.y + 20, { steps: 8 })
    await page.mouse.up()
    await expect.poll(() => names(page)).toEqual(['web-02, pinned', 'db-primary', 'web-01'])
    await runAction(page, 'Close other tabs')
    await expect.poll(() => names(page)).toEqual(['web-02, pinned', 'db-primary'])
  })
})

describe('tabs that have no room', () => {
  it('are counted, and found by name', async () => {
    const page = await openTabs(['web-01'])
    expect(await page.getByRole('button', { name: /out of sight/ }).count()).toBe(0)
    for (let n = 2; n <= 14; n++) await page.keyboard.press('Control+Shift+T')
    await openHost(page, 'db-primary')
    await page.keyboard.press('Alt+1')
    const button = page.getByRole('button', { name: /tabs out of sight/ })
    await expect.poll(() => button.textContent()).toMatch(/^\d+$/)
    await expectAccessible(page)
    await button.click()
    await page.getByRole('option').first().waitFor()
    await expect.poll(() => page.getByRole('option').count()).toBe(15)
    await page.keyboard.type('prim')
    await page.keyboard.press('Enter')
    await expect.poll(() => activeName(page)).toBe('db-primary')
  })
})

describe('panes', () => {
  it('split to the left and up', async () => {
    const page = await openTabs(['web-01'])
    await page.keyboard.press('Control+Shift+Alt+D')
    await expect.poll(() => panes(page).count()).toBe(2)
    await expect.poll(async () => (await active(page).boundingBox())?.x).toBeLessThan(300)
    await prompt(page)
    await page.keyboard.press('Control+Shift+Alt+S')
    await expect.poll(() => panes(page).count()).toBe(3)
    await expect.poll(async () => (await active(page).boundingBox())?.y).toBeLessThan(60)
  })

  it('grow and shrink by key, also while it is held', async () => {
    const page = await openTabs(['web-01'])
    await page.keyboard.press('Control+Shift+D')
    await expect.poll(() => panes(page).count()).toBe(2)
    await prompt(page)
    const width = async () => Math.round((await active(page).boundingBox())?.width ?? 0)
    const before = await width()
    await page.keyboard.press('Control+Shift+Alt+ArrowRight')
    await expect.poll(width).toBe(before + 40)
    await page.keyboard.down('Control')
    await page.keyboard.down('Shift')
    await page.keyboard.down('Alt')
    for (let n = 0; n < 3; n++) await page.keyboard.down('ArrowLeft')
    await page.keyboard.up('ArrowLeft')
    await expect.poll(width).toBe(before - 80)
  })

  it('give a tab to the next one', async () => {
    const page = await openTabs(['web-01'])
    await page.keyboard.press('Control+Shift+D')
    await expect.poll(() => panes(page).count()).toBe(2)
    await openHost(page, 'web-02')
    await page.keyboard.press('Control+Shift+PageDown')
    await expect
      .poll(() =>
        panes(page)
          .first()
          .getByRole('tab')
          .evaluateAll((all) => all.map((one) => one.getAttribute('aria-label'))),
      )
      .toEqual(['web-01', 'web-02'])
    await expect.poll(() => activeName(page)).toBe('web-02')
  })
})
