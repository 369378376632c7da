/** The page of tunnels in Chromium over the fake engine. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { Problem, TunnelView } from '../../ui/src/ipc'
import { expectAccessible, useChromium, type PageOptions } from './chromium'
import { openHost, prompt } from './workspace-page'

const { open } = useChromium()

async function start(options: PageOptions = {}): Promise<Page> {
  const page = await open({ query: { hosts: 'few' }, ...options })
  await openHost(page, 'web-01')
  await prompt(page)
  return page
}

const form = (page: Page) => page.getByRole('form', { name: 'New tunnel' })
const row = (page: Page, name: string) => page.getByRole('listitem', { name, exact: true })

async function addForm(page: Page): Promise<void> {
  await page.keyboard.press('Control+Shift+Z')
  await page.getByRole('button', { name: 'Add a tunnel' }).click()
}

async function show(page: Page, ...given: Partial<TunnelView>[]): Promise<void> {
  await page.evaluate((given) => {
    const usual: TunnelView = {
      id: '1',
      hostId: 'web-01',
      name: '',
      kind: 'local',
      listen: '8080',
      target: 'localhost:80',
      starts: 'by-hand',
      saved: true,
      state: 'up',
      bound: ['127.0.0.1:8080', '[::1]:8080'],
      trouble: null,
      live: 3,
      total: 127,
      waiting: 0,
      failed: 0,
      sentBytes: 1_200_000,
      receivedBytes: 48_000_000,
      sentPerSecond: 12_000,
      receivedPerSecond: 2_400_000,
      heldBytes: 0,
    }
    window.bowline?.controls.tunnels.show(given.map((one, n) => ({ ...usual, id: String(n), ...one })))
  }, given)
}

const problem = (code: Problem['code'], params: Record<string, string>): Problem => ({
  code,
  message: code,
  action: 'fix',
  params,
})

describe('the page of tunnels', () => {
  it('adds a tunnel by keys alone, and says in place what is wrong with it', async () => {
    const page = await start()
    await addForm(page)
    await expect
      .poll(() =>
        form(page)
          .getByLabel('Kind')
          .evaluate((element) => element === document.activeElement),
      )
      .toBe(true)
    await page.keyboard.press('Tab')
    await page.keyboard.type('99x')
    await page.keyboard.press('Enter')
    await form(page).getByText('Write a port, such as 8080').waitFor()
    await form(page).getByText('This is needed.').waitFor()
    expect(await form(page).getByLabel('Port here').getAttribute('aria-invalid')).toBe('true')
    await expectAccessible(page)
    await form(page).getByLabel('Port here').fill('8080')
    await form(page).getByLabel('Target, as the host sees it').fill('localhost:3000')
    await form(page).getByLabel('Starts').selectOption('with-host')
    await form(page).getByRole('button', { name: 'Add and start' }).click()
    const added = row(page, '8080 → localhost:3000')
    await added.getByText('running').waitFor()
    await added.getByText('127.0.0.1:8080').waitFor()
    expect(await form(page).count()).toBe(0)
    await added.getByRole('button', { name: 'Open in browser' }).click()
    expect(await page.evaluate(() => window.bowline?.controls.opened)).toEqual(['http://127.0.0.1:8080/'])
    await added.getByRole('button', { name: 'Copy the address of' }).click()
    expect(await page.evaluate(() => window.bowline?.controls.clipboard())).toBe('127.0.0.1:8080')
    await added.getByRole('button', { name: 'Stop' }).click()
    await added.getByText('stopped').waitFor()
    await added.getByRole('button', { name: 'Edit' }).click()
    await page.getByRole('form', { name: 'Edit the tunnel' }).getByLabel('Name').fill('Shop')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await row(page, 'Shop').getByText('8080 → localhost:3000').waitFor()
    await row(page, 'Shop').getByRole('button', { name: 'Remove' }).click()
    await page.getByText('web-01 has no tunnels.').waitFor()
    await page.getByText('Shop was removed.').waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await row(page, 'Shop').getByText('stopped').waitFor()
    expect(await page.evaluate(() => window.bowline?.controls.tunnels.view().tunnels)).toMatchObject([
      { name: 'Shop', listen: '8080', target: 'localhost:3000', starts: 'with-host', saved: true },
    ])
  })

  it('keeps the keyboard in the list, whatever a key of it does', async () => {
    const page = await start()
    const focused = () =>
      page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent)
    await addForm(page)
    for (const port of ['8080', '8081']) {
      if (port === '8081') await page.getByRole('button', { name: 'Add a tunnel' }).press('Enter')
      await form(page).getByLabel('Port here').fill(port)
      await form(page).getByLabel('Target, as the host sees it').fill('localhost:3000')
      await form(page).getByRole('button', { name: 'Add and start' }).press('Enter')
      await expect.poll(focused).toBe(`Stop ${port} → localhost:3000`)
    }
    await page.keyboard.press('Enter')
    await expect.poll(focused).toBe('Start 8081 → localhost:3000')
    await page.keyboard.press('Enter')
    await expect.poll(focused).toBe('Stop 8081 → localhost:3000')
    await row(page, '8080 → localhost:3000').getByRole('button', { name: 'Edit' }).press('Enter')
    await page.getByRole('button', { name: 'Save', exact: true }).press('Enter')
    await expect.poll(focused).toBe('Stop 8080 → localhost:3000')
    await row(page, '8080 → localhost:3000').getByRole('button', { name: 'Edit' }).press('Enter')
    await page.getByRole('form').getByRole('button', { name: 'Cancel' }).click()
    await expect.poll(focused).toBe('Stop 8080 → localhost:3000')
    await page.getByRole('button', { name: 'Add a tunnel' }).press('Enter')
    await page.getByRole('form').getByRole('button', { name: 'Cancel' }).click()
    await expect.poll(focused).toBe('Add a tunnel')
    await row(page, '8080 → localhost:3000').getByRole('button', { name: 'Remove' }).press('Enter')
    await expect.poll(focused).toBe('Stop 8081 → localhost:3000')
    await row(page, '8081 → localhost:3000').getByRole('button', { name: 'Remove' }).press('Enter')
    await expect.poll(focused).toBe('Add a tunnel')
  })

  it('says at the tunnel why it did not start', async () => {
    const page = await start()
    await addForm(page)
    await form(page).getByLabel('Port here').fill('9999')
    await form(page).getByLabel('Target, as the host sees it').fill('localhost:80')
    await form(page).getByRole('button', { name: 'Add and start' }).click()
    const failed = row(page, '9999 → localhost:80')
    await failed.getByText('9999 is in use: another program listens there already.').waitFor()
    await failed.getByRole('button', { name: 'Start' }).waitFor()
    await expectAccessible(page)
  })

  for (const [theme, language] of [
    ['dark', 'en'],
    ['light', 'en'],
    ['light', 'zh-CN'],
  ] as const) {
    it(`shows how tunnels are doing (${theme}, ${language})`, async () => {
      const page = await start({ theme, language })
      await page.keyboard.press('Control+Shift+Z')
      const trouble = {
        problem: problem('tunnel-target-failed', { address: '10.0.0.7', target: 'db:5432', cause: 'connect failed' }),
        atMs: 1_795_250_000_000,
      }
      await show(
        page,
        {},
        { name: 'Database', listen: '5432', target: 'db:5432', bound: ['127.0.0.1:5432'], trouble, failed: 2, live: 0 },
        {
          kind: 'dynamic',
          listen: '1080',
          target: '',
          bound: ['127.0.0.1:1080'],
          state: 'waiting',
          waiting: 2,
          heldBytes: 42_000_000,
        },
        { kind: 'remote', listen: '9000', target: 'localhost:3000', state: 'stopped', bound: [] },
        { hostId: 'db-primary', listen: '15432', target: '/run/postgresql/.s.PGSQL.5432', bound: ['127.0.0.1:15432'] },
      )
      await page.getByText('127.0.0.1:8080, [::1]:8080').waitFor()
      await expectAccessible(page)
      if (process.env['BOWLINE_PICTURES'])
        await page.screenshot({ path: `target/screenshots/tunnels-ui-${theme}-${language}.png` })
      if (language !== 'en') return
      const first = row(page, '8080 → localhost:80')
      await first.getByText('3 connections · 127 in all').waitFor()
      await first.getByText('48 MB, 2.4 MB/s').waitFor()
      await row(page, 'Database').getByText('could not connect to db:5432').waitFor()
      await row(page, '1080 → SOCKS').getByText('2 wait for the host').waitFor()
      await page.getByRole('region', { name: 'Of other hosts' }).getByText('db-primary').waitFor()
    })
  }

  it.each([280, 340, 400])('keeps long ends and names within a drawer of %i pixels', async (drawerWidth) => {
    const page = await start({ settings: { drawerWidth } })
    await page.keyboard.press('Control+Shift+Z')
    const listen = '/tmp/user/ada/with/a/long/way/to/v6/l.sock'
    await show(
      page,
      { listen, target: 'localhost:46465', bound: [listen] },
      { name: 'the-database-of-the-shop-behind-the-second-jump-host', listen: '5432', target: 'db.example.internal:5432' },
    )
    const first = row(page, `${listen} → localhost:46465`)
    await first.waitFor()
    const panel = await page.locator('.tunnels').boundingBox()
    for (const button of await page.locator('.tunnel').getByRole('button').all()) {
      const box = await button.boundingBox()
      expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual((panel?.x ?? 0) + (panel?.width ?? 0))
    }
    const cross = await page.getByRole('complementary').getByRole('button', { name: 'Close' }).first().boundingBox()
    expect((cross?.x ?? 0) + (cross?.width ?? 0)).toBeLessThanOrEqual((panel?.x ?? 0) + (panel?.width ?? 0))
    const name = first.locator('.name')
    expect(await name.evaluate((one) => one.scrollWidth - one.clientWidth)).toBe(0)
    if (process.env['BOWLINE_PICTURES']) await page.screenshot({ path: `target/screenshots/tunnels-long-${drawerWidth}.png` })
  })

  it('offers what ssh_config forwards', async () => {
    const page = await start()
    await page.evaluate(() => {
      const controls = window.bowline?.controls
      if (controls) controls.tunnels.offers = [{ name: '', kind: 'dynamic', listen: '1080', target: '', starts: 'by-hand' }]
    })
    await page.keyboard.press('Control+Shift+Z')
    const offers = page.getByRole('region', { name: 'In ssh_config' })
    await offers.getByRole('button', { name: 'Start 1080 → SOCKS' }).click()
    await row(page, '1080 → SOCKS').getByText('running').waitFor()
    expect(await offers.count()).toBe(0)
  })

  it('stands in the form of a host, and is saved with it', async () => {
    const page = await start()
    await page.getByRole('treeitem', { name: /web-01/ }).click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Edit' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Tunnels', { exact: true }).click()
    await dialog.getByRole('button', { name: 'Add a tunnel' }).click()
    await dialog.getByLabel('Port here').fill('8080')
    await dialog.getByLabel('Target, as the host sees it').fill('localhost:80')
    await page.keyboard.press('Enter')
    await dialog.getByText('8080 → localhost:80').waitFor()
    await expectAccessible(page)
    await dialog.getByRole('button', { name: 'Save', exact: true }).click()
    await expect.poll(() => dialog.count()).toBe(0)
    const saved = await page.evaluate(() => window.bowline?.controls.hosts().find(({ id }) => id === 'web-01')?.options?.tunnels)
    expect(saved).toMatchObject([{ kind: 'local', listen: '8080', target: 'localhost:80' }])
  })
})
