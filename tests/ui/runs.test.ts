/** Commands on many hosts, in Chromium over the fake engine. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { RunHost, RunState, RunView } from '../../ui/src/ipc'
import { expectAccessible, useChromium, type PageOptions } from './chromium'

const { open } = useChromium()

async function start(options: PageOptions = {}): Promise<Page> {
  const page = await open({ query: { hosts: 'few' }, ...options })
  await page.keyboard.press('Control+Shift+F8')
  await page.locator('.run-page textarea').first().waitFor()
  return page
}

const hostBox = (page: Page, name: string) => page.locator('.run-hosts').getByLabel(name, { exact: true })
const results = (page: Page) => page.getByRole('region', { name: 'Results' })
const row = (page: Page, name: RegExp) => results(page).getByRole('option', { name })
const asked = (page: Page) => page.evaluate(() => window.bowline?.controls.runs.asked)

async function show(page: Page, hosts: Partial<RunHost>[], run: Partial<RunView> = {}): Promise<void> {
  await page.evaluate(
    ([hosts, run]) => {
      const usual = { beganAt: 1_795_250_000_000, tookMs: 1200, stdoutBytes: 12, stderrBytes: 0, group: null, filesProblem: null }
      const state: RunState = { state: 'exited', status: 0 }
      const view: RunView = {
        id: 'shown',
        command: 'systemctl is-active nginx',
        beganAt: 1_795_250_000_000,
        running: false,
        stopped: false,
        folder: null,
        hosts: hosts.map((host, n) => ({ ...usual, state, hostId: `h${n}`, name: `h${n}`, ...host })),
        ...run,
      }
      window.bowline?.controls.runs.show([view])
    },
    [hosts, run] as const,
  )
}

describe('the tab for commands on hosts', () => {
  it('runs nothing before it is told to, and says where it would', async () => {
    const page = await start()
    await page.getByText('Nothing has been run yet.').waitFor()
    const button = page.getByRole('button', { name: 'Run', exact: true })
    expect(await button.isDisabled()).toBe(true)
    await hostBox(page, 'web-01').check()
    await hostBox(page, 'db-primary').check()
    await page.getByText('2 hosts chosen').waitFor()
    await page.getByLabel('Command', { exact: true }).fill('exit 3')
    expect(await asked(page)).toEqual([])
    await page.getByRole('button', { name: 'Run on 2 hosts' }).waitFor()
    await expectAccessible(page)
    await page.getByLabel('Command', { exact: true }).press('Control+Enter')
    await row(page, /web-01.*exit 3/).waitFor()
    expect(await asked(page)).toMatchObject([{ command: 'exit 3', atOnce: 16, timeoutSeconds: 0, input: { kind: 'none' } }])
    await results(page).getByText('All 2 done, 2 not well').waitFor()
    await page.getByRole('button', { name: 'Run again on failed (2)' }).click()
    await expect.poll(async () => (await asked(page))?.length).toBe(2)
    await expectAccessible(page)
  })

  it('checks all hosts of a group, and filters', async () => {
    const page = await start()
    const group = page
      .locator('.run-hosts')
      .getByRole('checkbox', { name: /^All of / })
      .last()
    const name = ((await group.getAttribute('aria-label')) ?? '').replace('All of ', '')
    await group.check()
    const members = page.locator('.run-hosts fieldset').filter({ hasText: name }).last().getByRole('checkbox')
    for (const member of await members.all()) expect(await member.isChecked()).toBe(true)
    await page.getByRole('searchbox', { name: 'Filter hosts' }).fill('web-01')
    await expect.poll(() => page.locator('.run-hosts label.row:not(.head)').count()).toBe(1)
    await page.getByRole('searchbox', { name: 'Filter hosts' }).fill('nowhere')
    await page.getByText('No host matches “nowhere”.').waitFor()
  })

  it('stops what runs, and only that', async () => {
    const page = await start()
    await hostBox(page, 'web-01').check()
    await page.getByLabel('Command', { exact: true }).fill('sleep 100')
    const stop = page.getByRole('button', { name: 'Stop', exact: true })
    expect(await stop.isDisabled()).toBe(true)
    await page.getByRole('button', { name: 'Run on one host' }).click()
    await row(page, /web-01.*running/).waitFor()
    await stop.click()
    await row(page, /web-01.*stopped/).waitFor()
    expect(await stop.isDisabled()).toBe(true)
  })

  it('asks before the tab is closed while a command runs, which may go on', async () => {
    const page = await start()
    await hostBox(page, 'web-01').check()
    await page.getByLabel('Command', { exact: true }).fill('sleep 100')
    await page.keyboard.press('Control+Enter')
    await row(page, /web-01.*running/).waitFor()
    await page.keyboard.press('Control+Shift+W')
    await page.getByText('A command still runs.').waitFor()
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Keep it open' }).click()
    await page.keyboard.press('Control+Shift+W')
    await page.getByRole('button', { name: 'Close, and let it run' }).click()
    await expect.poll(() => page.locator('.run-page').count()).toBe(0)
    await page.keyboard.press('Control+Shift+F8')
    await row(page, /web-01.*running/).waitFor()
    await page.keyboard.press('Control+Shift+W')
    await page.getByRole('button', { name: 'Stop and close' }).click()
    await expect.poll(() => page.locator('.run-page').count()).toBe(0)
    await page.keyboard.press('Control+Shift+F8')
    await row(page, /web-01.*stopped/).waitFor()
    await page.keyboard.press('Control+Shift+W')
    await expect.poll(() => page.locator('.run-page').count()).toBe(0)
  })

  it('is run from wherever the keyboard is on the page, which keeps it', async () => {
    const page = await start()
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '')
    await page.getByLabel('Command', { exact: true }).fill('sleep 100')
    await hostBox(page, 'web-01').check()
    const button = page.getByRole('button', { name: 'Run on one host' })
    await button.press('Enter')
    await row(page, /web-01.*running/).waitFor()
    expect(await focused()).toBe('Run on one host')
    const stop = page.getByRole('button', { name: 'Stop', exact: true })
    await stop.press('Enter')
    await row(page, /web-01.*stopped/).waitFor()
    await expect.poll(focused).toBe('Run on one host')
    await hostBox(page, 'web-01').press('Control+Enter')
    await expect.poll(async () => (await asked(page))?.length).toBe(2)
    await results(page).getByLabel('Group equal results').check()
    await stop.click()
    await page.getByRole('button', { name: 'Run again on failed (1)' }).press('Enter')
    await expect.poll(async () => (await asked(page))?.length).toBe(3)
    const isList = () => page.evaluate(() => document.activeElement?.getAttribute('role') ?? '')
    await expect.poll(isList).toBe('listbox')
    expect(await results(page).getByLabel('Group equal results').isChecked()).toBe(true)
    await page.keyboard.press('Control+Enter')
    await expect.poll(async () => (await asked(page))?.length).toBe(4)
    await stop.click()
    await results(page).getByRole('button', { name: 'Remove', exact: true }).press('Enter')
    await expect.poll(isList).toBe('listbox')
  })

  it('keeps a third of a small window for the results, with the options open', async () => {
    const page = await start({ size: { width: 900, height: 600 } })
    await page.getByText('Options', { exact: true }).click()
    await show(
      page,
      Array.from({ length: 30 }, (_, n) => ({ group: n })),
    )
    await row(page, /h0/).waitFor()
    const [both, work] = await Promise.all(['.run-page .both', '.run-page .work'].map((one) => page.locator(one).boundingBox()))
    const top = Math.max(both?.y ?? 0, work?.y ?? 0)
    const bottom = Math.min((both?.y ?? 0) + (both?.height ?? 0), (work?.y ?? 0) + (work?.height ?? 0))
    if (process.env['BOWLINE_PICTURES']) await page.screenshot({ path: `target/screenshots/runs-small.png` })
    const option = await page.getByLabel('Keep running when I leave').boundingBox()
    const form = await page.locator('.run-form').boundingBox()
    expect((option?.y ?? 0) + (option?.height ?? 0)).toBeLessThanOrEqual((form?.y ?? 0) + (form?.height ?? 0))
    expect(bottom - top).toBeGreaterThanOrEqual((work?.height ?? 0) / 3 - 1)
  })

  it('follows what was left running on hosts that are connected, also that which is not looked at', async () => {
    const page = await start()
    const left = page.getByRole('region', { name: 'Left running' })
    await page.getByRole('treeitem', { name: /web-01/ }).click()
    await page.getByRole('treeitem', { name: /web-01.*connected/ }).waitFor()
    await page.keyboard.press('Control+Shift+F8')
    for (const name of ['web-01', 'web-02']) await hostBox(page, name).check()
    await page.getByText('Options', { exact: true }).click()
    await page.getByLabel('Keep running when I leave').check()
    await page.getByLabel('Command', { exact: true }).fill('make all')
    await page.keyboard.press('Control+Enter')
    await left.getByRole('option', { name: /web-01.*running/ }).waitFor()
    await left.getByRole('option', { name: /web-02.*running/ }).click()
    await page.evaluate(() => {
      const left = window.bowline?.controls.runs.detached
      for (const of of left?.values() ?? []) for (const one of of) one.state = { state: 'exited', status: 0 }
    })
    await left.getByRole('option', { name: /web-01.*exit 0/ }).waitFor({ timeout: 15_000 })
  })

  it('opens from the menus of a host and of a group with these checked', async () => {
    const page = await open({ query: { hosts: 'few' } })
    await page.getByRole('treeitem', { name: /web-01/ }).click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Run a command…' }).click()
    await page.getByText('One host chosen').waitFor()
    expect(await hostBox(page, 'web-01').isChecked()).toBe(true)
    await page
      .getByRole('treeitem', { name: /hosts?$/ })
      .last()
      .click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Run a command…' }).click()
    await expect.poll(() => page.locator('.run-hosts input:checked').count()).toBeGreaterThan(1)
    await expect
      .poll(() =>
        page
          .locator('.run-page textarea')
          .first()
          .evaluate((field) => field === document.activeElement),
      )
      .toBe(true)
  })

  it('gives a command its options', async () => {
    const page = await start()
    await hostBox(page, 'web-01').check()
    await page.getByLabel('Command', { exact: true }).fill('cat')
    await page.getByText('Options', { exact: true }).click()
    await page.getByLabel('Hosts at once').fill('4')
    await page.getByLabel('Time limit in seconds').fill('30')
    await page.getByLabel('Standard input').selectOption('text')
    await page.getByLabel('Text to read').fill('hello')
    await page.getByRole('button', { name: 'Choose the folder' }).click()
    await page.getByLabel('Begin on no further host after a failure').check()
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Run on one host' }).click()
    await page.getByText('All output is in /home/ada/output/run-').waitFor()
    expect(await asked(page)).toMatchObject([
      { atOnce: 4, timeoutSeconds: 30, stopOnFailure: true, input: { kind: 'text', text: 'hello' }, folder: '/home/ada/output' },
    ])
  })

  it('shows what a host wrote as text, never as markup, and tells what is left out', async () => {
    const page = await start()
    await page.evaluate(() => {
      const none = { head: '', leftOut: 0, tail: '' }
      const outputs = window.bowline?.controls.runs.outputs
      outputs?.set('h0', {
        stdout: { head: '<b>bold</b>\n磁盘\n', leftOut: 5_000_000, tail: 'the end' },
        stderr: { ...none, head: 'oh' },
      })
    })
    await show(page, [{ group: 0 }, { group: 1, state: { state: 'exited', status: 2 } }, { group: 0 }])
    const output = page.getByRole('region', { name: 'Output' })
    await output.getByText('<b>bold</b>').waitFor()
    await output.getByText(/5(\.0)? MB left out/).waitFor()
    await output.getByText('standard error').waitFor()
    await results(page).getByLabel('Group equal results').check()
    await row(page, /2 hosts.*h0, h2/).waitFor()
    await results(page).getByRole('listbox').focus()
    await page.keyboard.press('ArrowDown')
    await page.getByRole('heading', { name: 'h1: exit 2' }).waitFor()
    await page.getByRole('button', { name: 'Run again on h1' }).waitFor()
    await expectAccessible(page)
  })

  it('says which options do not apply to a command that is left running', async () => {
    const page = await start()
    await hostBox(page, 'web-01').check()
    await page.getByLabel('Command', { exact: true }).fill('make all')
    await page.getByText('Options', { exact: true }).click()
    await page.getByLabel('Standard input').selectOption('file')
    const run = page.getByRole('button', { name: 'Run on one host' })
    expect(await run.isDisabled()).toBe(true)
    await page.getByLabel('Keep running when I leave').check()
    await page.getByText('what is grey here does not apply to it').waitFor()
    for (const option of [
      'Standard input',
      'Time limit in seconds',
      'Hosts at once',
      'Write all output to a folder',
      'Begin on no further host after a failure',
    ])
      expect(await page.getByLabel(option, { exact: true }).isDisabled(), option).toBe(true)
    expect(await run.isDisabled()).toBe(false)
    await expectAccessible(page)
    await page.getByLabel('Keep running when I leave').uncheck()
    expect(await page.getByLabel('Hosts at once').isDisabled()).toBe(false)
    expect(await page.getByLabel('File to read').count()).toBe(1)
  })

  it('leaves a command running on its host, where it is found again, read, stopped and removed', async () => {
    const page = await start()
    await hostBox(page, 'web-01').check()
    await page.getByRole('button', { name: 'Left running' }).click()
    await page.getByText('The hosts have not been asked yet.').waitFor()
    await page.getByText('Options', { exact: true }).click()
    await page.getByLabel('Keep running when I leave').check()
    await page.getByText('Options', { exact: true }).click()
    await page.getByLabel('Command', { exact: true }).fill('make all')
    await page.getByRole('button', { name: 'Run on one host' }).click()
    const left = page.getByRole('region', { name: 'Left running' })
    await left.getByRole('option', { name: /make all.*web-01.*running/ }).waitFor()
    await left.getByText('step 2').waitFor()
    expect(await asked(page)).toEqual([])
    await expectAccessible(page)
    expect(await left.getByRole('button', { name: 'Remove from the host' }).isDisabled()).toBe(true)
    await left.getByRole('button', { name: 'Stop it' }).click()
    await left.getByRole('option', { name: /stopped/ }).waitFor()
    await left.getByRole('button', { name: 'Remove from the host' }).click()
    await left.getByText('Nothing was left running there.').waitFor()
    // A host that does not answer says why, and the others are looked at.
    await hostBox(page, 'unknown').check()
    await left.getByRole('button', { name: 'Look on 2 hosts' }).click()
    await left.getByText('10.0.0.7').first().waitFor()
    await expectAccessible(page)
  })

  for (const [theme, language] of [
    ['dark', 'en'],
    ['light', 'en'],
    ['light', 'zh-CN'],
  ] as const) {
    it(`holds 256 hosts and long output (${theme}, ${language})`, async () => {
      const page = await open({ query: { hosts: 'few' }, theme, language })
      await page.keyboard.press('Control+Shift+F8')
      await page.locator('.run-page textarea').first().waitFor()
      await page.evaluate(() => {
        const head = Array.from({ length: 4000 }, (_, n) => `${n} ${'word '.repeat(n % 60)}`).join('\n')
        const text = { head, leftOut: 0, tail: '' }
        window.bowline?.controls.runs.outputs.set('h0', { stdout: text, stderr: { ...text, head: 'warning: nothing\n' } })
      })
      const states: RunState[] = [
        { state: 'exited', status: 0 },
        { state: 'running' },
        { state: 'exited', status: 3 },
        { state: 'signalled', signal: 'KILL', coreDumped: false, message: '' },
        { state: 'timed-out', certain: false },
        { state: 'cancelled', certain: true },
        { state: 'not-started' },
        { state: 'waiting' },
        {
          state: 'failed',
          problem: { code: 'refused', action: 'retry', message: 'no', params: { address: '10.0.0.7', port: '22' } },
        },
        {
          state: 'unknown',
          problem: {
            code: 'exec-outcome-unknown',
            action: 'ask',
            message: 'no',
            params: { address: '10.0.0.7', cause: 'reset' },
          },
        },
      ]
      const hosts = Array.from({ length: 256 }, (_, n) => {
        const state = states[n % states.length] ?? { state: 'waiting' }
        return { name: `web-${n}.example.internal`, state, ...(state.state === 'waiting' && { beganAt: null, tookMs: null }) }
      })
      await show(page, hosts, { running: true })
      await expect.poll(() => page.getByRole('option').count()).toBeGreaterThanOrEqual(256)
      await page.locator('.written pre').first().waitFor()
      await expectAccessible(page)
      const sideways = await page.locator('.run-page').evaluate((element) => element.scrollWidth - element.clientWidth)
      expect(sideways).toBe(0)
      if (process.env['BOWLINE_PICTURES']) await page.screenshot({ path: `target/screenshots/runs-ui-${theme}-${language}.png` })
    })
  }
})
