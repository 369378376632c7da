/** Texts that were changed and never saved: kept while one types, and offered when the file is opened next. */
import type { Locator, Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { expectAccessible, useChromium } from './chromium'
import { openHost, prompt } from './workspace-page'

const { open } = useChromium()
const CONF = '/home/ada/nginx.conf'

async function openPanel(): Promise<Page> {
  const page = await open({ query: { hosts: 'few' } })
  await openHost(page, 'web-01')
  await prompt(page)
  await page.keyboard.press('Control+Shift+Alt+F')
  await expect.poll(() => page.locator('.files [role="grid"]').getAttribute('aria-rowcount')).toBe('14')
  return page
}

async function edit(page: Page): Promise<Locator> {
  await page.locator('.files [role="row"]', { hasText: 'nginx.conf' }).click()
  await page.keyboard.press('F4')
  const field = page.getByRole('textbox', { name: 'Text of nginx.conf', exact: true })
  await field.waitFor()
  return field
}

const kept = (page: Page) => page.evaluate((path) => window.bowline?.controls.drafts.get(path)?.text ?? null, CONF)
const leave = (page: Page, isOutdated: boolean) =>
  page.evaluate(
    ([path, outdated]) =>
      window.bowline?.controls.drafts.set(path, {
        text: 'from a draft\n',
        encoding: 'utf8',
        lineEnds: 'lf',
        keptMs: Date.now() - 3_600_000,
        isOutdated: outdated,
      }),
    [CONF, isOutdated] as const,
  )
const offer = (page: Page) => page.getByRole('group', { name: 'A draft of nginx.conf' })

it('keeps what is typed, and drops it once it is saved or taken back', async () => {
  const page = await openPanel()
  await edit(page)
  await page.keyboard.type('x')
  await expect.poll(() => kept(page)).toMatch(/^xserver/)
  await page.keyboard.press('Backspace')
  await expect.poll(() => kept(page)).toBe(null)
  await page.keyboard.type('y')
  await expect.poll(() => kept(page)).toMatch(/^yserver/)
  await page.keyboard.press('Control+s')
  await expect.poll(() => kept(page)).toBe(null)
  await page.keyboard.type('z')
  await expect.poll(() => kept(page)).toMatch(/^yzserver/)
  await page.keyboard.press('Control+Shift+W')
  await page.getByRole('button', { name: 'Close without saving' }).click()
  await expect.poll(() => kept(page)).toBe(null)
})

it.each(['dark', 'light'] as const)('offers a draft, which is used and saved, %s', async (theme) => {
  const page = await openPanel()
  await page.evaluate((wanted) => (document.documentElement.dataset['theme'] = wanted), theme)
  await leave(page, false)
  const field = await edit(page)
  await offer(page).getByText('that was never saved.').waitFor()
  await expectAccessible(page)
  // Until a person has decided, what is typed does not take its place.
  await page.keyboard.type('typed ')
  await page.waitForTimeout(1500)
  expect(await kept(page)).toBe('from a draft\n')
  await offer(page).getByRole('button', { name: 'Use the draft' }).click()
  await expect.poll(() => field.textContent()).toContain('from a draft')
  expect(await offer(page).count()).toBe(0)
  await page.getByRole('tab', { name: /nginx.conf.*not saved/ }).waitFor()
  await page.keyboard.press('Control+s')
  await expect.poll(() => kept(page)).toBe(null)
})

it('puts a draft of an older file beside what is on the host', async () => {
  const page = await openPanel()
  await leave(page, true)
  await edit(page)
  await offer(page).getByText('The file on the host has changed since.').waitFor()
  await offer(page).getByRole('button', { name: 'Use it, and compare' }).click()
  await page.getByText('Left: on the server.').waitFor()
})

it('forgets a draft that nobody wants, and keeps one that nobody has decided about', async () => {
  const page = await openPanel()
  await leave(page, false)
  await edit(page)
  await offer(page).waitFor()
  await page.keyboard.press('Control+Shift+W')
  await expect.poll(() => page.locator('.edit').count()).toBe(0)
  expect(await kept(page)).toBe('from a draft\n')
  await edit(page)
  await offer(page).getByRole('button', { name: 'Discard the draft' }).click()
  await expect.poll(() => kept(page)).toBe(null)
  expect(await offer(page).count()).toBe(0)
})

it('finds by the palette a draft of a file that was deleted, and makes the file anew', async () => {
  const page = await openPanel()
  const gone = '/home/ada/gone.conf'
  await page.evaluate(
    (path) =>
      window.bowline?.controls.drafts.set(path, {
        text: 'of a file that is gone\n',
        encoding: 'utf8',
        lineEnds: 'lf',
        keptMs: Date.now() - 3_600_000,
        isOutdated: false,
      }),
    gone,
  )
  const draft = page.getByRole('option', { name: 'Draft that was never saved: gone.conf' })
  const inPalette = async () => {
    await page.keyboard.press('Control+Shift+P')
    await page.getByRole('combobox').fill('gone.conf')
    return draft.count()
  }
  // The window asks at its start, and whenever a text is closed.
  await edit(page)
  await page.keyboard.press('Control+Shift+W')
  await expect.poll(() => page.locator('.edit').count()).toBe(0)
  expect(await inPalette()).toBe(1)
  await page.keyboard.press('Enter')
  const bar = page.getByRole('group', { name: 'A draft of gone.conf' })
  await bar.getByText('gone.conf is not on the host any more.').waitFor()
  await expectAccessible(page)
  await bar.getByRole('button', { name: 'Use the draft' }).click()
  await page.getByRole('tab', { name: /gone.conf.*not saved/ }).waitFor()
  expect(await inPalette()).toBe(0)
  await page.keyboard.press('Escape')
  await page.getByRole('textbox', { name: 'Text of gone.conf', exact: true }).focus()
  await page.keyboard.press('Control+s')
  await expect.poll(() => page.evaluate((path) => window.bowline?.controls.drafts.has(path), gone)).toBe(false)
})

it('closes a file that is gone when nobody wants its draft', async () => {
  const page = await openPanel()
  await leave(page, false)
  await page.evaluate(() => {
    const drafts = window.bowline?.controls.drafts
    const draft = drafts?.get('/home/ada/nginx.conf')
    if (draft) drafts?.set('/home/ada/gone.conf', draft)
    drafts?.delete('/home/ada/nginx.conf')
  })
  await edit(page)
  await page.keyboard.press('Control+Shift+W')
  await expect.poll(() => page.locator('.edit').count()).toBe(0)
  await page.keyboard.press('Control+Shift+P')
  await page.getByRole('combobox').fill('gone.conf')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Discard the draft' }).click()
  await expect.poll(() => page.locator('.edit').count()).toBe(0)
  await expect.poll(() => page.evaluate(() => window.bowline?.controls.drafts.size)).toBe(0)
})
