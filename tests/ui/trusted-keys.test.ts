/** The page of trusted host keys: found, searched, removed with a question, brought back. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium, type PageOptions } from './chromium'

const { open } = useChromium()

const dialog = (page: Page) => page.getByRole('dialog', { name: /Trusted host keys|可信主机密钥/ })
const rows = (page: Page) => dialog(page).getByRole('listitem')
const names = (page: Page) => rows(page).evaluateAll((items) => items.map((item) => item.getAttribute('aria-label')))
const button = (page: Page, name: string) => dialog(page).getByRole('button', { name, exact: true })
const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent?.trim())

async function opened(options: PageOptions = {}, title = 'Trusted host keys'): Promise<Page> {
  const page = await open(options)
  await page.keyboard.press('Control+Shift+P')
  await page.keyboard.type(title)
  await page.keyboard.press('Enter')
  await dialog(page).waitFor()
  await expect.poll(() => rows(page).count()).toBe(5)
  return page
}

describe('the page of trusted host keys', () => {
  it('finds what is typed, hashed names too when they are whole', async () => {
    const page = await opened()
    const search = dialog(page).getByRole('searchbox', { name: 'Find a trusted key' })
    await expect.poll(() => search.evaluate((field) => field === document.activeElement)).toBe(true)
    await search.fill('web-01')
    await expect.poll(() => names(page)).toEqual(['web-01.example.net, 192.0.2.10'])
    await search.fill('secret.example.net')
    await expect.poll(() => names(page)).toEqual(['Hashed name in line 2'])
    await search.fill('nowhere')
    await dialog(page).getByText('No key matches “nowhere”.').waitFor()
    await expectAccessible(page)
  })

  it('removes a key only after a question, and brings it back', async () => {
    const page = await opened()
    const remove = button(page, 'Remove the key of Hashed name in line 2')
    await remove.focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => focused(page)).toBe('Keep it')
    await expectAccessible(page)
    // Escape takes back the question and not the dialog.
    await page.keyboard.press('Escape')
    await expect.poll(() => focused(page)).toBe('Remove')
    expect(await rows(page).count()).toBe(5)
    await page.keyboard.press('Enter')
    await expect.poll(() => focused(page)).toBe('Keep it')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await expect.poll(() => rows(page).count()).toBe(4)
    await dialog(page).getByText('The key of Hashed name in line 2 was removed.').waitFor()
    await expect.poll(() => focused(page)).toBe('Undo')
    await expectAccessible(page)
    await page.keyboard.press('Enter')
    await expect.poll(() => rows(page).count()).toBe(5)
    await page.keyboard.press('Escape')
    await expect.poll(() => dialog(page).count()).toBe(0)
  })

  it('says so when the line has another key meanwhile, and shows the list anew', async () => {
    const page = await opened()
    await button(page, 'Remove the key of web-01.example.net, 192.0.2.10').click()
    await page.evaluate(() => window.bowline?.controls.editKnownHosts())
    await button(page, 'Remove the key').click()
    await dialog(page)
      .getByRole('alert')
      .getByText(/has another key meanwhile/)
      .waitFor()
    expect(await rows(page).count()).toBe(5)
    await dialog(page)
      .getByText(/SHA256:z+/)
      .first()
      .waitFor()
  })

  it('offers no removal of what belongs to the system', async () => {
    const page = await opened()
    const row = rows(page).filter({ hasText: '[git.example.org]:2222' })
    await row.getByText('belongs to the system').waitFor()
    expect(await row.getByRole('button').count()).toBe(0)
  })

  it.each([
    ['dark', 'en'],
    ['light', 'en'],
    ['dark', 'zh-CN'],
    ['light', 'zh-CN'],
  ] as const)('is readable in %s and %s in a small window', async (theme, language) => {
    const title = language === 'en' ? 'Trusted host keys' : '可信主机密钥'
    const page = await opened({ theme, language, size: { width: 760, height: 480 } }, title)
    await rows(page)
      .first()
      .getByRole('button', { name: /Remove|移除/ })
      .click()
    await expectAccessible(page)
    const wide = await dialog(page).evaluate((element) =>
      [...element.querySelectorAll<HTMLElement>('*')].some(
        (one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0 && getComputedStyle(one).display !== 'inline',
      ),
    )
    expect(wide).toBe(false)
  })
})
