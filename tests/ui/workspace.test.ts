/** Tabs, panes and the palette in Chromium over the fake engine. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium, type PageOptions } from './chromium'
import { openHost, prompt, run, screen, shownTerminal } from './workspace-page'

const { open } = useChromium()

async function openWorkspace(hosts: string[], options: PageOptions = {}): Promise<Page> {
  const page = await open({ query: { hosts: 'few' }, ...options })
  for (const host of hosts) await openHost(page, host)
  if (hosts.length > 0) await prompt(page)
  return page
}

const tabs = (page: Page) => page.getByRole('tab')
const tabNames = (page: Page) =>
  tabs(page).evaluateAll((elements) => elements.map((element) => element.getAttribute('aria-label')))
const activeTab = (page: Page) => page.locator('.dv-active-group .dv-active-tab')
const activeName = (page: Page) => activeTab(page).getAttribute('aria-label')
const panes = (page: Page) => page.locator('.dv-groupview')
const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))

describe('tabs', () => {
  it('tell two of one host apart, by title or by number', async () => {
    const page = await openWorkspace(['web-01'])
    await page.keyboard.press('Control+Shift+T')
    await expect.poll(() => tabNames(page)).toEqual(['web-01', 'web-01 2'])
    await prompt(page)
    await run(page, 'title deploy@web-01: /srv/www')
    await expect.poll(() => tabNames(page)).toEqual(['web-01', 'web-01 /srv/www'])
  })

  it('are walked through and chosen by key, and each keeps its screen', async () => {
    const page = await openWorkspace(['web-01', 'web-02', 'db-primary'])
    await run(page, 'echo in the third')
    await page.keyboard.press('Control+Tab')
    await expect.poll(() => activeName(page)).toBe('web-01')
    await page.keyboard.press('Control+PageUp')
    await expect.poll(() => activeName(page)).toBe('db-primary')
    await page.keyboard.press('Alt+2')
    await expect.poll(() => activeName(page)).toBe('web-02')
    await expect.poll(() => focused(page)).toBe('Terminal input of web-02')
    await page.keyboard.press('Alt+9')
    await expect.poll(() => screen(page)).toMatch(/^in the third$/m)
    // As WebKitGTK tells of Tab with Shift.
    await page.evaluate(() => {
      const press = { key: 'Unidentified', code: 'Tab', ctrlKey: true, shiftKey: true, bubbles: true, cancelable: true }
      document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', press))
    })
    await expect.poll(() => activeName(page)).toBe('web-02')
  })

  it('are typed into once they are clicked', async () => {
    const page = await openWorkspace(['web-01', 'web-02'])
    await page.getByRole('tab', { name: 'web-01' }).click()
    await expect.poll(() => focused(page)).toBe('Terminal input of web-01')
  })

  it('keep the name of a host that is deleted', async () => {
    const page = await openWorkspace(['web-01'])
    await page.getByRole('treeitem', { name: 'web-01' }).click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await expect.poll(() => page.getByRole('treeitem', { name: 'web-01' }).count()).toBe(0)
    await expect.poll(() => tabNames(page)).toEqual([expect.stringMatching(/^web-01/)])
  })

  it('keep their place in the scrollback while hidden', async () => {
    const page = await openWorkspace(['web-01'])
    await run(page, 'numbers 200')
    await expect.poll(() => screen(page)).toContain('line 200')
    const bottom = await screen(page)
    await page.keyboard.press('Shift+PageUp')
    await expect.poll(() => screen(page)).not.toBe(bottom)
    const before = await screen(page)
    expect(before).not.toContain('line 200')
    await openHost(page, 'web-02')
    await prompt(page)
    await page.keyboard.press('Control+Tab')
    await expect.poll(() => screen(page)).toBe(before)
  })

  it('are renamed by key and by double click, and an empty name takes it back', async () => {
    const page = await openWorkspace(['web-01'])
    await page.keyboard.press('Control+Shift+R')
    const field = page.getByRole('textbox', { name: 'Name of the tab' })
    await field.fill('日志')
    await field.press('Enter')
    await expect.poll(() => tabNames(page)).toEqual(['日志'])
    await expect.poll(() => focused(page)).toBe('Terminal input of 日志')
    await activeTab(page).dblclick()
    await field.fill('other')
    await field.press('Escape')
    await expect.poll(() => tabNames(page)).toEqual(['日志'])
    await activeTab(page).dblclick()
    await field.fill('')
    await field.press('Enter')
    await expect.poll(() => tabNames(page)).toEqual(['web-01'])
  })

  it('close by key, cross and middle button, end their terminal, and come back', async () => {
    const page = await openWorkspace(['web-01', 'web-02', 'db-primary'])
    await page.keyboard.press('Control+Shift+W')
    await expect.poll(() => tabNames(page)).toEqual(['web-01', 'web-02'])
    await expect.poll(() => focused(page)).toBe('Terminal input of web-02')
    await tabs(page).first().click({ button: 'middle' })
    await expect.poll(() => tabNames(page)).toEqual(['web-02'])
    await activeTab(page).hover()
    await activeTab(page).locator('.cross').click()
    await expect.poll(() => tabs(page).count()).toBe(0)
    await page.getByText('No terminal is open').waitFor()
    await page.keyboard.press('Control+Shift+Alt+T')
    await expect.poll(() => tabNames(page)).toEqual(['web-02'])
  })

  it('show the active one however many there are', async () => {
    const page = await openWorkspace(['web-01'])
    for (let n = 2; n <= 30; n++) await page.keyboard.press('Control+Shift+T')
    await expect.poll(() => tabs(page).count()).toBe(30)
    const visible = async (index: number) => {
      const tab = await tabs(page).nth(index).boundingBox()
      const corner = await page.getByRole('button', { name: 'Search or run a command' }).boundingBox()
      if (!tab || !corner) return false
      return tab.x >= 260 && tab.x + tab.width <= corner.x
    }
    await expect.poll(() => visible(29)).toBe(true)
    await page.keyboard.press('Alt+1')
    await expect.poll(() => visible(0)).toBe(true)
    await page.keyboard.press('Control+Shift+Tab')
    await expect.poll(() => visible(29)).toBe(true)
    await page.setViewportSize({ width: 900, height: 700 })
    await expect.poll(() => visible(29)).toBe(true)
  })

  it('mark a bell that rang where nobody looked', async () => {
    const page = await openWorkspace(['web-01'])
    await run(page, 'sleep-bell')
    await openHost(page, 'web-02')
    await prompt(page)
    await page.evaluate(() => window.bowlineShells?.[0]?.write(new TextEncoder().encode('bell\r')))
    await tabs(page).first().locator('.bell').waitFor()
    await page.keyboard.press('Alt+1')
    await tabs(page).first().locator('.bell').waitFor({ state: 'detached' })
  })
})

describe('panes', () => {
  it('split by key, walk by key, and tell the engine the new size', async () => {
    const page = await openWorkspace(['web-01'])
    const before = await page.evaluate(() => window.bowlineShells?.[0]?.sizes.at(-1)?.cols ?? 0)
    await page.keyboard.press('Control+Shift+D')
    await expect.poll(() => panes(page).count()).toBe(2)
    await prompt(page)
    await expect.poll(() => page.evaluate(() => window.bowlineShells?.[0]?.sizes.at(-1)?.cols ?? 0)).toBeLessThan(before)
    await page.keyboard.press('Control+Shift+S')
    await expect.poll(() => panes(page).count()).toBe(3)
    await prompt(page)
    await run(page, 'echo third')
    await page.keyboard.press('Control+Shift+ArrowRight')
    await expect.poll(() => activeName(page)).toBe('web-01')
    await run(page, 'echo first')
    await expect.poll(() => screen(page)).toMatch(/^first$/m)
    await expectAccessible(page)
    await page.keyboard.press('Control+Shift+W')
    await expect.poll(() => panes(page).count()).toBe(2)
  })

  it('take a tab that is dragged to an edge', async () => {
    const page = await openWorkspace(['web-01', 'web-02'])
    const tab = await tabs(page).first().boundingBox()
    const pane = await shownTerminal(page).boundingBox()
    if (!tab || !pane) throw new Error('nothing to drag')
    await page.mouse.move(tab.x + 30, tab.y + 20)
    await page.mouse.down()
    await page.mouse.move(tab.x + 60, tab.y + 60, { steps: 4 })
    await page.mouse.move(pane.x + pane.width - 30, pane.y + pane.height / 2, { steps: 8 })
    await page.mouse.up()
    await expect.poll(() => panes(page).count()).toBe(2)
    await expect.poll(async () => (await tabs(page).first().boundingBox())?.x ?? 0).toBeGreaterThan(0)
  })
})

describe('the palette', () => {
  it('runs an action by keyboard and gives the focus back', async () => {
    const page = await openWorkspace(['web-01'])
    await page.keyboard.press('Control+Shift+P')
    const field = page.getByRole('combobox')
    await field.waitFor()
    await expectAccessible(page)
    await page.keyboard.type('split dow')
    const option = page.getByRole('option', { selected: true })
    await expect.poll(() => option.textContent()).toContain('Split down')
    await expect.poll(() => option.textContent()).toContain('Ctrl Shift S')
    await page.keyboard.press('Enter')
    await expect.poll(() => panes(page).count()).toBe(2)
    await page.keyboard.press('Control+Shift+P')
    await field.waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => focused(page)).toMatch(/^Terminal input of web-01/)
  })

  it('moves with the arrows, around the ends', async () => {
    const page = await openWorkspace([])
    await page.keyboard.press('Control+Shift+P')
    const options = page.getByRole('option')
    await options.first().waitFor()
    const selected = () => options.evaluateAll((all) => all.findIndex((one) => one.ariaSelected === 'true'))
    await page.keyboard.press('ArrowDown')
    expect(await selected()).toBe(1)
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('ArrowUp')
    expect(await selected()).toBe((await options.count()) - 1)
    const described = await page.getByRole('combobox').getAttribute('aria-activedescendant')
    expect(await page.getByRole('option', { selected: true }).getAttribute('id')).toBe(described)
  })

  it('finds hosts and actions by Chinese characters', async () => {
    const page = await openWorkspace(['构建'], { language: 'zh-CN' })
    await expect.poll(() => tabNames(page)).toEqual(['构建机'])
    await page.keyboard.press('Control+Shift+P')
    await page.getByRole('combobox').fill('向右')
    await page.keyboard.press('Enter')
    await expect.poll(() => panes(page).count()).toBe(2)
  })

  it('says when nothing matches', async () => {
    const page = await openWorkspace([])
    await page.keyboard.press('Control+Shift+P')
    await page.getByRole('combobox').fill('zzzz')
    await page.getByText('Nothing matches “zzzz”.').waitFor()
    await page.keyboard.press('Enter')
    expect(await page.getByRole('combobox').count()).toBe(1)
  })
})

describe('actions', () => {
  it('have titles in both languages and share no key', async () => {
    const page = await openWorkspace(['web-01'])
    await page.keyboard.press('Control+Shift+P')
    const titles = async () => page.locator('.entry .title').allTextContents()
    const keys = (await page.locator('.entry kbd').allTextContents()).filter(Boolean)
    expect(new Set(keys).size).toBe(keys.length)
    expect((await titles()).filter((title) => title.startsWith('actions.'))).toEqual([])
  })

  it('run from the native menu', async () => {
    const page = await openWorkspace(['web-01'])
    await page.evaluate(() => window.bowline?.controls.menu('pane.splitRight'))
    await expect.poll(() => panes(page).count()).toBe(2)
    await page.evaluate(() => window.bowline?.controls.menu('of.another.version'))
  })
})
