/** Settings, themes, languages, sizes of the window, notices. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium } from './chromium'

const { open } = useChromium()

const theme = (page: Page) => page.evaluate(() => document.documentElement.dataset['theme'])
const stored = (page: Page) =>
  page.evaluate(() => JSON.parse(localStorage['bowline-preferences'] ?? '{}') as Record<string, unknown>)

const settingsPage = (page: Page, name: string) => page.getByRole('dialog').getByRole('tab', { name }).click()

describe('settings', () => {
  it('work at once and are there after a reload', async () => {
    const page = await open()
    await page.keyboard.press('Control+,')
    await expectAccessible(page)
    await page.getByLabel('Theme', { exact: true }).selectOption('light')
    await expect.poll(() => theme(page)).toBe('light')
    await settingsPage(page, 'Text and colours')
    await page.getByLabel('Font size').fill('16')
    await page.getByRole('switch', { name: 'The cursor blinks' }).click()
    await settingsPage(page, 'Terminal')
    await page.getByLabel('Right button').selectOption('paste')
    await page.getByLabel('Lines to scroll back').fill('9999999')
    await page.getByLabel('Lines to scroll back').blur()
    await expect
      .poll(() => stored(page))
      .toMatchObject({
        theme: 'light',
        fontSize: 16,
        rightClick: 'paste',
        cursorBlink: true,
        scrollback: 100_000,
      })
    await page.reload()
    await expect.poll(() => theme(page)).toBe('light')
    await page.keyboard.press('Control+,')
    await settingsPage(page, 'Text and colours')
    expect(await page.getByLabel('Font size').inputValue()).toBe('16')
    await page.getByRole('button', { name: 'Back to the defaults' }).click()
    expect(await page.getByLabel('Font size').inputValue()).toBe('13')
    await page.keyboard.press('Escape')
    expect(await page.getByRole('dialog').count()).toBe(0)
  })

  it('tell the engine about time within bounds, also after a reload', async () => {
    const page = await open()
    const told = () => page.evaluate(() => window.bowline?.controls.connectionTimes())
    await expect.poll(told).toEqual({ diallingSeconds: 8, quietSeconds: 7, unusedMinutes: 30 })
    await page.keyboard.press('Control+,')
    await settingsPage(page, 'Connections')
    await page.getByLabel('Give up dialling after (seconds)').fill('20')
    await page.getByLabel('Ask for a sign of life after (seconds)').fill('1000')
    await page.getByLabel('Ask for a sign of life after (seconds)').blur()
    await page.getByLabel('Close unused connections after (minutes)').fill('5')
    const chosen = { diallingSeconds: 20, quietSeconds: 60, unusedMinutes: 5 }
    await expect.poll(told).toEqual(chosen)
    await expect.poll(() => stored(page)).toMatchObject(chosen)
    await page.reload()
    await expect.poll(told).toEqual(chosen)
  })

  it('are on pages that the arrow keys go through, each of them accessible', async () => {
    const page = await open()
    await page.keyboard.press('Control+,')
    await page.getByRole('tab', { name: 'General' }).waitFor()
    const names = await page.getByRole('tab').allTextContents()
    expect(names[0]).toBe('General')
    for (const name of names) {
      await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe(name)
      await page.getByRole('tabpanel', { name }).waitFor()
      await expectAccessible(page)
      expect(await clipped(page)).toEqual([])
      await page.keyboard.press('ArrowDown')
    }
  })

  it('survive a damaged file', async () => {
    const page = await open({ settings: { theme: 7, fontSize: 'x', foldedGroups: null, sidebarWidth: 1e9 } })
    await page.getByRole('button', { name: 'Try the built-in host' }).waitFor()
    expect(await theme(page)).toBe('dark')
  })

  it('keep what a newer Bowline stored', async () => {
    const page = await open({ settings: { somethingNew: { deep: [1] } } })
    await page.keyboard.press('Control+b')
    await expect.poll(() => stored(page)).toMatchObject({ sidebarShown: false, somethingNew: { deep: [1] } })
  })
})

describe('the window', () => {
  it('hides its sidebar and sizes it by keyboard', async () => {
    const page = await open()
    await page.getByRole('separator', { name: 'Width of the sidebar' }).press('ArrowRight')
    await expect
      .poll(() =>
        page
          .getByRole('navigation')
          .boundingBox()
          .then((box) => box?.width),
      )
      .toBe(270)
    await page.keyboard.press('Control+b')
    await expect.poll(() => page.getByRole('navigation').count()).toBe(0)
    await page.keyboard.press('Control+k')
    await page.getByRole('navigation').waitFor()
    await expect.poll(() => page.getByLabel('Find a host').evaluate((field) => field === document.activeElement)).toBe(true)
  })

  it('shows how the connection in front is doing', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await page.getByRole('treeitem', { name: /^web-01/ }).click()
    const strip = page.getByRole('contentinfo', { name: 'Active connection' })
    await strip.getByText('web-01 connected').waitFor()
    await strip.getByText('12 ms').waitFor()
    await strip.getByText(/aes128-gcm$/).waitFor()
    await strip.getByText('OpenSSH 9.2p1', { exact: true }).waitFor()
  })

  it('tells quietly of a damaged file and a locked keyring', async () => {
    const page = await open({ query: { notice: 'damaged', keyring: 'locked' } })
    const notices = page.getByRole('region', { name: 'Notices' })
    await notices.getByText(/hosts.damaged-1.db/).waitFor()
    await expectAccessible(page)
    await notices.getByRole('button', { name: 'Show the folder' }).click()
    expect(await page.evaluate(() => window.bowline?.controls.opened)).toEqual(['data-folder'])
    await notices.getByRole('button', { name: 'Dismiss' }).first().click()
    await notices.getByRole('button', { name: 'Dismiss' }).first().click()
    await expect.poll(() => notices.count()).toBe(0)
  })

  it('speaks Chinese when the system does, and English at a click', async () => {
    const page = await open({ language: 'zh-CN' })
    await page.getByRole('heading', { name: '想连接到哪里？' }).waitFor()
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('zh-CN')
    await page.getByRole('button', { name: 'English' }).click()
    await page.getByRole('heading', { name: 'Where would you like to go?' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Where would you like to go?' }).waitFor()
  })
})

/** Elements whose text is cut off although nothing says that it may be. */
async function clipped(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, label, h1, h2, h3, p, dt, dd, strong, small, .strip > span')]
      .filter((element) => element.getClientRects().length > 0 && !element.closest('.read-only-aloud, .xterm'))
      .filter((element) => {
        const box = element.getBoundingClientRect()
        const outside = box.right > innerWidth + 1 || box.left < -1
        return outside || (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflow !== 'hidden')
      })
      .map((element) => element.outerHTML.slice(0, 120)),
  )
}

describe.each(['dark', 'light'] as const)('in %s', (theme) => {
  describe.each(['en', 'zh-CN'] as const)('and %s', (language) => {
    it.each([
      [760, 480],
      [1280, 820],
    ])('everything is readable at %d x %d', async (width, height) => {
      const page = await open({ theme, language, size: { width, height } })
      await expectAccessible(page)
      expect(await clipped(page)).toEqual([])
      for (const [key, name] of [
        ['Control+Shift+A', /Add a host|添加主机/],
        ['Control+,', /Settings|设置/],
        ['Control+Shift+I', /Import|导入/],
      ] as const) {
        await page.keyboard.press(key)
        await page.getByRole('dialog', { name }).waitFor()
        await expectAccessible(page)
        expect(await clipped(page)).toEqual([])
        await page.keyboard.press('Escape')
        await expect.poll(() => page.getByRole('dialog').count()).toBe(0)
      }
    })

    it('every question is readable', async () => {
      const page = await open({ theme, language, query: { hosts: 'few', keyring: 'locked' }, size: { width: 760, height: 480 } })
      for (const host of ['unknown', 'cache-01', 'password', 'passphrase', 'interactive']) {
        await page.getByRole('treeitem', { name: new RegExp(`^${host}`) }).click()
        await page.getByRole(/unknown|cache/.test(host) ? 'alertdialog' : 'dialog').waitFor()
        await expectAccessible(page)
        expect(await clipped(page)).toEqual([])
        await page.keyboard.press('Escape')
        await expect.poll(() => page.getByRole('treeitem', { name: new RegExp(`^${host}`) }).count()).toBe(1)
      }
      await expectAccessible(page)
    })
  })
})

it('a font is one of those installed, or a name', async () => {
  const page = await open()
  await page.keyboard.press('Control+,')
  await settingsPage(page, 'Text and colours')
  await page.getByLabel('Font', { exact: true }).selectOption('Fira Code')
  await expect.poll(() => stored(page)).toMatchObject({ fontFamily: 'Fira Code' })
  await page.getByLabel('Font', { exact: true }).selectOption('Another font…')
  await page.getByLabel('Name of the font').fill('Sarasa Mono SC')
  await page.getByLabel('Name of the font').blur()
  await expectAccessible(page)
  await expect.poll(() => stored(page)).toMatchObject({ fontFamily: 'Sarasa Mono SC' })
  await page.getByLabel('Font', { exact: true }).selectOption('JetBrains Mono')
  await expect.poll(() => stored(page)).toMatchObject({ fontFamily: '' })
})
