/** Tabs that outlive their browser's terminals, and what was open last, in Chromium over the fake engine. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium } from './chromium'
import { openHost, prompt, run, screen } from './workspace-page'

const { open } = useChromium()

const tabs = (page: Page) => page.getByRole('tab')
const offer = (page: Page) => page.getByRole('complementary', { name: 'The last workspace' })

describe('tabs that nobody looks at', () => {
  it('give their browser terminal back, and show all of it again when they are looked at', async () => {
    const page = await open({ query: { hosts: 'few' } })
    for (let n = 0; n < 10; n++) {
      await openHost(page, 'web-01')
      await prompt(page)
      if (n === 0) await run(page, 'echo said by the first')
    }
    await expect.poll(() => page.evaluate(() => window.bowline?.controls.attached())).toBe(7)
    await page.keyboard.press('Alt+1')
    await expect.poll(() => screen(page)).toMatch(/^said by the first$/m)
    await run(page, 'echo and it goes on')
    await expect.poll(() => screen(page)).toMatch(/^and it goes on$/m)
  })

  it('still say what their program calls itself, that the bell rang, and that the shell has ended', async () => {
    const page = await open({ query: { hosts: 'few' } })
    for (let n = 0; n < 10; n++) {
      await openHost(page, 'web-01')
      await prompt(page)
    }
    const type = (line: string) =>
      page.evaluate((text) => window.bowlineShells?.[0]?.write(new TextEncoder().encode(`${text}\r`)), line)
    await type('title a long build')
    await expect.poll(() => tabs(page).first().getAttribute('aria-label')).toBe('web-01 a long build')
    await type('bell')
    await tabs(page).first().locator('.bell').waitFor()
    await type('exit 3')
    await page.keyboard.press('Alt+1')
    await page.getByText('ended with status 3').waitFor()
    await expect.poll(() => screen(page)).toContain('exit 3')
    await page.keyboard.press('Enter')
    await prompt(page)
    await expect.poll(() => screen(page)).toContain('exit 3')
  })
})

it('has one tab for a terminal that is opened while the engine says what runs', async () => {
  const page = await open({ query: { hosts: 'none', busy: '400' } })
  await page.getByRole('button', { name: 'Try the built-in host' }).click()
  await prompt(page)
  await page.waitForTimeout(1500)
  expect(await tabs(page).count()).toBe(1)
  await expect.poll(() => screen(page)).toMatch(/[$#] ?$/m)
})

describe('what was open last', () => {
  it('is offered, and brought back in its tabs with their names and above what is new', async () => {
    const page = await open({ query: { hosts: 'few', last: 'some' } })
    await offer(page).getByText('5 terminals were open').waitFor()
    await offer(page).getByRole('button', { name: 'Bring them back' }).click()
    await expect.poll(() => tabs(page).count()).toBe(5)
    await expect.poll(() => tabs(page).nth(1).getAttribute('aria-label')).toContain('logs')
    await page.keyboard.press('Alt+1')
    await expect.poll(() => screen(page)).toMatch(/all done\n──── ↻ 2026-11-21 15:04 ────\n.*\$$/m)
    expect(await offer(page).count()).toBe(0)
    await page.getByText('What one terminal showed could not be read.').waitFor()
    await expect
      .poll(() => page.evaluate(() => window.bowline?.controls.workspace()?.tabs.map(({ name }) => name)))
      .toEqual([null, 'logs', null, null, null])
  })

  it('can be left for later, and the palette has it still', async () => {
    const page = await open({ query: { hosts: 'few', last: 'some' } })
    await offer(page).getByRole('button', { name: 'Not now' }).click()
    await offer(page).waitFor({ state: 'detached' })
    await openHost(page, 'web-02')
    await prompt(page)
    await page.keyboard.press('Control+Shift+Alt+W')
    await expect.poll(() => tabs(page).count()).toBe(6)
  })

  it('stays to be brought back when the keyring is locked, and comes back when it is not any more', async () => {
    const page = await open({ query: { hosts: 'few', last: 'some', keyring: 'locked' }, settings: { restore: 'always' } })
    await page.getByText('4 terminals are not back; what they showed is still kept.').waitFor()
    await expect.poll(() => tabs(page).count()).toBe(1)
    await page.keyboard.press('Control+Shift+Alt+W')
    await expect.poll(() => page.getByText('4 terminals are not back').count()).toBe(2)
    expect(await tabs(page).count()).toBe(1)
    await page.evaluate(() => window.bowline?.controls.setKeyring({ state: 'ready' }))
    await page.getByRole('button', { name: 'Try again' }).last().click()
    await expect.poll(() => tabs(page).count()).toBe(5)
    await expect.poll(() => tabs(page).nth(2).getAttribute('aria-label')).toContain('logs')
    const isForgotten = () =>
      page.evaluate(async () => (await window.bowline?.call('workspace', { window: 'main' }))?.last === null)
    await expect.poll(isForgotten).toBe(true)
  })

  it('comes back by itself or not at all, as it is set', async () => {
    const always = await open({ query: { hosts: 'few', last: 'some' }, settings: { restore: 'always' } })
    await expect.poll(() => tabs(always).count()).toBe(5)
    const never = await open({ query: { hosts: 'few', last: 'some' }, settings: { restore: 'never' } })
    await never.getByText('No terminal is open').waitFor()
    expect(await offer(never).count()).toBe(0)
  })

  it('holds up neither the menu nor the triggers while the keyring waits for the person', async () => {
    const highlights = [{ id: 'mine', name: 'Mine', pattern: 'needle', mark: true, on: true }]
    const settings = { restore: 'always', highlights }
    const page = await open({ query: { hosts: 'few', last: 'some', keyring: 'asks' }, settings })
    await expect.poll(() => page.evaluate(() => window.bowline?.controls.triggers().length)).toBe(1)
    await page.evaluate(() => window.bowline?.controls.menu('settings.open'))
    await page.getByRole('dialog', { name: 'Settings' }).waitFor()
    await page.keyboard.press('Escape')
    await page.evaluate(() => window.bowline?.controls.unlock())
    await expect.poll(() => tabs(page).count()).toBe(5)
  })

  it('leaves a tab that is opened while the rest waits for the keyring where it is, with the keyboard', async () => {
    const page = await open({ query: { hosts: 'few', last: 'some', keyring: 'asks' } })
    await offer(page).getByRole('button', { name: 'Bring them back' }).click()
    await openHost(page, 'web-02')
    await prompt(page)
    await run(page, 'echo said meanwhile')
    await expect.poll(() => screen(page)).toMatch(/^said meanwhile$/m)
    await page.evaluate(() => window.bowline?.controls.unlock())
    await expect.poll(() => tabs(page).count()).toBe(6)
    await expect.poll(() => screen(page)).toMatch(/^said meanwhile$/m)
    await run(page, 'echo and it goes on')
    await expect.poll(() => screen(page)).toMatch(/^and it goes on$/m)
  })

  it.each([
    ['dark', 'en'],
    ['light', 'zh-CN'],
  ] as const)('is offered to everyone (%s, %s)', async (theme, language) => {
    const page = await open({ query: { hosts: 'few', last: 'some' }, theme, language, size: { width: 760, height: 480 } })
    await page.getByRole('complementary').filter({ hasText: 'Bowline' }).waitFor()
    await expectAccessible(page)
  })
})
