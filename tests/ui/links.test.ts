/** Links and `bowline open` in Chromium over the fake engine. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible, useChromium } from './chromium'

const { open } = useChromium()
const few = { query: { hosts: 'few' } }

const link = (page: Page, user: string, address: string, hosts: string[]) =>
  page.evaluate(
    ([user, address, hosts]) =>
      window.bowline?.controls.links.ask({
        kind: 'link',
        text: `ssh://${user}@${address}`,
        link: { address, port: null, user },
        hosts,
      }),
    [user, address, hosts] as const,
  )
const asked = (page: Page) => page.getByRole('dialog', { name: 'A link asks for a host' })
const form = (page: Page) => page.getByRole('dialog', { name: 'Add a host' })
const idOf = (page: Page, name: string) =>
  page.evaluate((name) => window.bowline?.controls.hosts().find((host) => host.label === name)?.id ?? '', name)

describe('a link', () => {
  it.each(['dark', 'light'] as const)('that can mean a saved host asks first, %s', async (theme) => {
    const page = await open({ ...few, theme })
    await link(page, 'ada', 'web-01', [await idOf(page, 'web-01')])
    await asked(page).getByText('ssh://ada@web-01').waitFor()
    await expectAccessible(page)
    // What has the focus is the way out.
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Cancel')
    await page.keyboard.press('Enter')
    await asked(page).waitFor({ state: 'detached' })
    expect(await page.getByRole('tab').count()).toBe(0)
    await link(page, 'ada', 'web-01', [await idOf(page, 'web-01')])
    await asked(page).getByRole('button', { name: 'Open web-01' }).click()
    await expect.poll(() => page.getByRole('tab').count()).toBe(1)
  })

  it('leads to the form of a new host with what it says, as text', async () => {
    const page = await open(few)
    await link(page, 'eve', '<b>x</b>', [])
    await form(page).getByText('Filled in from ssh://eve@<b>x</b>.').waitFor()
    expect(await form(page).getByLabel('Address', { exact: true }).inputValue()).toBe('<b>x</b>')
    expect(await form(page).getByLabel('User', { exact: true }).inputValue()).toBe('eve')
    await expectAccessible(page)
    await page.keyboard.press('Escape')
    await form(page).waitFor({ state: 'detached' })
    await link(page, 'ada', 'web-01', [await idOf(page, 'web-01')])
    await asked(page).getByRole('button', { name: 'Add as a new host' }).click()
    expect(await form(page).getByLabel('Address', { exact: true }).inputValue()).toBe('web-01')
  })

  it('waits while something else is typed', async () => {
    const page = await open(few)
    await page.getByRole('navigation').getByRole('button', { name: 'Add a host' }).click()
    await form(page).getByLabel('Address', { exact: true }).fill('typed')
    await link(page, 'ada', 'web-01', [await idOf(page, 'web-01')])
    await page.getByText('A link waits until this dialog is closed.').waitFor()
    expect(await form(page).getByLabel('Address', { exact: true }).inputValue()).toBe('typed')
    await form(page).getByRole('button', { name: 'Cancel' }).click()
    await asked(page).waitFor()
  })

  it('that makes no sense is told of, and nothing else happens', async () => {
    const page = await open(few)
    await page.evaluate(() =>
      window.bowline?.controls.links.ask({
        kind: 'refused',
        problem: {
          code: 'ssh-link-refused',
          action: 'fix',
          message: 'no',
          params: { link: 'ssh://…', reason: 'password' },
        },
      }),
    )
    await page.getByText('A link was not opened: it holds a password.').waitFor()
    expect(await page.getByRole('dialog').count()).toBe(0)
  })
})

it('bowline open opens a tab at once', async () => {
  const page = await open(few)
  const host = await idOf(page, 'web-01')
  await page.evaluate((host) => window.bowline?.controls.links.ask({ kind: 'host', host }), host)
  await expect.poll(() => page.getByRole('tab').count()).toBe(1)
})
